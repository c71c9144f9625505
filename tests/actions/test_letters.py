"""Links of letters (T23, T26): used once, by whom they are for, as long as nothing that they rest on has changed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from ombud import Actor, Desk
from ombud.audit import undo_request
from ombud.audit.keys import signing_key
from ombud.curation import anonymise_person, merge_people
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.tokens import digest, new_secret
from ombud.models import AccountRequest, AccountToken, LetterKind, LinkPurpose, User
from ombud.people import letters, queries
from ombud.people.accounts import Proof, rehash_password
from ombud.people.actions import change_user, deactivate_user, reactivate_user, set_password
from ombud.people.factors import sign_in
from ombud.people.letters import LinkVoid
from ombud.testing import Cast, Perform, Persona
from ombud.testing.databases import ScratchDatabase
from ombud.worker.logs import keys_folder
from tests.actions.conftest import Log

SYSTEM = Actor.system("account-mail")
HASH = "$argon2id$another"


def _issue(desk: Desk, who: Persona, purpose: LinkPurpose = LinkPurpose.RESET, email: str = "") -> str:
    return desk.run(SYSTEM, letters.issue_link, who.id, purpose, email or who.email)


def _is_good(desk: Desk, secret: str) -> bool:
    with desk.read(SYSTEM) as session:
        return (
            letters.link_of(session.execute(queries.account_token(digest(secret))).one_or_none()) is not None
        )


def _own(who: Persona) -> Actor:
    return Actor.customer(who.id)


def _requests(desk: Desk) -> list[tuple[str, str, int | None]]:
    with desk.read(SYSTEM) as session:
        found = session.execute(
            select(AccountRequest.kind, AccountRequest.email, AccountRequest.user_id).order_by(
                AccountRequest.id
            )
        )
        return [(kind.value, email, user_id) for kind, email, user_id in found]


def test_of_twenty_who_try_at_once_one_gets_in(desk: Desk, cast: Cast) -> None:
    secret = _issue(desk, cast.customer)

    def one(_n: int) -> bool:
        try:
            desk.run(_own(cast.customer), letters.use_link, secret, LinkPurpose.RESET)
        except LinkVoid:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(one, range(20))) == 1


def test_what_is_not_the_secret_opens_nothing(desk: Desk, cast: Cast) -> None:
    secret = _issue(desk, cast.customer)
    wrong = ("", "null", secret.swapcase(), secret + "x", secret[:-1], digest(secret).hex(), new_secret())
    for one in wrong:
        assert not _is_good(desk, one), one
        with pytest.raises(LinkVoid):
            desk.run(_own(cast.customer), letters.use_link, one, LinkPurpose.RESET)
    for purpose in (LinkPurpose.INVITE, LinkPurpose.VERIFY, LinkPurpose.SIGN_IN):
        with pytest.raises(LinkVoid):
            desk.run(_own(cast.customer), letters.use_link, secret, purpose)
    with pytest.raises(LinkVoid):
        desk.run(_own(cast.agent), letters.use_link, secret, LinkPurpose.RESET)
    assert _is_good(desk, secret), "none of it used the link up"


def test_looking_uses_nothing_up_and_use_does(desk: Desk, cast: Cast) -> None:
    secret = _issue(desk, cast.customer)
    assert _is_good(desk, secret)
    assert _is_good(desk, secret)
    desk.run(_own(cast.customer), letters.accept, secret, LinkPurpose.RESET, HASH)
    assert not _is_good(desk, secret)


def test_a_link_ends(desk: Desk, cast: Cast, database: ScratchDatabase) -> None:
    secret = _issue(desk, cast.customer)
    database.execute("UPDATE ombud.account_tokens SET expires_at = now() - interval '1 second'")
    assert not _is_good(desk, secret)
    with pytest.raises(LinkVoid):
        desk.run(_own(cast.customer), letters.use_link, secret, LinkPurpose.RESET)
    assert desk.run(SYSTEM, letters.drop_expired_links) == 1


def test_a_newer_link_replaces_the_older_of_its_purpose(desk: Desk, cast: Cast) -> None:
    other = _issue(desk, cast.customer, LinkPurpose.SIGN_IN)
    older, newer = _issue(desk, cast.customer), _issue(desk, cast.customer)
    assert [_is_good(desk, one) for one in (older, newer, other)] == [False, True, True]


@pytest.mark.parametrize("change", ["address", "password", "deactivation", "raw", "merge", "anonymisation"])
def test_what_changes_the_account_makes_its_links_void(
    desk: Desk, cast: Cast, database: ScratchDatabase, tmp_path: Path, change: str
) -> None:
    who, admin = cast.customer, cast.admin.in_new_request()
    secrets = [_issue(desk, who, purpose) for purpose in LinkPurpose]
    assert all(_is_good(desk, one) for one in secrets)
    if change == "address":
        desk.run(admin, change_user, who.id, {"email": "another@example.com"})
    elif change == "password":
        desk.run(admin, set_password, who.id, HASH)
    elif change == "deactivation":
        desk.run(admin, deactivate_user, who.id)
        desk.run(cast.admin.in_new_request(), reactivate_user, who.id)
    elif change == "merge":
        desk.run(cast.admin.actor.for_request("merge"), merge_people, [who.id], cast.colleague.id)
        desk.run(cast.admin.actor.for_request("undo"), undo_request, "merge")
    elif change == "anonymisation":
        desk.run(admin, anonymise_person, signing_key(keys_folder(tmp_path)), who.id)
    else:
        database.execute("UPDATE ombud.users SET password_hash = 'x'")
    assert not any(_is_good(desk, one) for one in secrets)


def test_another_hash_of_the_same_password_is_no_change(desk: Desk, cast: Cast) -> None:
    with desk.read(SYSTEM) as session:
        known = session.execute(queries.credentials(cast.customer.email)).one().password_hash
    secret = _issue(desk, cast.customer)
    assert desk.run(_own(cast.customer), rehash_password, cast.customer.id, HASH, known=known)
    assert _is_good(desk, secret)
    assert _requests(desk) == []


def test_people_are_told_of_a_new_password_and_address_at_the_address_they_had(
    desk: Desk, cast: Cast
) -> None:
    who = cast.customer
    desk.run(cast.admin.in_new_request(), set_password, who.id, HASH)
    desk.run(cast.admin.in_new_request(), change_user, who.id, {"email": "new@example.com"})
    assert _requests(desk) == [
        ("password_changed", who.email, who.id),
        ("address_changed", who.email, who.id),
    ]


def test_an_invitation_sets_name_and_password(desk: Desk, cast: Cast) -> None:
    secret = _issue(desk, cast.customer, LinkPurpose.INVITE)
    with pytest.raises(Invalid):
        desk.run(_own(cast.customer), letters.accept, secret, LinkPurpose.INVITE, HASH, " ")
    assert _is_good(desk, secret), "what was wrong used nothing up"
    desk.run(_own(cast.customer), letters.accept, secret, LinkPurpose.INVITE, HASH, "Carla Neu")
    with desk.read(SYSTEM) as session:
        found = session.execute(queries.credentials(cast.customer.email)).one()
        assert found.password_hash == HASH
        assert session.get_one(User, cast.customer.id).full_name == "Carla Neu"


def test_a_link_that_signs_in_sets_no_password(desk: Desk, cast: Cast) -> None:
    for purpose in (LinkPurpose.SIGN_IN, LinkPurpose.VERIFY):
        secret = _issue(desk, cast.customer, purpose)
        with pytest.raises(LinkVoid):
            desk.run(_own(cast.customer), letters.accept, secret, purpose, HASH)


def test_an_address_is_taken_once_confirmed_and_only_if_it_is_free(desk: Desk, cast: Cast) -> None:
    who = cast.customer
    with pytest.raises(Invalid):
        desk.run(_own(who), letters.ask_for_address, who.email)
    desk.run(_own(who), letters.ask_for_address, "new@example.com")
    desk.run(_own(who), letters.ask_for_address, cast.agent.email)
    assert _requests(desk) == [("verify", cast.agent.email, who.id)], "whether somebody has it is not said"
    taken = _issue(desk, who, LinkPurpose.VERIFY, cast.agent.email)
    with pytest.raises(Conflict):
        desk.run(_own(who), letters.take_address, taken)
    free = _issue(desk, who, LinkPurpose.VERIFY, "new@example.com")
    assert desk.run(_own(who), letters.take_address, free) == "new@example.com"
    with desk.read(SYSTEM) as session:
        assert session.get_one(User, who.id).email == "new@example.com"


def test_who_may_invite_whom(desk: Desk, cast: Cast, database: ScratchDatabase) -> None:
    database.execute("UPDATE ombud.users SET last_login = NULL")
    desk.run(cast.agent.in_new_request(), letters.invite, cast.customer.id)
    desk.run(cast.agent.in_new_request(), letters.invite, cast.customer.id)
    assert _requests(desk) == [("invite", cast.customer.email, cast.customer.id)], "one letter, not two"
    desk.run(cast.agent.in_new_request(), letters.revoke_invitation, cast.customer.id)
    assert _requests(desk) == []
    for persona in (cast.agent, cast.light_agent):
        with pytest.raises(Forbidden):
            desk.run(persona.in_new_request(), letters.invite, cast.admin.id)
    with pytest.raises((Forbidden, NotFound)):
        desk.run(cast.customer.in_new_request(), letters.invite, cast.agent.id)
    with pytest.raises(Forbidden):
        desk.run(cast.agent.in_new_request(), letters.send_reset, cast.customer.id)
    desk.run(cast.admin.in_new_request(), deactivate_user, cast.customer.id)
    with pytest.raises(Conflict):
        desk.run(cast.admin.in_new_request(), letters.invite, cast.customer.id)


def test_an_invitation_that_is_revoked_or_too_late(desk: Desk, cast: Cast, database: ScratchDatabase) -> None:
    secret = _issue(desk, cast.customer, LinkPurpose.INVITE)
    desk.run(cast.admin.in_new_request(), letters.revoke_invitation, cast.customer.id)
    assert not _is_good(desk, secret)
    database.execute("UPDATE ombud.users SET last_login = now()")
    with pytest.raises(Conflict):
        desk.run(cast.admin.in_new_request(), letters.invite, cast.customer.id)


def test_who_came_in_another_way_is_not_invited_any_more(
    desk: Desk, cast: Cast, database: ScratchDatabase
) -> None:
    """Whoever finds the old letter would set a password, of an account that is in use."""
    database.execute("UPDATE ombud.users SET last_login = NULL")
    who, other = cast.customer, cast.other_customer
    for one in (who, other):
        desk.run(cast.agent.in_new_request(), letters.invite, one.id)
    invited = [_issue(desk, one, LinkPurpose.INVITE) for one in (who, other)]
    forgotten = _issue(desk, who)
    assert desk.run(_own(who), sign_in, Proof(who.id))
    assert [_is_good(desk, one) for one in (*invited, forgotten)] == [False, True, True]
    assert _requests(desk) == [("invite", other.email, other.id)]


def test_row_security_alone_keeps_links_apart(desk: Desk, cast: Cast) -> None:
    _issue(desk, cast.admin), _issue(desk, cast.customer)

    def seen(who: Persona) -> set[int]:
        with desk.read(who.in_new_request()) as session:
            return set(session.scalars(select(AccountToken.user_id)))

    assert seen(cast.admin) == {cast.admin.id, cast.customer.id}
    assert seen(cast.agent) == {cast.customer.id}
    assert seen(cast.customer) == {cast.customer.id}
    assert seen(cast.team_agent) <= {cast.customer.id}


def test_the_log_knows_of_a_link_and_neither_its_secret_nor_its_hash(
    perform: Perform, cast: Cast, log: Log
) -> None:
    who, actor = cast.customer, Actor.system("account-mail")
    secret = perform(actor, letters.issue_link, who.id, LinkPurpose.RESET, who.email)
    (entry,) = log(actor)
    assert entry.table == "account_tokens"
    said = str(entry.changes)
    assert secret not in said
    assert digest(secret).hex() not in said
    assert who.email not in said, "forgetting a person must not leave it here"


def test_anybody_may_ask_for_any_address(desk: Desk, cast: Cast) -> None:
    for email in (cast.customer.email, "nobody@example.com"):
        desk.run(Actor.system("sign-in"), letters.ask_for_letter, LetterKind.RESET, email)
    assert [email for _kind, email, _user in _requests(desk)] == [cast.customer.email, "nobody@example.com"]
