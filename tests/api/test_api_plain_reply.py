"""Comments that are written the short way: the same answer, rows, mail, notifications and refusals as the usual way."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.plain import ANSWER
from ombud.db.statements import counted
from ombud.models import (
    BouncedAddress,
    Mailbox,
    MailReference,
    Notification,
    OutboundMail,
    OutboundRecipient,
    TeamMember,
    TicketParticipant,
)
from ombud.testing import Cast, make_ticket
from ombud.tickets import soft_delete_ticket
from tests.api.plainly import Client, audited

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
NOTE = {"content": " Between  us:\r\n“quoted” \\ <b> \x7f ", "is_internal": True}
REPLY = {"content": "Here it is."}


def _asked(session: DeskSession, cast: Cast) -> str:
    """Make a ticket with a follower and an assignee who is told of replies."""
    ticket = make_ticket(
        session, cast.customer.id, title="Re: Aw: Where is it?", assignee_id=cast.other_agent.id
    )
    session.add(TicketParticipant(ticket_id=ticket.id, user_id=cast.colleague.id))
    session.flush()
    return ticket.ticket_number


def _sending(session: DeskSession) -> None:
    session.add(Mailbox(name="Support", address="support@desk.example", smtp_host="smtp.desk.example"))


def _caused(session: DeskSession, comment_id: int) -> list[tuple[Any, ...]]:
    """Return what a comment caused, without what is its own."""
    mails = session.scalars(select(OutboundMail).where(OutboundMail.comment_id == comment_id)).all()
    found: list[tuple[Any, ...]] = []
    for mail in mails:
        people = session.execute(
            select(
                OutboundRecipient.user_id,
                OutboundRecipient.kind,
                OutboundRecipient.email,
                OutboundRecipient.name,
                OutboundRecipient.state,
            )
            .where(OutboundRecipient.mail_id == mail.id)
            .order_by(OutboundRecipient.id)
        )
        known = session.scalars(
            select(MailReference.comment_id).where(MailReference.message_id == mail.message_id)
        )
        before = [one for one in mail.thread if one == mail.in_reply_to]
        what = (mail.kind, mail.mailbox_id, mail.subject, mail.state, mail.problem, mail.attempts)
        name = mail.message_id.partition("@")[2] or mail.message_id == f"comment-{comment_id}"
        thread = (len(mail.thread), bool(mail.in_reply_to), before[-1:] == mail.thread[-1:])
        came = [one == comment_id for one in known]
        found += [(*what, name, *thread, came), *(tuple(one) for one in people)]
    told = select(Notification.user_id, Notification.kind, Notification.in_page, Notification.by_mail)
    rows = session.execute(told.where(Notification.comment_id == comment_id))
    return found + [tuple(row) for row in rows]


@pytest.mark.parametrize("sends", [False, True])
async def test_a_comment_is_written_alike(
    agent: httpx.AsyncClient, usual: Client, desk: Desk, cast: Cast, sends: bool
) -> None:
    if sends:
        desk.run(SYSTEM, _sending)
    await agent.get("me")
    await agent.get("me")
    clients = agent, usual(cast.agent)
    numbers = [desk.run(SYSTEM, _asked, cast) for _ in clients]
    for body in (NOTE, REPLY, REPLY):
        answers, statements = [], []
        for client, number in zip(clients, numbers, strict=True):
            with counted() as log:
                answers.append(await client.post(f"tickets/{number}/comments", json=body))
            statements.append(log.statements)
        one, other = answers
        assert one.status_code == other.status_code == 201
        assert statements[0] == [ANSWER] * 2
        assert ANSWER not in statements[1]
        ours, theirs = one.json(), other.json()
        own = dict.fromkeys(("id", "created_at", "updated_at"))
        assert ours | own == theirs | own
        assert list(ours) == list(theirs)
        place = one.headers["location"]
        assert place == f"/api/v1/tickets/{numbers[0]}/comments/{ours['id']}"
        assert (await agent.get(place.removeprefix("/api/v1/"))).text == one.text
        rows = [desk.run(SYSTEM, audited, answer) for answer in answers]
        assert rows[0]
        assert rows[0] == rows[1]
        left = [desk.run(SYSTEM, _caused, answer.json()["id"]) for answer in answers]
        assert left[0] == left[1]
        assert bool(left[0]) is (body is REPLY)
        assert len(left[0]) == (4 if sends else 2) or body is NOTE


async def test_what_is_not_as_usual_is_done_and_refused_as_ever(
    agent: httpx.AsyncClient, caller: Client, desk: Desk, cast: Cast
) -> None:
    desk.run(SYSTEM, _sending)
    light, customer, team = caller(cast.light_agent), caller(cast.customer), caller(cast.team_agent)
    for client in (agent, light, customer, team):
        await client.get("me")
        await client.get("me")
    number, gone = (desk.run(SYSTEM, _asked, cast) for _ in range(2))

    def prepare(session: DeskSession) -> str:
        soft_delete_ticket(session, _id(session, gone))
        team_ticket = make_ticket(session, cast.customer.id, team_id=cast.team.id)
        for member in session.scalars(select(TeamMember).where(TeamMember.user_id == cast.team_agent.id)):
            member.reads_only = True
        session.flush()
        return team_ticket.ticket_number

    only_read = desk.run(SYSTEM, prepare)
    for client, place, body, status in (
        (agent, number, {}, 422),
        (agent, number, {"content": " "}, 422),
        (agent, number, REPLY | {"more": 1}, 422),
        (agent, "none", REPLY, 404),
        (agent, gone, REPLY, 409),
        (light, number, REPLY, 403),
        (light, number, NOTE, 201),
        (team, only_read, REPLY, 403),
        (team, only_read, NOTE, 201),
        (customer, number, REPLY, 201),
        (customer, number, NOTE, 403),
        (agent, number, REPLY | {"status_after": "resolved"}, 201),
        (agent, number, REPLY | {"delivery": {"to": ["new@customer.example"]}}, 201),
        (agent, number, NOTE | {"content": f"@{cast.other_agent.user.full_name} look"}, 201),
    ):
        answer = await client.post(f"tickets/{place}/comments", json=body)
        assert answer.status_code == status, (place, body, answer.text)

    def bounce(session: DeskSession) -> None:
        session.add(BouncedAddress(email=cast.customer.user.email.lower()))

    desk.run(SYSTEM, bounce)
    answer = await agent.post(f"tickets/{number}/comments", json=REPLY)
    states = {row[4] for row in desk.run(SYSTEM, _caused, answer.json()["id"])[1:3]}
    assert states == {"bounced", "pending"}


def _id(session: DeskSession, number: str) -> int:
    from ombud.models import Ticket

    return session.scalars(select(Ticket.id).where(Ticket.ticket_number == number)).one()
