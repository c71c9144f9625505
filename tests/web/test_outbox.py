"""Mail on pages: whom a reply goes to, what became of it, taking it back; the outbox; notifications."""

from __future__ import annotations

import asyncio
import re

import pytest
import pytest_asyncio
from sqlalchemy import select

from ombud import Actor, Desk, DeskSession, Ticket, clock
from ombud.db.statements import counted
from ombud.mail.outgoing.links import file_link
from ombud.mail.outgoing.writing import LINK_LIFE
from ombud.mail.tokens import open_namer
from ombud.models import (
    BouncedAddress,
    Mailbox,
    OutboundKind,
    OutboundMail,
    OutboundRecipient,
    OutboundState,
    RecipientState,
)
from ombud.people.letters import send_reset
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.tickets import StoredFile, attach_file
from ombud.web.routes.outbox import KINDS
from ombud.worker.mail_out import write_requested_letters
from tests.web.hosting import Browser, htmx

pytestmark = pytest.mark.asyncio
BUDGET = 8
WRITING = 24
"""Statements of a reply with a mail to one person; seven of them are the page's own look-ups."""
SYSTEM = Actor.system("test")


@pytest_asyncio.fixture
async def ticket(desk: Desk, cast: Cast) -> Ticket:
    """A ticket on a desk that sends mail."""

    def make(session: DeskSession) -> Ticket:
        session.add(Mailbox(name="Support", address="support@desk.example", smtp_host="mail.example"))
        return make_ticket(session, cast.customer.id, title="Printer <b>")

    return await desk.arun(SYSTEM, make)


async def outbox_of(desk: Desk) -> list[OutboundMail]:
    async with desk.aread(SYSTEM) as session:
        return list(await session.scalars(select(OutboundMail).order_by(OutboundMail.id)))


async def test_a_reply_says_where_it_is_and_can_be_taken_back(
    web: Browser, cast: Cast, desk: Desk, ticket: Ticket
) -> None:
    await web.sign_in(cast.agent)
    href = f"/tickets/{ticket.ticket_number}"
    page = (await web.get(href)).text
    assert f'name="to" value="{cast.customer.email}"' in page
    form = {
        "kind": "reply",
        "text": "Oh no",
        "then": "resolved",
        "to": cast.customer.email,
        "cc": "new@x.example",
    }
    with counted() as log:
        sent = await web.post(f"{href}/comments", form, headers=htmx())
    assert len(log) <= WRITING + 8, str(log)
    assert "Your reply is on its way." in sent.text
    assert "Scheduled" in sent.text
    assert "new@x.example" in sent.text
    (mail,) = await outbox_of(desk)
    assert mail.due_at > clock.now()
    back = re.search(rf'action="({href}/comments/\d+/retraction[^"]*)"', sent.text)
    assert back is not None
    fields = dict(re.findall(r'name="(status|seen)" value="(\w+)"', sent.text))
    assert fields == {"status": "open", "seen": "resolved"}
    undone = await web.post(back[1], fields)
    assert undone.status_code == 303
    page = (await web.get(href)).text
    assert ">Oh no</textarea>" in page.replace("\n", "")
    assert 'data-state="queued"' not in page
    assert (await outbox_of(desk))[0].state is OutboundState.CANCELED
    assert (await web.post(back[1], fields)).status_code == 404


async def test_wrong_addresses_come_back_with_the_words(
    web: Browser, cast: Cast, desk: Desk, ticket: Ticket
) -> None:
    await web.sign_in(cast.agent)
    href = f"/tickets/{ticket.ticket_number}/comments"
    for field, value, said in (
        ("cc", "nobody", "Copy: nobody is not an address that mail can go to."),
        ("to", "Support <support@desk.example>", "To: support@desk.example is an address of this desk."),
        ("later", "5", "is not one of the choices."),
    ):
        form = {"kind": "reply", "text": "Hi", "to": cast.customer.email, "cc": "", field: value}
        refused = await web.post(href, form, headers=htmx())
        assert refused.status_code == 422
        assert said in refused.headers["x-problem"]
    assert await outbox_of(desk) == []


