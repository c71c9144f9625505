"""What is one's own, by the client: factors, sessions, tokens, password, notices, and their proofs (T24)."""

import asyncio
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, update

from ombud import clock
from ombud.client import AsyncClient, Client, Problem, calls
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import ApiToken
from ombud.people import accounts
from ombud.testing.personas import Cast, Persona
from tests.authenticator import Authenticator

NEW_PASSWORD = "seven purple kettles"


def grow_old(desk: Desk, who: Persona) -> None:
    """Let the proof of who owns a token be long ago."""
    past = func.now() - timedelta(hours=1)
    with desk.begin(Actor.system("test")) as session:
        session.execute(update(ApiToken).where(ApiToken.user_id == who.id).values(confirmed_at=past))


def test_factors_sessions_and_password(address: str, cast: Cast, desk: Desk) -> None:
    here = address.replace("127.0.0.1", "localhost")
    desk.run(cast.agent.in_new_request(), accounts.start_session, cast.agent.id)
    with Client(here, cast.agent.token) as client:
        [browser] = client.each(calls.sessions())
        client.send(calls.end_session(browser["id"]))
        assert list(client.each(calls.sessions())) == []

        begun = client.send(calls.begin_totp())
        app = pyotp.TOTP(str(begun["secret"]))
        first = client.send(calls.confirm_totp(app.at(clock.now())))
        assert len(first["recovery_codes"] or ()) == 10
        key = Authenticator(here)
        added = client.send(
            calls.add_passkey("Key", key.create(client.send(calls.passkey_options())["options"]))
        )
        assert added["recovery_codes"] == [], "they came with the first factor"
        renamed = client.send(calls.rename_passkey(added["passkey"]["id"], "Old key"))
        assert [one["name"] for one in renamed["passkeys"]] == ["Old key"]

        grow_old(desk, cast.agent)
        with pytest.raises(Problem) as stale:
            client.send(calls.make_recovery_codes())
        assert stale.value.code == "confirmation_needed"
        asked = client.send(calls.confirmation_options())["options"]
        client.send(calls.confirm(credential=key.get(asked)))
        codes = client.send(calls.make_recovery_codes())["recovery_codes"] or []
        grow_old(desk, cast.agent)
        client.send(calls.confirm(code=codes[0]))
        client.send(calls.remove_passkey(added["passkey"]["id"]))
        found = client.send(calls.factors())
        assert (found["recovery_codes_left"], found["passkeys"]) == (9, [])
        client.send(calls.remove_totp())
        assert client.send(calls.factors())["totp_since"] is None
        client.send(calls.change_password(NEW_PASSWORD))
        notices = [one["kind"] for one in client.each(calls.notices())]
        assert notices[0] == "password_changed"
        assert {"totp_added", "passkey_added", "codes_made", "code_used", "totp_removed"} <= set(notices)
        client.send(calls.read_notices())
        assert all(one["read_at"] for one in client.each(calls.notices()))

        made = client.send(calls.create_token("Reader", scopes=["read"], days=1))
        client.send(calls.revoke_token(made["id"]))
        assert [one["revoked_at"] is None for one in client.each(calls.tokens())][:2] == [False, True]
        client.send(calls.end_sessions())


def test_the_asynchronous_client_proves_who_owns_it(address: str, cast: Cast, desk: Desk) -> None:
    grow_old(desk, cast.agent)

    async def use() -> str:
        async with AsyncClient(address, cast.agent.token) as client:
            with pytest.raises(Problem) as stale:
                await client.send(calls.begin_totp())
            assert stale.value.code == "confirmation_needed"
            await client.send(calls.confirm(password=cast.agent.password))
            begun = await client.send(calls.begin_totp())
            await client.send(calls.confirm_totp(pyotp.TOTP(str(begun["secret"])).at(clock.now())))
            return str((await client.send(calls.factors()))["totp_since"])

    assert asyncio.run(use()).startswith("20")
