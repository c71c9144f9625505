"""A ticket's page: reading, writing, changing, conflicts, deletion, history; and what it costs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import Ticket
from ombud.runtime import Runtime
from ombud.testing import Cast, make_comment, make_ticket
from ombud.tickets import add_tags
from tests.web.hosting import Browser, htmx

pytestmark = pytest.mark.asyncio
BUDGET = 8


async def opened(desk: Desk, cast: Cast, **given: object) -> Ticket:
    return await desk.arun(cast.admin.in_new_request(), lambda s: make_ticket(s, cast.customer.id, **given))


async def test_a_page_costs_no_more_for_a_long_conversation(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast, tags=("a", "b"), assignee_id=cast.agent.id, team_id=cast.team.id)
    costs = []
    for count in (1, 30):
        for _ in range(count):
            await desk.arun(cast.agent.in_new_request(), lambda s: make_comment(s, ticket.id, cast.agent.id))
        with counted() as log:
            page = await web.get(f"/tickets/{ticket.ticket_number}")
        assert page.status_code == 200
        costs.append(len(log))
    assert costs[0] == costs[1] <= BUDGET, str(log)


@pytest.mark.parametrize("path", ["", "/live", "/history"])
async def test_every_part_stays_within_the_budget(web: Browser, cast: Cast, desk: Desk, path: str) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    with counted() as log:
        assert (await web.get(f"/tickets/{ticket.ticket_number}{path}")).status_code == 200
    assert len(log) <= BUDGET, str(log)


async def test_replying_and_noting_without_scripts(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    href = f"/tickets/{ticket.ticket_number}"
    form = {"kind": "reply", "text": "Hello **there**", "then": "waiting_on_customer"}
    sent = await web.post(
        f"{href}/comments?view=mine", form, files={"files": ("a b.txt", b"12345", "text/html")}
    )
    assert sent.status_code == 303
    assert re.fullmatch(rf"{href}\?view=mine#comment-\d+", sent.headers["location"])
    await web.post(f"{href}/comments", {"kind": "note", "text": "for colleagues"})
    page = (await web.get(href)).text
    assert "Hello <strong>there</strong>" in page
    assert 'data-kind="note"' in page
    assert "set the status to <b><bdi>Waiting</bdi></b>" in page
    assert "a b.txt" in page


async def test_an_empty_message_comes_back_with_the_reason(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    refused = await web.post(f"/tickets/{ticket.ticket_number}/comments", {"kind": "note", "text": "   "})
    assert refused.status_code == 422
    assert "The message must not be blank." in refused.text
    quick = await web.post(f"/tickets/{ticket.ticket_number}/comments", {"text": " "}, headers=htmx())
    assert quick.headers["x-problem"] == "The message must not be blank."


async def test_what_people_write_is_never_run(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    bad = "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3)) ![p](https://evil.example/p.gif)"
    ticket = await opened(desk, cast, title=bad, description=bad, tags=("<b onmouseover=alert(4)>",))
    page = (await web.get(f"/tickets/{ticket.ticket_number}")).text
    body = re.sub(r"<(script type=\"module\"|/script)[^>]*>", "", page)
    assert "<script" not in body
    assert "<img" not in body
    assert 'href="javascript' not in body
    assert "<b onmouseover" not in body


@pytest.mark.parametrize(
    ("noun", "value", "shown"),
    [
        ("status", "resolved", 'data-status="resolved"'),
        ("priority", "urgent", 'data-priority="urgent"'),
        ("title", "A better title", "A better title"),
        ("assignee", "{agent}", "Agnes Agent"),
        ("team", "{team}", "Support"),
    ],
)
async def test_each_field_changes_without_scripts(  # noqa: PLR0917 -- fixtures, and what it is run with
    web: Browser, cast: Cast, desk: Desk, noun: str, value: str, shown: str
) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    value = value.format(agent=cast.agent.id, team=cast.team.id)
    answer = await web.post(f"/tickets/{ticket.ticket_number}/{noun}", {noun: value})
    assert answer.status_code == 303
    details = (await web.get(f"/tickets/{ticket.ticket_number}/live", headers=htmx())).text
    assert shown in details


async def test_a_change_can_be_taken_back(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    href = f"/tickets/{ticket.ticket_number}/priority"
    changed = await web.post(href, {"priority": "urgent", "seen": "medium"}, headers=htmx())
    assert "Priority set to Urgent." in changed.text
    assert (
        '<input type="hidden" name="priority" value="medium"><input type="hidden" name="seen" value="urgent">'
        in changed.text
    )
    back = await web.post(href, {"priority": "medium", "seen": "urgent"}, headers=htmx())
    assert "Priority set to Medium." in back.text


async def test_who_comes_second_is_told_and_overwrites_nothing(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    href = f"/tickets/{ticket.ticket_number}"
    colleague = Browser(runtime)
    async with colleague.client:
        await colleague.sign_in(cast.other_agent)
        await colleague.post(f"{href}/priority", {"priority": "low", "seen": "medium"})
        # Another field is no conflict.
        assert (
            await colleague.post(f"{href}/status", {"status": "in_progress", "seen": "open"})
        ).status_code == 303
    for headers in (htmx(), {}):
        told = await web.post(f"{href}/priority", {"priority": "urgent", "seen": "medium"}, headers=headers)
        assert told.status_code == 409
        assert "Bert Agent set this to Low meanwhile. Nothing was overwritten." in told.text
        assert "Set to Urgent" in told.text
    assert (await web.post(f"{href}/priority", {"priority": "urgent", "seen": "low"})).status_code == 303


async def test_an_illegal_move_says_what_is_legal(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    href = f"/tickets/{ticket.ticket_number}/status"
    await web.post(href, {"status": "closed"})
    refused = await web.post(href, {"status": "resolved"})
    assert refused.status_code == 409
    assert (await web.post(href, {"status": "nope"})).status_code == 422


async def test_tags_go_on_and_off(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    href = f"/tickets/{ticket.ticket_number}/tags"
    made = await web.post(href, {"fresh": "Refund"}, headers=htmx())
    found = re.search(r'value="(remove:\d+)" aria-pressed="true"', made.text)
    assert found
    gone = await web.post(href, {"tag": found[1]}, headers=htmx())
    assert 'value="add:Refund" aria-pressed="false"' in gone.text
    assert "removed the tag <b><bdi>Refund</bdi></b>" in gone.text


async def test_what_a_ticket_was_opened_with_is_no_news(web: Browser, cast: Cast, desk: Desk) -> None:
    def open_with_tag(session: Session) -> Ticket:
        made = make_ticket(session, cast.customer.id)
        add_tags(session, made.id, ["from-the-start"])
        return made

    await web.sign_in(cast.agent)
    ticket = await desk.arun(cast.admin.in_new_request(), open_with_tag)
    await desk.arun(cast.admin.in_new_request(), add_tags, ticket.id, ["added-later"])
    shown = (await web.get(f"/tickets/{ticket.ticket_number}")).text
    assert "added the tag <b><bdi>added-later</bdi></b>" in shown
    assert "added the tag <b><bdi>from-the-start</bdi></b>" not in shown


async def test_a_deleted_ticket_can_be_read_and_restored_and_nothing_else(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    href = f"/tickets/{ticket.ticket_number}"
    deleted = await web.post(f"{href}/deletion", headers=htmx())
    assert "is deleted." in deleted.text
    assert f'hx-post="{href}/restoration' in deleted.text
    page = await web.get(href)
    assert "This ticket was deleted just now." in page.text
    assert "composer-text" not in page.text
    assert (await web.post(f"{href}/comments", {"text": "hello"})).status_code == 422
    assert ticket.ticket_number not in re.findall(
        r'id="row-([^"]+)"', (await web.get("/tickets?view=all")).text
    )
    await web.post(f"{href}/restoration")
    assert "composer-text" in (await web.get(href)).text


async def test_history_tells_who_changed_what(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    href = f"/tickets/{ticket.ticket_number}"
    await web.post(f"{href}/priority", {"priority": "urgent"})
    await web.post(f"{href}/comments", {"kind": "note", "text": "a secret"})
    page = (await web.get(f"{href}/history")).text
    assert re.search(r"<del[^>]*>Medium</del>.*?<ins[^>]*>Urgent</ins>", page, re.DOTALL)
    assert "Agnes Agent</bdi></strong> wrote a note" in page
    assert "Ada Admin</bdi></strong> opened this ticket" in page


async def test_a_new_ticket_makes_its_customer(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    form = {
        "email": "new@acme.example",
        "full_name": "New Person",
        "title": "It rains",
        "description": "A lot",
    }
    answer = await web.post(
        "/tickets", {**form, "priority": "high", "assignee": str(cast.agent.id), "team": ""}
    )
    assert answer.status_code == 303
    page = (await web.get(answer.headers["location"])).text
    assert "New Person" in page
    assert "Acme" in page
    wrong = await web.post("/tickets", {**form, "email": "nonsense", "title": " "})
    assert wrong.status_code == 422
    assert "It rains" not in wrong.text
    assert "A lot" in wrong.text


async def test_suggestions_offer_known_customers(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    assert cast.customer.email in (await web.get("/people?email=carla", headers=htmx())).text
    await web.post("/sign-out")
    await web.sign_in(cast.customer)
    assert "option" not in (await web.get("/people?email=otto", headers=htmx())).text


async def test_files_are_downloads_and_nothing_else(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)
    name = 'résumé "1".svg'
    upload = {"files": (name, b"<svg onload=alert(1)>", "image/svg+xml")}
    await web.post(f"/tickets/{ticket.ticket_number}/comments", {"kind": "note", "text": "see"}, files=upload)
    page = (await web.get(f"/tickets/{ticket.ticket_number}")).text
    found = re.search(r'href="(/attachments/\d+)"', page)
    assert found
    file = await web.get(found[1])
    assert file.content == b"<svg onload=alert(1)>"
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''r%C3%A9sum%C3%A9" in file.headers["content-disposition"]
    assert file.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert file.headers["x-content-type-options"] == "nosniff"
    await web.post("/sign-out")
    assert (await web.get(found[1])).status_code == 303
    await web.sign_in(cast.customer)
    assert (await web.get(found[1])).status_code == 404  # the file of an internal note


async def test_preview_shows_what_will_be_seen(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    shown = await web.post(
        "/preview", {"text": "| a |\n|---|\n| **b** |\n\n<script>x</script>"}, headers=htmx()
    )
    assert "<td><strong>b</strong></td>" in shown.text
    assert "<script>" not in shown.text


async def test_a_very_long_conversation_is_read_page_by_page(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await opened(desk, cast)

    def talk(session: Session) -> None:
        for n in range(201):
            make_comment(session, ticket.id, cast.customer.id, f"Message number {n}.")

    await desk.arun(Actor.system("test"), talk)
    page = (await web.get(f"/tickets/{ticket.ticket_number}")).text
    assert "Message number 200." in page
    assert "Message number 0." not in page
    found = re.search(r'href="([^"]+)">Earlier messages', page)
    assert found
    earlier = (await web.get(found[1].replace("&amp;", "&"))).text
    assert "Message number 0." in earlier
    assert "Earlier messages" not in earlier


async def test_colleagues_are_offered_to_colleagues_only(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    with counted() as log:
        found = (await web.get("/colleagues?name=tara", headers=htmx())).text
    assert 'data-name="Tara Teamwork"' in found
    assert len(log) <= 4
    assert cast.customer.user.full_name not in (await web.get("/colleagues?name=ca", headers=htmx())).text
    await web.post("/sign-out")
    await web.sign_in(cast.customer)
    assert (await web.get("/colleagues?name=tara", headers=htmx())).status_code == 403
