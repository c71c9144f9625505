"""Signing in: sessions and tokens, as the database sees them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from ombud import Actor, Desk, UserRole
from ombud.db.actor import Scope
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.kit.tokens import digest, split_api_token
from ombud.models import ApiToken, User, WebSession
from ombud.people import queries
from ombud.people.accounts import (
    confirm,
    create_token,
    end_session,
    principal_of,
    revoke_session,
    revoke_token,
    start_session,
)
from ombud.people.actions import deactivate_user, end_other_sessions, reactivate_user
from ombud.people.locks import queries as locks
from ombud.testing import Cast, Perform, Persona
from tests.actions.conftest import Log

SIGN_IN = Actor.system("sign-in")


def _session_of(perform: Perform, secret: str) -> Any:
    return perform(SIGN_IN, lambda s: s.execute(queries.session_principal(digest(secret))).one_or_none())


def test_the_cookies_secret_finds_its_person_and_nothing_else_does(perform: Perform, cast: Cast) -> None:
    secret = perform(cast.team_agent.actor, start_session, cast.team_agent.id, ip="127.0.0.1", user_agent="x")
    principal = principal_of(_session_of(perform, secret), "request-1")
    assert (principal.user_id, principal.role) == (cast.team_agent.id, UserRole.AGENT)
    assert principal.display_name == "Tara Teamwork"
    assert principal.actor.scope is Scope.TEAMS
    assert principal.actor.team_ids == {cast.team.id}
    assert principal.actor.request_id == "request-1"
    assert _session_of(perform, secret + "x") is None
    assert _session_of(perform, digest(secret).hex()) is None, "what is stored is no secret"


def test_signing_in_is_remembered(perform: Perform, customer: Persona, log: Log) -> None:
    actor = customer.in_new_request()
    perform(actor, start_session, customer.id)
    assert "last_login" in {key for entry in log(actor) for key in entry.changes}
    present = func.clock_timestamp()
    is_now = User.last_login.between(present - timedelta(minutes=1), present)
    assert perform(actor, Session.scalar, select(is_now).where(User.id == customer.id))


def test_a_session_ends(perform: Perform, customer: Persona, other_customer: Persona) -> None:
    secret = perform(customer.actor, start_session, customer.id)
    session_id = _session_of(perform, secret).session_id
    perform(other_customer.actor, end_session, session_id)
    assert _session_of(perform, secret) is not None, "a stranger cannot end it"
    perform(customer.actor, end_session, session_id)
    assert _session_of(perform, secret) is None


@pytest.mark.parametrize("column", ["expires_at", "last_seen_at"])
def test_an_old_or_idle_session_is_over(perform: Perform, agent: Persona, column: str) -> None:
    secret = perform(agent.actor, start_session, agent.id)
    past = func.now() - timedelta(hours=13)
    perform(agent.actor, lambda s: s.execute(update(WebSession).values({column: past})))
    assert _session_of(perform, secret) is None


def test_customers_may_be_away_for_longer_than_staff(perform: Perform, customer: Persona) -> None:
    secret = perform(customer.actor, start_session, customer.id)
    for days, lives in ((6, True), (8, False)):
        past = update(WebSession).values(last_seen_at=func.now() - timedelta(days=days))
        perform(customer.actor, Session.execute, past)
        assert (_session_of(perform, secret) is not None) is lives


def test_proving_again_who_one_is_gives_the_session_a_new_secret(
    perform: Perform, customer: Persona, other_customer: Persona
) -> None:
    secret = perform(customer.actor, start_session, customer.id)
    before = _session_of(perform, secret)
    with pytest.raises(NotFound):
        perform(other_customer.actor, confirm, before.session_id)
    again = perform(customer.actor, confirm, before.session_id)
    assert _session_of(perform, secret) is None
    assert _session_of(perform, again).session_id == before.session_id


def test_a_session_is_revoked_by_its_person_only(perform: Perform, cast: Cast) -> None:
    secrets = [perform(cast.customer.actor, start_session, cast.customer.id) for _ in range(3)]
    ids = [_session_of(perform, one).session_id for one in secrets]
    for somebody in (cast.other_customer, cast.admin):
        with pytest.raises(NotFound):
            perform(somebody.actor, revoke_session, ids[0])
    perform(cast.customer.actor, revoke_session, ids[0])
    with pytest.raises(Forbidden):
        perform(cast.agent.actor, end_other_sessions, cast.customer.id)
    assert perform(cast.customer.actor, end_other_sessions, cast.customer.id, but=ids[1]) == [ids[2]]
    assert [_session_of(perform, one) is not None for one in secrets] == [False, True, False]


def test_coming_back_revives_neither_sessions_nor_tokens(perform: Perform, cast: Cast) -> None:
    secret = perform(cast.agent.actor, start_session, cast.agent.id)
    key_id, _ = split_api_token(cast.agent.token) or ("", "")
    perform(cast.admin.actor, deactivate_user, cast.agent.id)
    assert perform(cast.admin.actor, reactivate_user, cast.agent.id).is_active
    assert _session_of(perform, secret) is None
    assert perform(SIGN_IN, lambda s: s.execute(queries.token_principal(key_id)).one_or_none()) is None


def test_whoever_is_deactivated_is_out_at_once(perform: Perform, cast: Cast) -> None:
    secret = perform(cast.agent.actor, start_session, cast.agent.id)
    perform(cast.admin.actor, deactivate_user, cast.agent.id)
    assert _session_of(perform, secret) is None
    key_id, _ = split_api_token(cast.agent.token) or ("", "")
    assert perform(SIGN_IN, lambda s: s.execute(queries.token_principal(key_id)).one_or_none()) is None


def test_nobody_opens_a_session_for_somebody_else(perform: Perform, cast: Cast) -> None:
    with pytest.raises((Forbidden, NotFound)):
        perform(cast.customer.actor, start_session, cast.agent.id)


def test_a_token_finds_its_person_until_revoked(perform: Perform, cast: Cast) -> None:
    token, record = perform(cast.customer.actor, create_token, cast.customer.id, "script", scopes=("read",))
    key_id, secret = split_api_token(token) or ("", "")

    def find() -> Any:
        return perform(SIGN_IN, lambda s: s.execute(queries.token_principal(key_id)).one_or_none())

    row = find()
    assert row.secret_hash == digest(secret)
    principal = principal_of(row, "r")
    assert principal.scopes == {"read"}
    assert principal.actor.organization_id == cast.organization.id
    with pytest.raises(NotFound):
        perform(cast.other_customer.actor, revoke_token, record.id)
    perform(cast.customer.actor, revoke_token, record.id)
    perform(cast.customer.actor, revoke_token, record.id)
    assert find() is None


def test_nobody_who_was_let_go_gets_a_token(perform: Perform, cast: Cast) -> None:
    """It would open the account once they come back."""
    perform(cast.admin.actor, deactivate_user, cast.agent.id)
    with pytest.raises(Conflict):
        perform(cast.admin.actor, create_token, cast.agent.id, "sleeper")
    with pytest.raises(NotFound):
        perform(cast.admin.actor, create_token, 10**9, "nobody")


def test_tokens_are_ones_own_or_the_administrators_business(perform: Perform, cast: Cast) -> None:
    with pytest.raises(Forbidden):
        perform(cast.agent.actor, create_token, cast.customer.id, "stolen")
    perform(cast.admin.actor, create_token, cast.agent.id, "robot")


def test_a_token_leaves_no_secret_in_the_log(perform: Perform, customer: Persona, log: Log) -> None:
    actor = customer.in_new_request()
    token, _record = perform(actor, create_token, customer.id, "script")
    (entry,) = log(actor)
    assert entry.table == "api_tokens"
    assert "secret_hash" not in entry.changes
    assert digest((split_api_token(token) or ("", ""))[1]).hex() not in str(entry.changes)


def test_whether_anybody_administers(desk: Desk) -> None:
    from ombud.testing import make_admin

    with desk.read(SIGN_IN) as session:
        assert session.scalar(locks.has_administrator()) is False
        assert session.scalar(locks.is_set_up()) is False
    admin = desk.run(SIGN_IN, make_admin)
    with desk.read(SIGN_IN) as session:
        assert session.scalar(locks.has_administrator()) is True
        assert session.scalar(select(func.count()).select_from(ApiToken)) == 0
    desk.run(
        SIGN_IN, lambda s: s.execute(text(f"UPDATE ombud.users SET is_active = false WHERE id = {admin.id}"))
    )
    with desk.read(SIGN_IN) as session:
        assert session.scalar(locks.has_administrator()) is False
        assert session.scalar(locks.is_set_up()) is True, "a desk that lost them is no new one"
