"""Providers, connections and ways to a provider in plain SQL: what row security and grants leave to whom."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import OmbudError
from ombud.testing import Cast

SYSTEM = Actor.system("test")
PROVIDER = (
    "INSERT INTO ombud.identity_providers (slug, label, issuer, client_id, client_secret)"
    " VALUES ('x', 'X', 'https://x.example', 'c', '\\x00') RETURNING id"
)
IDENTITY = (
    "INSERT INTO ombud.identities (user_id, provider_id, issuer, subject)"
    " VALUES (:u, :p, 'https://x.example', :s)"
)


@pytest.fixture
def provider_id(desk: Desk, cast: Cast) -> int:
    with desk.begin(SYSTEM) as session:
        made = session.scalar(text(PROVIDER))
        assert isinstance(made, int)
        for person in (cast.customer, cast.agent):
            session.execute(text(IDENTITY), {"u": person.id, "p": made, "s": f"of {person.id}"})
        session.execute(
            text(
                "INSERT INTO ombud.sign_in_flows (state_hash, kind, provider_id, bound_to, nonce, verifier,"
                " redirect_uri, expires_at) VALUES ('a', 'sign_in', :p, 'b', 'n', 'v', 'r', now() + '1 hour')"
            ),
            {"p": made},
        )
    return made


def seen(desk: Desk, actor: Actor, sql: str) -> list[object]:
    with desk.read(actor) as session:
        return list(session.scalars(text(sql)))


def refused(desk: Desk, actor: Actor, sql: str, **given: object) -> bool:
    """Tell whether a statement changes nothing: by an error, or because it finds nothing."""
    try:
        with desk.begin(actor) as session:
            done = session.execute(text(sql), given)
            return done.rowcount == 0  # type: ignore[attr-defined,no-any-return]  # a CursorResult, as DML gives
    except (OmbudError, DBAPIError):
        return True


def test_everybody_sees_their_own_connections_and_no_other(desk: Desk, cast: Cast, provider_id: int) -> None:
    every = "SELECT user_id FROM ombud.identities ORDER BY user_id"
    assert seen(desk, cast.customer.actor, every) == [cast.customer.id]
    assert seen(desk, cast.agent.actor, every) == [cast.agent.id]
    assert seen(desk, cast.other_customer.actor, every) == []
    assert seen(desk, cast.admin.actor, every) == sorted([cast.customer.id, cast.agent.id])


def test_providers_are_administrators_and_their_secret_is_nobodys(
    desk: Desk, cast: Cast, provider_id: int
) -> None:
    for person in (cast.customer, cast.light_agent, cast.agent):
        assert seen(desk, person.actor, "SELECT id FROM ombud.identity_providers") == []
        assert refused(desk, person.actor, PROVIDER.replace("'x'", "'y'"))
        assert refused(
            desk, person.actor, "UPDATE ombud.identity_providers SET issuer = 'https://evil.example'"
        )
        assert refused(desk, person.actor, "DELETE FROM ombud.identity_providers")
        labels = "SELECT label FROM ombud.provider_labels()"
        assert seen(desk, person.actor, labels) == ["X"], "what a button is called is no secret"
    assert seen(desk, cast.admin.actor, "SELECT id FROM ombud.identity_providers") == [provider_id]
    for person in (cast.customer, cast.agent, cast.admin):
        with pytest.raises((OmbudError, DBAPIError)):
            seen(desk, person.actor, "SELECT client_secret FROM ombud.identity_providers")


def test_nobody_connects_anothers_account(desk: Desk, cast: Cast, provider_id: int) -> None:
    for person in (cast.customer, cast.agent, cast.admin):
        for victim in (cast.other_customer, cast.other_agent):
            given = {"u": victim.id, "p": provider_id, "s": "mine"}
            assert refused(desk, person.actor, IDENTITY, **given)
        steal = "UPDATE ombud.identities SET subject = 'mine' WHERE user_id <> :u"
        assert refused(desk, person.actor, steal, u=person.id)
    assert refused(
        desk, cast.customer.actor, "DELETE FROM ombud.identities WHERE user_id = :u", u=cast.agent.id
    )


def test_ways_to_a_provider_are_the_doors(desk: Desk, cast: Cast, provider_id: int) -> None:
    for person in (cast.customer, cast.agent, cast.admin):
        with pytest.raises((OmbudError, DBAPIError)):
            seen(desk, person.actor, "SELECT verifier FROM ombud.sign_in_flows")
        assert refused(desk, person.actor, "DELETE FROM ombud.sign_in_flows")
        for hidden in ("id_token FROM ombud.web_sessions", "token_hash FROM ombud.logout_tokens"):
            with pytest.raises((OmbudError, DBAPIError)):
                seen(desk, person.actor, f"SELECT {hidden}")
    assert seen(desk, SYSTEM, "SELECT verifier FROM ombud.sign_in_flows") == ["v"]


def test_whether_there_is_another_way_in_is_told_to_whose_account_it_is(
    desk: Desk, cast: Cast, provider_id: int
) -> None:
    asked = f"SELECT ombud.has_other_way_in({cast.customer.id}, 0)"
    with desk.begin(cast.customer.actor) as session:
        assert session.scalar(text(asked)) is True
    with desk.begin(cast.other_customer.actor) as session:
        assert session.scalar(text(asked)) is False
