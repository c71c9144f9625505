"""The pages of settings for providers: set up, changed, tried, taken away; the secret is nowhere to be seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import IdentityProvider, UserRole
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.worker.intake import vault_of
from tests.openid.stage import CLIENT_ID, CLIENT_SECRET, Reply, Stage
from tests.web.hosting import Browser
from tests.web.openid.going import SYSTEM, come_back, depart
from tests.web.test_accounts import grow_old

pytestmark = pytest.mark.asyncio
HERE = "/settings/providers"


def form(stage: Stage, **more: str) -> dict[str, str]:
    typed = {
        "slug": "staff",
        "label": "Staff <b>sign-in</b>",
        "issuer": f"{stage.issuer}",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scopes": "openid email",
        "for_staff": "yes",
        "for_customers": "yes",
        "new_role": "customer",
        "is_active": "yes",
    }
    return {**typed, **more}


@pytest_asyncio.fixture
async def admin(web: Browser, cast: Cast, desk: Desk) -> Browser:
    """The browser of an administrator, on a desk without providers."""
    async with desk.abegin(SYSTEM) as session:
        await session.execute(text("DELETE FROM ombud.identity_providers"))
    await web.sign_in(cast.admin)
    await web.get(HERE)
    return web


async def test_one_is_set_up_and_its_secret_is_never_shown(
    admin: Browser, open_runtime: Runtime, stage: Stage, desk: Desk
) -> None:
    assert "No provider yet" in (await admin.get(HERE)).text
    made = await admin.post(HERE, form(stage))
    where = made.headers["location"]
    assert re.fullmatch(rf"{HERE}/\d+", where)
    with counted() as log:
        page = await admin.get(where)
    assert len(log) <= 5, str(log)
    assert "Staff &lt;b&gt;sign-in&lt;/b&gt;" in page.text
    assert "http://desk.example/sign-in/with/staff/return" in page.text
    assert "One is set" in page.text
    async with desk.aread(SYSTEM) as session:
        sealed, number = (
            await session.execute(text("SELECT client_secret, id FROM ombud.identity_providers"))
        ).one()
        log_text = str((await session.execute(text("SELECT changes FROM ombud.audit_logs"))).all())
    place = ("identity_providers", "client_secret", number)
    assert vault_of(open_runtime.settings).open(bytes(sealed), place) == CLIENT_SECRET
    for shown in (page.text, (await admin.get(HERE)).text, log_text, str(bytes(sealed))):
        assert CLIENT_SECRET not in shown
        assert "s3cret" not in shown
    # Saved with an empty field, the secret stays; and one signs in with what was typed.
    await admin.get(where)
    await admin.post(where, form(stage, client_secret="", label="Ours"))
    admin.client.cookies.clear()
    request = await depart(admin, "staff")
    assert request["scope"] == "openid email"
    done = await come_back(admin, request, stage.grant(request, email="a@b.example", email_verified=True))
    assert done.status_code == 303


async def test_a_trial_explains_what_is_wrong(admin: Browser, stage: Stage) -> None:
    where = (await admin.post(HERE, form(stage))).headers["location"]

    async def tried() -> str:
        await admin.get(where)
        return (await admin.post(f"{where}/trial")).text

    assert "The provider knows this client id and secret." in await tried()
    cases: list[tuple[dict[str, Any], dict[str, Callable[[], Reply]], str]] = [
        ({"issuer": stage.issuer + "/"}, {}, "names another issuer"),
        ({"jwks_uri": "http://10.0.0.1/keys"}, {}, "jwks_uri is missing, or no public https address"),
        ({}, {"/keys": lambda: (200, {}, b'{"keys": [{"kty": "oct"}]}')}, "no RSA or EC key"),
        ({}, {"/.well-known/openid-configuration": lambda: (404, {}, b"")}, "answers 404 there"),
        ({}, {"/auth": lambda: (400, {}, b"<b>unregistered</b>")}, "Register there, to the letter"),
        ({}, {"/token": lambda: (401, {}, b'{"error": "invalid_client"}')}, "does not know this client id"),
        ({}, {"/token": lambda: (200, {}, b"<script>")}, "does not answer as OAuth 2 says"),
    ]
    for metadata, replies, said in cases:
        stage.metadata, stage.replies = metadata, replies
        answer = await tried()
        assert said in answer, said
        assert "unregistered" not in answer
        assert "not good" in answer


async def test_what_is_wrong_stands_beside_its_field(admin: Browser, stage: Stage, desk: Desk) -> None:
    for field, value, said in (
        ("slug", "Staff!", "The short name must have 1 to 40 small letters"),
        ("label", " ", "The name must not be blank"),
        ("issuer", "http://elsewhere.example", "The issuer must be a public https address"),
        ("issuer", "https://10.0.0.1", "The issuer must be a public https address"),
        ("issuer", f"{stage.issuer}/?x=y", "The issuer must be an address"),
        ("scopes", 'ope"nid', "The scopes may be 20 words"),
        ("new_role", "agent", "with addresses in its domains"),
        ("client_secret", "x" * 1001, "The client secret must be one line"),
    ):
        await admin.get(HERE)
        refused = await admin.post(HERE, form(stage, **{field: value}))
        assert refused.status_code == 422, field
        assert said in refused.text, (field, refused.text)
    await admin.get(HERE)
    nobody = {**form(stage), "for_staff": "", "for_customers": "", "new_role": ""}
    assert "must be on where customers may not use it" in (await admin.post(HERE, nobody)).text
    assert (await admin.post(HERE, form(stage, new_role="admin"))).status_code == 422
    assert (await admin.post(HERE, form(stage))).status_code == 303
    await admin.get(HERE)
    taken = await admin.post(HERE, form(stage, slug="other"))
    assert taken.status_code == 422
    assert "is already used by another provider" in taken.text
    async with desk.aread(SYSTEM) as session:
        assert [one.slug for one in await session.scalars(select(IdentityProvider))] == ["staff"]


async def test_changes_want_a_fresh_proof_and_reach_who_is_signed_in(
    admin: Browser, stage: Stage, cast: Cast, desk: Desk
) -> None:
    where = (await admin.post(HERE, form(stage))).headers["location"]
    await grow_old(desk)
    await admin.get(where)
    here = {"Referer": f"http://desk.example{where}"}
    for path in (HERE, where, f"{where}/deletion"):
        asked = await admin.post(path, form(stage), headers=here)
        assert asked.headers["location"].startswith("/me/confirmation"), path
    await admin.get("/me/confirmation")
    await admin.post("/me/confirmation", {"password": cast.admin.password})
    await admin.get(where)
    renamed = form(stage, new_role="light_agent", domains="b.example, C.example", without_secret="yes")
    assert (await admin.post(where, {**renamed, "client_secret": ""})).status_code == 303
    async with desk.aread(SYSTEM) as session:
        found = (await session.scalars(select(IdentityProvider))).one()
        assert (found.new_role, found.domains, found.has_secret) == (
            UserRole.LIGHT_AGENT,
            ["b.example", "c.example"],
            False,
        )
    await admin.get(where)
    assert (await admin.post(f"{where}/deletion")).headers["location"] == HERE
    assert (await admin.get(where)).status_code == 404