async def test_without_a_mailbox_the_comment_says_so(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    sent = await web.post(f"/tickets/{ticket.ticket_number}/comments", {"text": "Hi"}, headers=htmx())
    assert "Not mailed" in sent.text
    assert "no mailbox of this desk sends" in sent.text


async def test_customers_write_without_mail_and_see_none(
    web: Browser, cast: Cast, desk: Desk, ticket: Ticket
) -> None:
    await web.sign_in(cast.customer)
    href = f"/tickets/{ticket.ticket_number}"
    form = {"text": "More", "to": "victim@x.example", "cc": "victim@x.example"}
    sent = await web.post(f"{href}/comments", form, headers=htmx())
    assert sent.status_code == 200
    assert await outbox_of(desk) == []
    page = (await web.get(href)).text
    assert 'name="cc"' not in page
    for path in ("/outbox", "/outbox/1", "/notifications", "/settings/notifications"):
        assert (await web.get(path)).status_code == 403
        assert path not in page


async def test_the_outbox_tells_and_does(web: Browser, cast: Cast, desk: Desk, ticket: Ticket) -> None:
    await web.sign_in(cast.agent)
    href = f"/tickets/{ticket.ticket_number}"
    await web.post(f"{href}/comments", {"text": "One"})

    def refuse(session: DeskSession) -> None:
        mail = session.scalars(select(OutboundMail)).one()
        mail.state, mail.problem, mail.attempts = OutboundState.FAILED, "550 <script>no</script>", 1

    await desk.arun(SYSTEM, refuse)
    with counted() as log:
        page = (await web.get("/outbox")).text
    assert len(log) <= BUDGET, str(log)
    assert "Not delivered" in page
    assert "550 &lt;script&gt;no" in page
    assert "Re: Printer &lt;b&gt;" in page
    (mail,) = await outbox_of(desk)
    for query, found in (
        ("state=failed", True),
        ("state=sent", False),
        (f"q={cast.customer.email}", True),
        (f"q={mail.message_id}", True),
        ("q=nothing", False),
        ("before=1", False),
    ):
        assert ("Not delivered</span>" in (await web.get(f"/outbox?{query}")).text) == found, query
    for query in ("state=x", "before=x"):
        assert (await web.get(f"/outbox?{query}")).status_code == 422
    assert (await web.get(f"/outbox/{mail.id}")).status_code == 200
    assert (await web.get("/outbox/999")).status_code == 404
    assert (await web.get(f"/outbox/{mail.id}/source")).status_code == 404, "it was never made"
    for noun, state in (("attempt", "queued"), ("pause", "paused"), ("cancellation", "canceled")):
        assert (await web.post(f"/outbox/{mail.id}/{noun}")).status_code == 303
        assert (await outbox_of(desk))[0].state == state
    assert (await web.post(f"/outbox/{mail.id}/pause")).status_code == 409
    assert (await web.post(f"/outbox/{mail.id}/nothing")).status_code == 404


async def test_letters_about_accounts_stand_there_too(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    await desk.arun(cast.admin.actor, send_reset, cast.customer.id)
    assert await asyncio.to_thread(write_requested_letters, desk, runtime.settings) == 1
    (mail,) = await outbox_of(desk)
    await web.sign_in(cast.admin)
    for path in ("/outbox", f"/outbox/{mail.id}"):
        page = await web.get(path)
        assert (page.status_code, "About an account" in page.text) == (200, True), path
    assert set(KINDS) == set(OutboundKind)


async def test_an_agent_of_another_team_sees_nothing_of_it(
    web: Browser, cast: Cast, desk: Desk, ticket: Ticket
) -> None:
    await desk.arun(
        SYSTEM, lambda session: setattr(session.get_one(Ticket, ticket.id), "team_id", cast.other_team.id)
    )
    await web.sign_in(cast.agent)
    await web.post(f"/tickets/{ticket.ticket_number}/comments", {"text": "Secret"})
    (mail,) = await outbox_of(desk)
    web.client.cookies.clear()
    await web.sign_in(cast.team_agent)
    assert "Printer" not in (await web.get("/outbox")).text
    assert (await web.get(f"/outbox/{mail.id}")).status_code == 404
    assert (await web.post(f"/outbox/{mail.id}/cancellation")).status_code == 404


async def test_the_source_is_shown_as_text(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime, ticket: Ticket
) -> None:
    await web.sign_in(cast.agent)
    await web.post(f"/tickets/{ticket.ticket_number}/comments", {"text": "One"})
    kept = runtime.files.put([b"Subject: <img src=x>\r\n\r\nhello"])

    def made(session: DeskSession) -> None:
        mail = session.scalars(select(OutboundMail)).one()
        mail.storage_key, mail.size = kept.storage_key, kept.size

    await desk.arun(SYSTEM, made)
    (mail,) = await outbox_of(desk)
    page = (await web.get(f"/outbox/{mail.id}")).text
    assert "Subject: &lt;img src=x&gt;" in page
    download = await web.get(f"/outbox/{mail.id}/source")
    assert download.content == b"Subject: <img src=x>\r\n\r\nhello"
    assert download.headers["content-disposition"].startswith("attachment;")


async def test_the_bell_counts_until_it_is_read(web: Browser, cast: Cast, desk: Desk, ticket: Ticket) -> None:
    await web.sign_in(cast.agent)
    number = ticket.ticket_number
    await web.post(f"/tickets/{number}/assignee", {"assignee": str(cast.other_agent.id)})
    await web.post(
        f"/tickets/{number}/comments", {"kind": "note", "text": f"@{cast.other_agent.user.full_name} see"}
    )
    web.client.cookies.clear()
    await web.sign_in(cast.other_agent)
    counters = (await web.get("/counters", headers=htmx("counters"))).text
    assert "2<span" in counters
    with counted() as log:
        page = (await web.get("/notifications")).text
    assert len(log) <= BUDGET, str(log)
    assert "gave you this ticket" in page
    assert "mentioned you" in page
    first = re.search(r'action="(/notifications/\d+/reading)"', page)
    assert first is not None
    gone = await web.post(first[1])
    assert gone.headers["location"].startswith(f"/tickets/{number}")
    assert "1<span" in (await web.get("/counters", headers=htmx("counters"))).text
    assert (await web.post(f"/tickets/{number}/reading", headers=htmx())).status_code == 204
    assert "unread" not in (await web.get("/counters", headers=htmx("counters"))).text
    assert (await web.post("/notifications/999/reading")).status_code == 404


async def test_telling_is_set_by_ticking(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    page = (await web.get("/settings/notifications")).text
    assert page.count('value="yes" checked') == 6
    saved = await web.post("/settings/notifications", {"assigned-page": "yes"})
    assert saved.headers["location"] == "/settings/notifications?saved=yes"
    page = (await web.get("/settings/notifications?saved=yes")).text
    assert page.count('value="yes" checked') == 1
    assert "Saved." in page


async def test_a_mailed_link_needs_no_sign_in_and_ends(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime, ticket: Ticket
) -> None:
    kept = runtime.files.put([b"<script>alert(1)</script>"])
    file = StoredFile("..;a.html", "text/html", kept.size, kept.checksum, kept.storage_key)
    attached = await desk.arun(SYSTEM, attach_file, ticket.id, file)
    assert runtime.settings.data_dir is not None
    namer = open_namer(runtime.settings.data_dir)
    answer = await web.get(file_link(namer, attached.id, clock.now() + LINK_LIFE))
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    plain, _, exact = answer.headers["content-disposition"].removeprefix("attachment; ").partition("; ")
    assert (plain, exact) == ('filename="_a.html"', "filename*=UTF-8''..%3Ba.html")
    for link in (file_link(namer, attached.id, clock.now()), file_link(namer, 999, clock.now() + LINK_LIFE)):
        assert (await web.get(link)).status_code == 404
    assert (await web.get("/mailed-files/1-2-x")).status_code == 404


async def test_every_recipient_is_told_of(web: Browser, cast: Cast, desk: Desk, ticket: Ticket) -> None:
    await web.sign_in(cast.agent)
    href = f"/tickets/{ticket.ticket_number}"
    await web.post(f"{href}/comments", {"text": "One", "to": cast.customer.email, "cc": "boss@x.example"})

    def bounce(session: DeskSession) -> None:
        mail = session.scalars(select(OutboundMail)).one()
        mail.state, mail.sent_at, mail.attempts = OutboundState.SENT, clock.now(), 1
        for one in session.scalars(select(OutboundRecipient)):
            one.state = RecipientState.ACCEPTED if one.kind == "to" else RecipientState.REFUSED
            one.answer = "250 ok" if one.kind == "to" else "550 no such user"

    await desk.arun(SYSTEM, bounce)
    page = (await web.get(href)).text
    assert 'data-state="sent"' in page
    assert "taken by their server" in page
    assert "550 no such user" in page


async def test_an_address_that_takes_no_mail_is_shown_and_cleared(
    web: Browser, cast: Cast, desk: Desk, ticket: Ticket
) -> None:
    gone = "gone+1@x.example"
    await web.sign_in(cast.agent)
    assert "Mail reaches everybody" in (await web.get("/outbox/bounced")).text

    def bounce(session: DeskSession) -> None:
        for number in range(30):
            session.add(
                BouncedAddress(email=f"{number}@x.example", status="5.1.1", diagnostic="<b>nobody</b>")
            )
        session.add(BouncedAddress(email=gone, status="5.1.1", diagnostic="no such user"))

    await desk.arun(SYSTEM, bounce)
    with counted() as log:
        shown = (await web.get("/outbox/bounced")).text
    assert len(log) <= BUDGET
    assert gone in shown
    assert "&lt;b&gt;nobody" in shown
    assert "/outbox/bounced" in (await web.get("/outbox")).text
    assert (await web.post("/outbox/bounced", {"email": gone})).status_code == 303
    assert gone not in (await web.get("/outbox/bounced")).text
    assert (await web.post("/outbox/bounced", {"email": gone})).status_code == 404
    await web.post("/sign-out")
    await web.sign_in(cast.light_agent)
    assert "Send there again" not in (await web.get("/outbox/bounced")).text
    assert (await web.post("/outbox/bounced", {"email": "1@x.example"})).status_code == 403
    await web.post("/sign-out")
    await web.sign_in(cast.customer)
    assert (await web.get("/outbox/bounced")).status_code == 403


async def test_a_reply_that_no_mailbox_sends_is_not_said_to_be_on_its_way(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    number = desk.run(SYSTEM, lambda session: make_ticket(session, cast.customer.id).ticket_number)
    await web.sign_in(cast.agent)
    sent = await web.post(f"/tickets/{number}/comments", {"kind": "reply", "text": "Hello"}, headers=htmx())
    assert "Your reply is on the ticket. It was not mailed: no mailbox of this desk sends." in sent.text
    assert "/retraction" not in sent.text
