"""The page of the desk's settings: what it shows, changes, refuses, and takes back."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ombud.db.statements import counted
from ombud.models import UserRole
from ombud.people.accounts import session_limits
from ombud.runtime import Runtime
from ombud.testing import Cast
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

HERE = "/settings/desk"


def fields(html: str) -> dict[str, str]:
    """Return what the form of the page holds, as a browser would send it."""
    form = html.split('<form class="form"')[1].split("</form>", maxsplit=1)[0]
    inputs = re.findall(r"<input ([^>]+)>", form)
    sent: dict[str, str] = {}
    for one in inputs:
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', one))
        if "disabled" in one or found["name"] in ("csrf", "field"):
            continue
        if found.get("type") != "checkbox" or " checked" in one:
            sent[found["name"]] = found["value"]
    return sent


def named(html: str, where: str = "form") -> list[str]:
    return re.findall(
        r'name="field" value="([^"]+)"',
        html.split(f'<form class="{where}"')[1].split("</form>", maxsplit=1)[0],
    )


async def test_settings_are_changed_on_the_page_and_taken_back(
    web: Browser, cast: Cast, runtime: Runtime
) -> None:
    await web.sign_in(cast.admin)
    page = (await web.get(HERE)).text
    assert "<title>Desk · Settings · Ombud</title>" in page
    held = fields(page)
    assert (held["desk_name"], held["attachment_limit"], held["purge_after_days"]) == ("Ombud", "25", "")
    assert "sign_in_links" not in held, "not ticked"
    typed = {
        **held,
        "field": named(page),
        "desk_name": "<b>Tally",
        "sign_in_links": "yes",
        "attachment_limit": "1.5",
    }
    typed["purge_after_days"] = "30"
    with counted() as statements:
        done = await web.post(HERE, typed)
    assert done.status_code == 200, done.text
    assert len(statements) <= 14, statements
    now = runtime.current
    assert (now.desk_name, now.sign_in_links, now.attachment_limit, now.purge_after_days) == (
        "<b>Tally", True, 3 * 2**19, 30,
    )  # fmt: skip
    assert now.model_fields_set - runtime.settings.model_fields_set == {
        "desk_name", "sign_in_links", "attachment_limit", "purge_after_days",
    }, "what was not touched is not chosen"  # fmt: skip
    assert "<bdi>&lt;b&gt;Tally</bdi>" in done.text
    assert "&lt;b&gt;Tally</bdi>" in (await web.get("/tickets")).text

    way_back = {"field": named(done.text, "way-back"), "seen": fields(done.text)["seen"]}
    banner = done.text.split('<form class="way-back"')[1].split("</form>")[0]
    way_back |= dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', banner.replace("&lt;", "<")))
    way_back["field"] = named(done.text, "way-back")
    undone = await web.post(HERE, way_back)
    assert undone.status_code == 200
    assert runtime.current.model_dump() == runtime.settings.model_dump()
    assert fields(undone.text) == {**held, "seen": fields(undone.text)["seen"]}

    stale = await web.post(HERE, {**way_back, "desk_name": "Late"})
    assert (stale.status_code, "Somebody else changed this" in stale.text) == (409, True)
    assert "Nothing was changed." in (await web.post(HERE, fields(undone.text))).text


async def test_what_is_wrong_stands_beside_its_field(web: Browser, cast: Cast, runtime: Runtime) -> None:
    await web.sign_in(cast.admin)
    page = (await web.get(HERE)).text
    wrong = {
        **fields(page),
        "field": named(page),
        "staff_idle_hours": "0",
        "attachment_limit": "big",
        "desk_name": "x" * 61,
    }
    answer = await web.post(HERE, wrong)
    assert answer.status_code == 422
    assert answer.text.count("field-error") == 3
    assert "Must be a whole number from 1 to 720." in answer.text
    assert "Must be a number of MB from 0 to 10240." in answer.text
    assert fields(answer.text)["attachment_limit"] == "big"
    assert runtime.current is runtime.settings
    await web.client.aclose()
    other = Browser(runtime)
    async with other.client:
        await other.sign_in(cast.agent)
        assert (await other.get(HERE)).status_code == 403
        assert (await other.post(HERE, {"field": "desk_name", "desk_name": "Mine"})).status_code == 403
    assert runtime.current is runtime.settings


async def test_what_the_environment_sets_is_locked(cast: Cast, runtime: Runtime, built: None) -> None:
    fixed = replace(runtime, settings=runtime.settings.model_copy(update={"desk_name": "Fixed"}))
    browser = Browser(fixed)
    async with browser.client:
        await browser.sign_in(cast.admin)
        page = (await browser.get(HERE)).text
        assert "desk_name" not in fields(page)
        assert "<code>OMBUD_DESK_NAME</code>" in page
        assert "Settings · Fixed</title>" in page
        refused = await browser.post(HERE, {"field": "desk_name", "desk_name": "Mine"})
        assert (refused.status_code, "is set by the environment" in refused.text.lower()) == (422, True)


async def test_chosen_limits_of_sessions_hold_at_the_next_sign_in(
    web: Browser, cast: Cast, runtime: Runtime
) -> None:
    await web.sign_in(cast.admin)
    await web.post(HERE, {"field": ["staff_session_days", "staff_second_factor"], "staff_session_days": "90"})
    assert session_limits(runtime.current, UserRole.ADMIN)[1].days == 90
    again = Browser(runtime)
    async with again.client:
        answer = await again.sign_in(cast.agent)
        assert f"Max-Age={90 * 86_400}" in answer.headers["set-cookie"]
