"""Providers and one's connections over the API: what the pages can, an API can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, update

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import ApiToken, Identity
from ombud.testing.personas import Cast
from tests.api.conftest import Caller
from tests.openid.stage import CLIENT_ID, Stage

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
BODY: dict[str, Any] = {
    "slug": "staff",
    "label": "Staff",
    "issuer": "https://id.example/realms/staff",
    "client_id": CLIENT_ID,
    "client_secret": "hidden well",
}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as running:
        yield running


async def test_an_administrator_keeps_providers(caller: Caller, cast: Cast, desk: Desk) -> None:
    admin = caller(cast.admin)
    made = await admin.post(
        "/identity-providers", json={**BODY, "domains": ["ours.example"], "new_role": "agent"}
    )
    assert made.status_code == 201, made.text
    found = made.json()
    assert "hidden" not in made.text
    assert (found["has_secret"], found["new_role"], found["scopes"]) == (
        True,
        "agent",
        ["openid", "email", "profile"],
    )
    where = f"/identity-providers/{found['id']}"
    assert made.headers["location"].endswith(where)
    with counted() as log:
        assert (await admin.get(where)).json() == found
    assert len(log) <= 3, str(log)
    assert [one["id"] for one in (await admin.get("/identity-providers")).json()["items"]] == [found["id"]]
    changed = await admin.patch(where, json={"new_role": None, "client_secret": "", "is_active": False})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["new_role"], changed.json()["has_secret"], changed.json()["is_active"]) == (
        None,
        False,
        False,
    )
    for body, field in (
        ({"issuer": "https://other.example"}, "issuer"),
        ({"slug": "A b"}, "slug"),
        ({"new_role": "admin"}, "new_role"),
        ({"new_role": "light_agent", "domains": []}, "new_role"),
        ({"for_staff": False, "for_customers": False}, "for_staff"),
        ({"scopes": ["a b"]}, "scopes"),
        ({"unknown": 1}, "unknown"),
    ):
        wrong = await admin.patch(where, json=body)
        assert wrong.status_code == 422, body
        assert field in wrong.text, wrong.text
    assert (await admin.post("/identity-providers", json=BODY)).status_code == 409
    assert (await admin.delete(where)).status_code == 204
    assert (await admin.get(where)).status_code == 404


async def test_changes_of_providers_want_a_fresh_proof(caller: Caller, cast: Cast, desk: Desk) -> None:
    """T24: whoever is believed about who people are, decides who people are."""
    admin = caller(cast.admin)
    found = (await admin.post("/identity-providers", json=BODY)).json()
    async with desk.abegin(SYSTEM) as session:
        await session.execute(
            update(ApiToken).values(confirmed_at=func.now() - func.make_interval(0, 0, 0, 0, 1))
        )
    where = f"/identity-providers/{found['id']}"
    for answer in (
        await admin.post("/identity-providers", json={**BODY, "slug": "x"}),
        await admin.patch(where, json={"label": "x"}),
        await admin.delete(where),
        await admin.delete("/me/identities/1"),
    ):
        assert answer.status_code == 403
        assert answer.json()["code"] == "confirmation_needed"


async def test_a_provider_is_tried(
    caller: Caller, cast: Cast, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = caller(cast.admin)
    inside = {**BODY, "issuer": "https://inside.example"}
    found = (await admin.post("/identity-providers", json=inside)).json()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: [(2, 1, 6, "", ("10.0.0.1", 443))])
    tried = await admin.post(f"/identity-providers/{found['id']}/trial")
    assert tried.status_code == 200, tried.text
    [probe] = tried.json()["items"]
    assert (probe["name"], probe["is_good"]) == ("Discovery", False)
    assert "10.0.0.1" not in tried.text


async def test_ones_own_connections_are_ones_own(caller: Caller, cast: Cast, desk: Desk) -> None:
    admin = caller(cast.admin)
    found = (await admin.post("/identity-providers", json=BODY)).json()
    async with desk.abegin(SYSTEM) as session:
        for persona in (cast.customer, cast.agent):
            session.add(
                Identity(
                    user_id=persona.id,
                    provider_id=found["id"],
                    issuer=BODY["issuer"],
                    subject=f"of {persona.id}",
                    email="there@id.example",
                )
            )
    mine = (await caller(cast.customer).get("/me/identities")).json()["items"]
    assert [(one["provider"], one["email"]) for one in mine] == [("Staff", "there@id.example")]
    assert (await caller(cast.light_agent).get("/me/identities")).json()["items"] == []
    gone = f"/me/identities/{mine[0]['id']}"
    for other in (cast.agent, cast.admin, cast.other_customer):
        assert (await caller(other).delete(gone)).status_code == 404
    assert (await caller(cast.customer).delete(gone)).status_code == 204
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert (await session.scalars(select(Identity.user_id))).all() == [cast.agent.id]
