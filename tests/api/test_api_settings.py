"""Settings by the API: what is in force and who says so, choosing, the way back, and who may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from ombud.api.app import create_api
from ombud.api.conditional import version_in
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import AuditLog, DeskSetting
from ombud.runtime import Runtime
from ombud.testing.personas import Cast
from tests.api.test_api_accounts import grow_old

pytestmark = pytest.mark.asyncio


def by_key(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {one["key"]: one for one in answer.json()["items"] if one["key"] is not None}


async def test_settings_are_chosen_hold_at_once_and_are_taken_back(
    admin: httpx.AsyncClient, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    before = await admin.get("settings")
    assert (version_in(before.headers["ETag"]), before.json()["version"]) == (1, 1)
    shown = by_key(before)["sign_in_links"]
    assert (shown["name"], shown["source"], shown["is_changeable"], shown["value"]) == (
        "OMBUD_SIGN_IN_LINKS", "default", True, False,
    )  # fmt: skip
    secret = next(one for one in before.json()["items"] if one["name"] == "OMBUD_DATABASE_URL")
    assert (secret["source"], secret["is_changeable"], secret["key"], secret["value"]) == (
        "environment", False, None, None,
    )  # fmt: skip

    wanted = {"sign_in_links": True, "desk_name": "  Tally  Bird ", "mail_undo_seconds": 5}
    key = {"Idempotency-Key": "settings-1", "If-Match": '"1"'}
    with counted() as statements:
        done = await admin.patch("settings", json=wanted, headers=key)
    now = by_key(done)
    assert (now["desk_name"]["value"], now["desk_name"]["source"]) == ("Tally Bird", "desk")
    assert version_in(done.headers["ETag"]) == 4
    assert len(statements) <= 16, statements
    current = runtime.current
    assert (current.sign_in_links, current.desk_name, current.mail_undo_seconds) == (True, "Tally Bird", 5.0)
    again = await admin.patch("settings", json=wanted, headers=key)
    assert (again.headers["Idempotent-Replayed"], again.headers["ETag"]) == ("true", done.headers["ETag"])

    stale = await admin.patch("settings", json={"desk_name": "Other"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current_version"]) == (
        412,
        "stale_version",
        4,
    )
    same = await admin.patch("settings", json=wanted, headers={"If-Match": '"4"'})
    assert version_in(same.headers["ETag"]) == 4

    back = await admin.patch("settings", json={"sign_in_links": None, "purge_after_days": None})
    assert by_key(back)["sign_in_links"] == shown
    assert version_in(back.headers["ETag"]) == 5
    assert runtime.current.sign_in_links is False
    async with desk.aread(cast.admin.actor, fresh=True) as session:
        log = select(AuditLog).where(AuditLog.table_name == "desk_settings").order_by(AuditLog.id)
        rows = (await session.scalars(log)).all()
        kept = {row.name: row.value for row in await session.scalars(select(DeskSetting))}
    assert [(row.action.value, row.user_id) for row in rows] == [("CREATE", cast.admin.id)] * 3 + [
        ("UPDATE", cast.admin.id)
    ]
    assert rows[-1].changes == {"value": [True, None]}
    assert kept == {"sign_in_links": None, "desk_name": "Tally Bird", "mail_undo_seconds": 5}


async def test_what_is_wrong_is_named_and_nothing_is_chosen(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    bodies: tuple[dict[str, object], ...] = (
        {"nope": 1}, {"database_url": "x"}, {"sign_in_links": "yes"}, {"staff_idle_hours": 0},
        {"staff_idle_hours": 1.5}, {"desk_name": ""}, {"desk_name": "x" * 61}, {"desk_name": " "},
    )  # fmt: skip
    for body in bodies:
        answer = await admin.patch("settings", json={"sign_in_links": True, **body})
        assert answer.status_code == 422, body
        assert [one["pointer"] for one in answer.json()["errors"]] == [f"#/{next(iter(body))}"], body
    assert (await agent.get("settings")).status_code == 403
    assert (await agent.patch("settings", json={"sign_in_links": True})).status_code == 403
    await grow_old(desk, cast.admin)
    unproven = await admin.patch("settings", json={"sign_in_links": True})
    assert (unproven.status_code, unproven.json()["code"]) == (403, "confirmation_needed")
    assert runtime.current is runtime.settings
    assert version_in((await admin.get("settings")).headers["ETag"]) == 1


async def test_what_the_environment_sets_is_shown_and_stays(cast: Cast, runtime: Runtime) -> None:
    fixed = replace(runtime, settings=runtime.settings.model_copy(update={"staff_idle_hours": 3}))
    transport, headers = (
        httpx.ASGITransport(create_api(fixed)),
        {"Authorization": f"Bearer {cast.admin.token}"},
    )
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk.example", headers=headers
    ) as client:
        shown = by_key(await client.get("settings"))["staff_idle_hours"]
        assert (shown["value"], shown["source"], shown["is_changeable"]) == (3, "environment", False)
        refused = await client.patch("settings", json={"staff_idle_hours": 5, "desk_name": "Help"})
        assert (refused.status_code, refused.json()["errors"]) == (
            422,
            [{"detail": "is set by the environment (OMBUD_STAFF_IDLE_HOURS), and not to be changed here.",
              "pointer": "#/staff_idle_hours"}],
        )  # fmt: skip
    assert fixed.current is fixed.settings


async def test_a_chosen_limit_holds_for_the_next_file(admin: httpx.AsyncClient, runtime: Runtime) -> None:
    """Of the body at once; the store of the application asks for the limit each time (`ombud.asgi`)."""
    number = (await admin.post("tickets", json={"title": "Files"})).json()["number"]
    file = {"file": ("a.txt", b"x" * 200_000)}
    assert (await admin.post(f"tickets/{number}/attachments", files=file)).status_code == 201
    assert (await admin.patch("settings", json={"attachment_limit": 100_000})).status_code == 200
    assert (await admin.post(f"tickets/{number}/attachments", files=file)).status_code == 413
    store = runtime.files.up_to(lambda: runtime.current.attachment_limit)
    assert store.limit == 100_000
