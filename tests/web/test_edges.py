"""What every answer carries, what is not a page, and what errors look like."""

from __future__ import annotations

import json

import pytest

from ombud.db.desk import Desk
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.web.assets import Assets
from tests.web.hosting import Browser, htmx

pytestmark = pytest.mark.asyncio


async def test_every_answer_carries_the_strict_policy(web: Browser, cast: Cast) -> None:
    for path in ("/sign-in", "/healthz", "/nothing/here", Assets()("app.css")):
        headers = (await web.get(path)).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'; style-src 'self';"
        )
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-request-id"]


async def test_pages_are_kept_by_nobody_and_built_files_for_ever(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    assert (await web.get("/tickets")).headers["cache-control"] == "no-store"
    for name in ("app.js", "app.css", "icons.svg"):
        answer = await web.get(Assets()(name))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for path in ("/static/manifest.json", "/static/../app.py", "/static/%2e%2e/app.py"):
        assert (await web.get(path)).status_code == 404


async def test_scripts_and_styles_stay_small() -> None:
    import gzip

    files = [Assets().folder / Assets()(name).rpartition("/")[2] for name in ("app.js", "app.css")]
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) < 100_000


async def test_health_and_readiness_need_no_sign_in(web: Browser) -> None:
    assert (await web.get("/healthz")).json() == {"status": "ok"}
    assert (await web.get("/readyz")).json() == {"status": "ok"}


async def test_head_is_get_without_a_body(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    answer = await web.client.head("/tickets")
    assert answer.status_code == 200
    assert answer.content == b""


async def test_a_browser_can_report_what_the_policy_stopped(web: Browser) -> None:
    report = {"csp-report": {"blocked-uri": "inline"}}
    assert (await web.client.post("/csp-report", content=json.dumps(report))).status_code == 204
    assert (await web.client.post("/csp-report", content="nonsense")).status_code == 400
    assert [json.loads(one) for one in web.app.state.parts.reports] == [report]


async def test_too_much_at_once_is_refused_before_it_is_read(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    refused = await web.post("/tickets", headers={"Content-Length": str(10**10)})
    assert refused.status_code == 413


async def test_errors_say_what_to_do_and_nothing_of_the_inside(
    web: Browser, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await web.sign_in(cast.agent)
    missing = await web.get("/nothing/here")
    assert missing.status_code == 404
    assert "This page is not here" in missing.text
    assert (await web.get("/tickets/bulk")).status_code == 404
    assert (await web.client.put("/tickets")).status_code in (403, 405)
    monkeypatch.setattr("ombud.web.routes.inbox.make_list", lambda *_, **__: 1 / 0)
    failed = await web.get("/tickets")
    assert failed.status_code == 500
    assert "That went wrong on our side" in failed.text
    assert "ZeroDivision" not in failed.text
    assert failed.headers["x-request-id"] in failed.text


async def test_a_database_that_is_away_is_told_as_such(runtime: Runtime, cast: Cast, built: None) -> None:
    from dataclasses import replace

    gone = replace(runtime, desk=Desk("postgresql://nobody@127.0.0.1:1/nothing", runtime.settings))
    web = Browser(gone)
    async with web.client:
        web.client.cookies.set("ombud_session", "x" * 43)
        answer = await web.get("/tickets")
        assert answer.status_code == 503
        assert "Nothing that was saved is lost" in answer.text or "database" in answer.text
        assert "127.0.0.1:1" not in answer.text
        assert (await web.get("/readyz")).status_code == 503
        assert (await web.get("/healthz")).status_code == 200


async def test_an_expired_session_sends_htmx_to_the_door_and_back(web: Browser, cast: Cast) -> None:
    headers = {**htmx("rows"), "HX-Current-URL": "http://desk.example/tickets?view=all"}
    answer = await web.get("/tickets?view=all", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=%2Ftickets%3Fview%3Dall"


async def test_a_draft_is_kept_until_it_is_sent(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await desk.arun(cast.admin.in_new_request(), lambda s: make_ticket(s, cast.customer.id))
    href = f"/tickets/{ticket.ticket_number}"
    assert (await web.post(f"{href}/draft", {"kind": "note", "text": "Half a thought"})).status_code == 204
    page = (await web.get(href)).text
    assert "Half a thought</textarea>" in page
    assert 'value="note" data-key="n" checked' in page
    await web.post(f"{href}/comments", {"kind": "note", "text": "A whole thought"})
    assert "Half a thought" not in (await web.get(href)).text
