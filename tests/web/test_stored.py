"""What the database holds of sessions and tokens opens nothing, and neither does another's cookie (T26)."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ombud.api.app import create_api
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.runtime import Runtime
from ombud.testing import Cast
from tests.web.hosting import Browser
from tests.web.test_factors import first_step, later, set_up_app

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def test_neither_hash_nor_row_nor_anothers_cookie_is_a_key(
    web: Browser, runtime: Runtime, desk: Desk, cast: Cast
) -> None:
    await web.sign_in(cast.admin)
    secret = web.client.cookies["ombud_session"]
    async with desk.abegin(SYSTEM) as session:
        await session.execute(text("SET LOCAL ROLE ombud_owner"))
        hashes = [
            (
                await session.scalars(text(f"SELECT encode({column}, '{form}') FROM ombud.{table} LIMIT 1"))
            ).one()
            for table, column in (("web_sessions", "token_hash"), ("api_tokens", "secret_hash"))
            for form in ("hex", "base64")
        ]
        key_id, row_id = (
            await session.execute(text("SELECT key_id, id FROM ombud.api_tokens LIMIT 1"))
        ).one()
    web.client.cookies.clear()
    for wrong in (*hashes, hashes[0].upper(), secret[:-1], secret + "x", secret.swapcase(), "1"):
        web.client.cookies.set("ombud_session", wrong, domain="desk.example")
        answer = await web.get("/me/security")
        assert answer.headers["location"].startswith("/sign-in"), wrong
        web.client.cookies.clear()
    app = FastAPI(openapi_url=None)
    app.mount("/api/v1", create_api(runtime))
    keys = [f"omb_live_{key_id}{one}" for one in hashes]
    keys += [*hashes, key_id, str(row_id), secret, cast.admin.token[:-1], cast.admin.token.swapcase()]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk.example"
    ) as caller:
        for key in keys:
            refused = await caller.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"})
            assert refused.status_code == 401, key
        for cookie in (cast.admin.token, secret):
            refused = await caller.get("/api/v1/me", headers={"Cookie": f"ombud_session={cookie}"})
            assert refused.status_code == 401
        kind = {"Authorization": f"Bearer {cast.admin.token}"}
        assert (await caller.get("/api/v1/me", headers=kind)).status_code == 200, "the negative control"
    web.client.cookies.set("ombud_session", cast.admin.token, domain="desk.example")
    assert (await web.get("/me/security")).headers["location"].startswith("/sign-in"), "a token is no session"


async def test_what_was_taken_on_a_page_is_nothing_over_the_api_and_the_other_way_round(
    web: Browser, runtime: Runtime, cast: Cast
) -> None:
    """T25: a half minute's code and a recovery code count once, whichever door they come to."""
    await web.sign_in(cast.agent)
    app, codes = await set_up_app(web)
    code = await later(app)
    await first_step(web, cast.agent)
    assert (await web.post("/sign-in/code", {"code": code})).status_code == 303
    outer = FastAPI(openapi_url=None)
    outer.mount("/api/v1", create_api(runtime))
    token = {"Authorization": f"Bearer {cast.agent.token}"}
    transport = httpx.ASGITransport(outer)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk.example", headers=token
    ) as caller:
        proofs = [code, codes[0], codes[0]]
        answers = [await caller.post("/api/v1/confirmation", json={"code": one}) for one in proofs]
        assert [answer.status_code for answer in answers] == [403, 204, 403]
    await web.get("/me/confirmation")
    assert (await web.post("/me/confirmation", {"code": codes[0]})).status_code == 422
    assert (await web.post("/me/confirmation", {"code": codes[1]})).status_code == 303
