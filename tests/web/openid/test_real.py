"""Signing in at oidc-provider, a real OpenID provider, by its own pages without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from sqlalchemy import select

from ombud.db.desk import Desk
from ombud.models import IdentityProvider, UserRole
from ombud.people.openid import Book, OpenIdDoor, change_provider, try_provider
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.worker.hooks import guard_of
from ombud.worker.intake import vault_of
from tests.openid.running import CLIENT_ID, CLIENT_SECRET, provider_running
from tests.web.hosting import Browser
from tests.web.openid.going import SYSTEM, add_issuer, links, there, who

pytestmark = pytest.mark.asyncio

RETURN = "http://desk.example/sign-in/with/real/return"
ACCOUNTS = {
    "ann": {"email": "ann@people.example", "email_verified": True, "name": "Ann Real"},
    "bob": {"email": "bob@people.example", "email_verified": False},
}
_ACTION = re.compile(r'action="([^"]+)"')


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider_running(RETURN, ACCOUNTS, signed_out_uri="http://desk.example/sign-in") as found:
        yield found


async def at_the_provider(url: str, login: str) -> str:
    """Sign in at the provider and agree; returns where it sends the browser."""
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(url)
        for _ in range(10):
            where = str(answer.headers.get("location", ""))
            if where.startswith("http://desk.example/"):
                return where
            if where:
                answer = await client.get(urljoin(str(answer.url), where))
                continue
            action = _ACTION.search(answer.text)
            assert action is not None, answer.text
            prompt = "login" if 'name="login"' in answer.text else "consent"
            form = {"prompt": prompt, "login": login, "password": "any"}
            answer = await client.post(urljoin(str(answer.url), action[1]), data=form)
    raise AssertionError("the provider went round in circles")


async def go(web: Browser, login: str, departure: httpx.Response) -> httpx.Response:
    there(departure)
    back = urlsplit(await at_the_provider(departure.headers["refresh"].removeprefix("0; url="), login))
    return await web.get(f"{back.path}?{back.query}")


async def sign_in(web: Browser, login: str) -> httpx.Response:
    await web.get("/sign-in")
    return await go(web, login, await web.post("/sign-in/with/real", {"next": "/me/security"}))


async def test_a_real_provider_signs_people_in(
    web: Browser, open_runtime: Runtime, issuer: str, cast: Cast, desk: Desk
) -> None:
    await add_issuer(
        open_runtime,
        issuer,
        "real",
        client_secret=CLIENT_SECRET,
        client_id=CLIENT_ID,
        new_role=UserRole.CUSTOMER,
    )
    done = await sign_in(web, "ann")
    assert (done.status_code, done.headers.get("location")) == (303, "/me/security"), done.text
    assert await who(web) == "ann@people.example"
    web.client.cookies.clear()
    assert (await sign_in(web, "bob")).status_code == 422, "an address that nobody verified"
    # Who is signed in connects their account; then that subject is theirs, whatever its address.
    await web.sign_in(cast.agent)
    await web.get("/me/security")
    linked = await go(web, "bob", await web.post("/me/identities/real"))
    assert linked.headers["location"] == "/me/security?changed=yes"
    web.client.cookies.clear()
    await sign_in(web, "bob")
    assert await who(web) == cast.agent.email
    # The same provider, asked to ask again, confirms who it is.
    await web.get("/me/confirmation")
    proof = await go(web, "bob", await web.post("/me/confirmation/with/real", {"next": "/me/security"}))
    assert proof.headers["location"] == "/me/security"
    assert await links(desk) == sorted(
        [("ann@people.example", issuer, "ann"), (cast.agent.email, issuer, "bob")]
    )


async def test_a_trial_says_what_is_wrong_with_a_real_provider(
    open_runtime: Runtime, issuer: str, cast: Cast, desk: Desk
) -> None:
    made = await add_issuer(open_runtime, issuer, "real", client_secret=CLIENT_SECRET, client_id=CLIENT_ID)
    vault = vault_of(open_runtime.settings)

    async def tried(uri: str = RETURN) -> dict[str, bool]:
        door = OpenIdDoor(desk, vault, Book(guard_of(open_runtime.settings)))
        return {one.name: one.is_good for one in await try_provider(door, await door.sealed(made.id), uri)}

    good = {"Discovery": True, "Keys": True, "Redirect address": True, "Client": True}
    assert await tried() == good
    assert await tried("http://desk.example/elsewhere") == {**good, "Redirect address": False}
    await desk.arun(SYSTEM, change_provider, made.id, {"client_secret": "wrong"}, vault=vault)
    assert await tried() == {**good, "Client": False}
    await desk.arun(SYSTEM, change_provider, made.id, {"client_id": "nobody"}, vault=vault)
    assert await tried() == {**good, "Redirect address": False, "Client": False}
    slashed = await add_issuer(open_runtime, issuer + "/", "slashed", client_id=CLIENT_ID, client_secret="")
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(select(IdentityProvider.slug).where(IdentityProvider.id == slashed.id))
    door = OpenIdDoor(desk, vault, Book(guard_of(open_runtime.settings)))
    [probe] = await try_provider(door, await door.sealed(slashed.id), RETURN)
    assert (probe.name, probe.is_good) == ("Issuer", False)
    assert "a slash at its end included" in probe.text
