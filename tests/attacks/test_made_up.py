"""Heads, bodies and ranges that somebody made up, sent to pages: told in words, and never believed.

TRUST.md T02, T27, T80; RFC 9110.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import AuditLog
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.tickets import StoredFile, attach_file
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


@pytest_asyncio.fixture
async def web(runtime: Runtime, built: None) -> AsyncIterator[Browser]:
    browser = Browser(runtime)
    async with browser.client:
        yield browser


async def test_nobody_does_something_in_the_name_of_anothers_request(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    """By a request's id the log tells who did what and takes it back: a colleague's change among them would stop it."""
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    known = "0b8f7d2e-5a3c-4c1e-9d53-3f6a2c1b7e90"
    await web.sign_in(cast.agent)
    headers = {"X-Request-Id": known}
    answer = await web.post(f"/tickets/{ticket.ticket_number}/deletion", headers=headers)
    assert answer.status_code in (200, 303), answer.text
    assert answer.headers["X-Request-Id"] != known
    async with desk.aread(SYSTEM, fresh=True) as session:
        written = (await session.scalars(select(AuditLog.request_id))).all()
    assert answer.headers["X-Request-Id"] in written
    assert known not in written


@pytest.mark.parametrize(
    "host", ["[", "]", "[::1", "desk.example]", "a[b]", "//", "desk.example:x", "\u00b2", ""]
)
async def test_a_host_that_is_none_is_another_address(runtime: Runtime, built: None, host: str) -> None:
    settings = runtime.settings.model_copy(update={"base_url": "http://desk.example"})
    browser = Browser(replace(runtime, settings=settings))
    async with browser.client:
        answer = await browser.client.get("/sign-in", headers=[(b"Host", host.encode("latin-1"))])
        assert answer.status_code in (400, 421) or host == "desk.example:x", answer.text
        assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("length", ["\u00b2", "+1", "1_0", "9" * 5000, "-1", "x"])
async def test_a_length_that_is_none_is_told(web: Browser, length: str) -> None:
    """Servers refuse most of them; a host's own may not."""
    headers = httpx.Headers(
        [(b"Content-Length", length.encode("latin-1")), (b"Origin", b"http://desk.example")]
    )
    request = httpx.Request("POST", "http://desk.example/sign-in", headers=headers, content=b"")
    answer = await web.client.send(request)
    assert answer.status_code == 413
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("body", [b"[" * 16_000, b'{"a":' * 3_000, b"1" * 16_000, b"\xff\xfe", b'"\\ud800"'])
async def test_a_report_of_anybodys_does_no_harm(web: Browser, body: bytes) -> None:
    answer = await web.client.post("/csp-report", content=body)
    assert answer.status_code in (204, 400), answer.text
    assert len(web.app.state.parts.reports) <= 1


async def test_a_part_that_a_file_has_not_is_told_on_a_page(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    stored = runtime.files.put([b"a scan"])
    file = StoredFile("scan.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)
    attachment = await desk.arun(SYSTEM, attach_file, ticket.id, file)
    await web.sign_in(cast.customer)
    href = f"/attachments/{attachment.id}"
    part = await web.get(href, headers={"Range": "bytes=2-"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"scan", "bytes 2-5/6")
    beyond = await web.get(href, headers={"Range": "bytes=6-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */6")
    assert "That part is not there" in beyond.text
