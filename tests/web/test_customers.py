"""What customers and light agents see of the same pages: less, and nothing internal."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from ombud.db.desk import Desk
from ombud.testing import Cast, make_comment, make_ticket
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
CANARY = "only-for-colleagues"


async def conversation(desk: Desk, cast: Cast) -> str:
    def act(session: Session) -> str:
        ticket = make_ticket(
            session,
            cast.customer.id,
            description="My umbrella",
            assignee_id=cast.agent.id,
            tags=(f"tag-{CANARY}",),
        )
        make_comment(session, ticket, cast.admin.id, "A public answer")
        make_comment(session, ticket, cast.admin.id, CANARY, is_internal=True)
        return ticket.ticket_number

    return await desk.arun(cast.admin.in_new_request(), act)


async def test_a_customer_sees_nothing_internal(web: Browser, cast: Cast, desk: Desk) -> None:
    number = await conversation(desk, cast)
    await web.sign_in(cast.customer)
    for path in (
        f"/tickets/{number}",
        f"/tickets/{number}/live",
        "/tickets?view=all",
        f"/tickets?q={CANARY}",
    ):
        page = (await web.get(path)).text.replace(f"q={CANARY}", "").replace(f'value="{CANARY}"', "")
        assert f"{CANARY}</p>" not in page
        assert f"tag-{CANARY}" not in page
        assert 'data-kind="note"' not in page
    page = (await web.get(f"/tickets/{number}")).text
    assert "A public answer" in page
    assert 'name="kind" value="note"' not in page
    assert "/deletion" not in page
    assert "/priority" not in page


async def test_a_customer_answers_and_opens_but_does_not_triage(web: Browser, cast: Cast, desk: Desk) -> None:
    number = await conversation(desk, cast)
    await web.sign_in(cast.customer)
    assert (
        await web.post(f"/tickets/{number}/comments", {"kind": "reply", "text": "Thanks!"})
    ).status_code == 303
    opened = await web.post("/tickets", {"title": "Another", "description": "one"})
    assert opened.status_code == 303
    for noun, value in (("priority", "urgent"), ("assignee", str(cast.agent.id)), ("title", "x")):
        assert (await web.post(f"/tickets/{number}/{noun}", {noun: value})).status_code == 403
    assert (await web.post(f"/tickets/{number}/comments", {"kind": "note", "text": "x"})).status_code == 403
    assert (await web.post(f"/tickets/{number}/tags", {"fresh": "x"})).status_code == 403
    assert (await web.post(f"/tickets/{number}/deletion")).status_code == 403


async def test_what_is_not_yours_is_not_there(web: Browser, cast: Cast, desk: Desk) -> None:
    number = await conversation(desk, cast)
    await web.sign_in(cast.other_customer)
    missing = await web.get("/tickets/999999999")
    for path in (f"/tickets/{number}", f"/tickets/{number}/live", f"/tickets/{number}/history"):
        foreign = await web.get(path)
        assert foreign.status_code == 404
        assert foreign.text.replace(number, "") == missing.text.replace("999999999", "")
    assert (await web.post(f"/tickets/{number}/comments", {"text": "hi"})).status_code == 404
    assert number not in (await web.get("/tickets?view=all")).text


async def test_a_light_agent_notes_and_changes_nothing(web: Browser, cast: Cast, desk: Desk) -> None:
    number = await conversation(desk, cast)
    await web.sign_in(cast.light_agent)
    page = (await web.get(f"/tickets/{number}")).text
    assert CANARY in page
    assert 'name="kind" value="reply"' not in page
    assert (await web.post(f"/tickets/{number}/comments", {"kind": "note", "text": "ok"})).status_code == 303
    assert (await web.post(f"/tickets/{number}/comments", {"kind": "reply", "text": "no"})).status_code == 403
    assert (await web.post(f"/tickets/{number}/status", {"status": "closed"})).status_code == 403
