"""Defects of the guide that could come back in pages; rules, versions and deleted tickets are in `test_ticket`."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, text

from ombud import Actor, Comment, Desk, Ticket
from ombud.runtime import Runtime
from ombud.testing import Cast, ScratchDatabase, make_ticket
from tests.failing_commits import failing_commits
from tests.web.hosting import Browser, htmx
from tests.web.test_matrix import PUBLIC, entries, filled, routes

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


async def test_d13_a_failing_commit_is_never_a_success(
    web: Browser, cast: Cast, desk: Desk, database: ScratchDatabase
) -> None:
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id, title="Lamp")
    await web.sign_in(cast.agent)
    with failing_commits(database):
        for path, form in (
            ("/tickets", {"email": cast.customer.email, "title": "Another", "description": "x"}),
            (f"/tickets/{ticket.ticket_number}/comments", {"kind": "reply", "text": "Lost words"}),
            (f"/tickets/{ticket.ticket_number}/title", {"title": "Another"}),
            ("/tickets/bulk", {"ticket": ticket.ticket_number, "status": "closed"}),
            (f"/tickets/{ticket.ticket_number}/deletion", {}),
        ):
            for headers in ({}, htmx()):
                answer = await web.post(path, form, headers=headers)
                assert answer.status_code == 500, (path, answer.status_code, answer.text[:300])
                assert "refused in the commit" not in answer.text
    async with desk.aread(SYSTEM) as session:
        left = (await session.execute(select(Ticket.title, Ticket.status, Ticket.deleted_at))).all()
        assert [tuple(row) for row in left] == [("Lamp", "open", None)]
        assert (await session.scalars(select(Comment))).all() == []


async def test_d14_no_page_holds_a_hash(web: Browser, cast: Cast, desk: Desk) -> None:
    number = (await desk.arun(SYSTEM, make_ticket, cast.customer.id)).ticket_number
    await web.sign_in(cast.admin)
    async with desk.abegin(SYSTEM) as session:
        await session.execute(text("UPDATE ombud.users SET password_hash = '$argon2id$canary'"))
    shown = 0
    for method, path in sorted(routes() - entries(PUBLIC)):
        if method == "GET" and path != "/live":
            answer = await web.client.get(filled(path, cast, number))
            assert "canary" not in answer.text, path
            assert "argon2" not in answer.text, path
            shown += answer.status_code == 200
    assert shown > 25


async def test_d53_many_tag_one_ticket_at_once(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    number = (await desk.arun(SYSTEM, make_ticket, cast.customer.id)).ticket_number
    await web.sign_in(cast.agent)
    form = {"fresh": "Refund"}
    answers = await asyncio.gather(
        *(web.post(f"/tickets/{number}/tags", form, headers=htmx()) for _ in range(6))
    )
    assert {one.status_code for one in answers} == {200}
    assert 'value="add:Refund" aria-pressed="true"' in answers[-1].text or "Refund" in answers[-1].text
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(text("SELECT count(*) FROM ombud.tags")) == 1
        assert await session.scalar(text("SELECT count(*) FROM ombud.ticket_tags")) == 1
