"""What becomes of second factors, sessions and tokens when two people with both become one, and come apart."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from ombud.audit import undo_request
from ombud.curation import merge_people
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import ApiToken, Passkey
from ombud.people.factors import queries as factor_queries
from ombud.runtime import Runtime
from ombud.testing import Cast
from tests.web.hosting import Browser
from tests.web.test_factors import first_step, later, set_up_app

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def test_a_merge_moves_nothing_that_opens(
    web: Browser, runtime: Runtime, cast: Cast, desk: Desk
) -> None:
    """Both have an app: the kept one's goes on, the other's opens nothing, and after an undo it is asked for again."""
    other = Browser(runtime)
    async with other.client:
        apps = {}
        for browser, who in ((web, cast.colleague), (other, cast.customer)):
            await browser.sign_in(who)
            apps[who.id], codes = await set_up_app(browser)
        async with desk.abegin(SYSTEM) as session:
            for who in (cast.customer, cast.colleague):
                session.add(
                    Passkey(user_id=who.id, name="Key", credential_id=bytes([who.id % 256]), public_key=b"k")
                )
        await first_step(other, cast.customer)  # half in
        before = await opening(desk)
        await desk.arun(
            cast.admin.actor.for_request("merge"), merge_people, [cast.customer.id], cast.colleague.id
        )
        assert await opening(desk) == before, "nothing moved, nothing went"
        assert (await web.get("/me/security")).status_code == 200, "who stays goes on"
        code = await later(apps[cast.customer.id])
        half = await other.post("/sign-in/code", {"code": code})
        assert half.headers["location"].startswith("/sign-in?"), "the half sign-in is over"
        await other.get("/sign-in")
        refused = await other.post(
            "/sign-in", {"email": cast.customer.email, "password": cast.customer.password}
        )
        assert refused.status_code == 422
        async with desk.aread(SYSTEM, fresh=True) as session:
            assert (
                await session.scalar(factor_queries.passkey_by_credential(bytes([cast.customer.id % 256])))
                is None
            )
            tokens = select(func.count()).select_from(ApiToken).where(ApiToken.revoked_at.is_(None))
            assert await session.scalar(tokens.where(ApiToken.user_id == cast.customer.id)) == 0
            assert await session.scalar(tokens.where(ApiToken.user_id == cast.colleague.id)) == 1

        await desk.arun(cast.admin.actor.for_request("undo"), undo_request, "merge")
        assert await opening(desk) == before
        await first_step(other, cast.customer)  # a password is half of it, as before
        done = await other.post("/sign-in/code", {"code": await later(apps[cast.customer.id])})
        assert done.headers["location"] == "/"
        await other.get("/me/security")
        async with desk.aread(SYSTEM, fresh=True) as session:
            assert await session.scalar(tokens.where(ApiToken.user_id == cast.customer.id)) == 0, "for good"
    assert codes


async def opening(desk: Desk) -> list[tuple[object, ...]]:
    """Return whose second factors there are, and their secrets."""
    async with desk.aread(SYSTEM, fresh=True) as session:
        found = await session.execute(
            text(
                "SELECT user_id, secret FROM ombud.totp_factors"
                " UNION ALL SELECT user_id, code_hash FROM ombud.recovery_codes WHERE used_at IS NULL"
                " UNION ALL SELECT user_id, public_key FROM ombud.passkeys ORDER BY 1, 2"
            )
        )
        return [tuple(row) for row in found]
