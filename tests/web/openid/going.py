"""Going to a provider and coming back, as a browser would; and what the desk kept of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from sqlalchemy import select

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import Identity, IdentityProvider, User
from ombud.people.openid import ProviderChanges, create_provider
from ombud.runtime import Runtime
from ombud.worker.hooks import guard_of
from ombud.worker.intake import vault_of
from tests.openid.stage import (
    CLIENT_ID,
    CLIENT_SECRET,
    Stage,
)
from tests.web.hosting import Browser

SYSTEM = Actor.system("test")
NOT_CONNECTED = "No account here is connected with this sign-in."
NO_PROOF = "does not prove who you are"
OVER = "took too long, or was used already"


async def add_provider(runtime: Runtime, stage: Stage, slug: str = "stage", **more: Any) -> IdentityProvider:
    """Set the stage up as a provider."""
    return await add_issuer(runtime, stage.issuer, slug, **more)


async def add_issuer(runtime: Runtime, issuer: str, slug: str, **more: Any) -> IdentityProvider:
    """Set a provider up."""
    changes: ProviderChanges = {
        "slug": slug,
        "label": f"The {slug}",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **more,  # type: ignore[typeddict-item]  # fields of it
    }
    settings = runtime.settings
    return await runtime.desk.arun(
        SYSTEM, create_provider, issuer, changes, vault=vault_of(settings), guard=guard_of(settings)
    )


def there(answer: httpx.Response) -> dict[str, str]:
    """Return what a browser asks the provider that it is sent to."""
    assert answer.status_code == 200, answer.text
    url = urlsplit(answer.headers["refresh"].removeprefix("0; url="))
    return {"url": f"{url.scheme}://{url.netloc}{url.path}", **dict(parse_qsl(url.query))}


async def depart(web: Browser, slug: str = "stage", next_href: str = "/me/security") -> dict[str, str]:
    await web.get("/sign-in")
    return there(await web.post(f"/sign-in/with/{slug}", {"next": next_href}))


async def come_back(web: Browser, request: dict[str, str], code: str, **more: str) -> httpx.Response:
    answer = {"state": request["state"], "code": code, "iss": request["url"].removesuffix("/auth"), **more}
    path = urlsplit(request["redirect_uri"]).path
    return await web.get(path, params={name: value for name, value in answer.items() if value})


async def sign_in(web: Browser, stage: Stage, subject: str = "subject-1", **claims: Any) -> httpx.Response:
    request = await depart(web)
    return await come_back(web, request, stage.grant(request, subject, **claims))


async def connect(web: Browser, stage: Stage, subject: str = "subject-1", **claims: Any) -> httpx.Response:
    """Connect the account of who is signed in."""
    await web.get("/me/security")
    request = there(await web.post("/me/identities/stage"))
    return await come_back(web, request, stage.grant(request, subject, **claims))


async def who(web: Browser) -> str:
    """Return the address of who is signed in, empty for nobody."""
    page = await web.get("/me/security")
    return page.text.partition("You sign in as <bdi>")[2].partition("</bdi>")[0]


async def links(desk: Desk) -> list[tuple[str, str, str]]:
    async with desk.aread(SYSTEM, fresh=True) as session:
        rows = await session.execute(
            select(User.email, Identity.issuer, Identity.subject).join(Identity, Identity.user_id == User.id)
        )
        return sorted((one.email, one.issuer, one.subject) for one in rows)
