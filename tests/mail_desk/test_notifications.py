"""Agents are told: what they were given, who answered, who named them; in the page, by mail, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ombud import Actor, Comment, clock
from ombud.errors import Forbidden, NotFound
from ombud.models import Notification, NotificationKind
from ombud.notifications import (
    change_settings,
    mail_notifications,
    mark_all_read,
    mark_notification_read,
    mark_ticket_read,
    queries,
)
from ombud.notifications.rules import mentioned
from ombud.testing import Persona, frozen
from ombud.tickets import add_comment, assign, bulk_assign_tickets
from tests.mail_desk.conftest import SUPPORT, OutTray, PostOffice, letter


def told(tray: OutTray, who: Persona) -> list[tuple[NotificationKind, int]]:
    with tray.desk.read(who.actor) as session:
        found = session.scalars(queries.notifications_of(who.id))
        return [(one.kind, one.ticket_id) for one in reversed(found.all())]


def mail_later(tray: OutTray) -> list[str]:
    """Turn into mail what nobody read for a while, and return to whom it went."""
    with frozen(clock.now() + timedelta(minutes=1)):
        tray.desk.run(Actor.system("test"), mail_notifications, tray.namer)
        return [sent.recipients[0] for sent in tray.send()]


def test_who_is_given_a_ticket_is_told_and_who_takes_one_is_not(tray: OutTray) -> None:
    agent, other = tray.cast.agent, tray.cast.other_agent
    ticket = tray.open_ticket()
    tray.desk.run(agent.actor, assign, ticket.id, agent.id)
    tray.desk.run(agent.actor, assign, ticket.id, other.id)
    tray.desk.run(agent.actor, assign, ticket.id, other.id)
    assert told(tray, agent) == []
    assert told(tray, other) == [(NotificationKind.ASSIGNED, ticket.id)]


def test_an_answer_of_the_customer_is_told_to_the_assignee_only(tray: OutTray) -> None:
    ticket = tray.open_ticket(assignee_id=tray.cast.other_agent.id)
    tray.desk.run(tray.cast.customer.actor, add_comment, ticket.id, "Any news?")
    kinds = [kind for kind, _ in told(tray, tray.cast.other_agent)]
    assert kinds == [NotificationKind.ASSIGNED, NotificationKind.REPLIED]
    assert told(tray, tray.cast.agent) == []
    with tray.desk.read(tray.cast.customer.actor) as session:
        assert session.scalar(select(func.count()).select_from(Notification)) == 0, "customers see none"


def test_a_name_in_a_note_tells_its_owner(tray: OutTray) -> None:
    ticket = tray.open_ticket(team_id=tray.cast.other_team.id)
    cast = tray.cast
    words = (
        f"@{cast.other_agent.user.full_name}, look; @{cast.team_agent.user.full_name} may not; a@bert.example"
    )
    tray.answer(ticket, words, is_internal=True)
    assert told(tray, cast.other_agent) == [(NotificationKind.MENTIONED, ticket.id)]
    assert told(tray, cast.team_agent) == [], "the ticket is another team's"


@pytest.mark.parametrize(
    ("note", "ids"),
    [
        ("@Ann Lee please", [2]),
        ("@ann, please", [1]),
        ("(@ANN)", [1]),
        ("@annabel", []),
        ("mail ann@ann.example", []),
        ("@ann.lee @ann", [2, 1]),
        ("@ann @ann", [1]),
        ("@", []),
        ("@李雷 你好", [3]),
    ],
)
def test_who_is_mentioned(note: str, ids: list[int]) -> None:
    staff = [(1, "Ann", "ann@x.example"), (2, "Ann  Lee", "ann.lee@x.example"), (3, "李雷", "li@x.example")]
    assert mentioned(note, staff) == ids


def test_each_way_of_telling_can_be_switched_off(tray: OutTray) -> None:
    other = tray.cast.other_agent
    tray.desk.run(other.actor, change_settings, NotificationKind.ASSIGNED, by_mail=False)
    tray.open_ticket(assignee_id=other.id)
    assert len(told(tray, other)) == 1
    assert mail_later(tray) == []
    tray.desk.run(other.actor, change_settings, NotificationKind.ASSIGNED, in_page=False, by_mail=True)
    tray.open_ticket(assignee_id=other.id)
    assert len(told(tray, other)) == 1
    assert mail_later(tray) == [other.email]
    tray.desk.run(other.actor, change_settings, NotificationKind.ASSIGNED, by_mail=False)
    tray.open_ticket(assignee_id=other.id)
    assert len(told(tray, other)) == 1
    assert mail_later(tray) == []
    with pytest.raises(Forbidden):
        tray.desk.run(tray.cast.customer.actor, change_settings, NotificationKind.ASSIGNED, by_mail=False)


def test_who_has_seen_it_gets_no_mail(tray: OutTray) -> None:
    other = tray.cast.other_agent
    seen, unseen = (tray.open_ticket(assignee_id=other.id) for _ in range(2))
    assert tray.desk.run(other.actor, mark_ticket_read, seen.id) == 1
    assert mail_later(tray) == [other.email]
    assert mail_later(tray) == [], "once"
    (told_mail,) = tray.outbox()
    assert told_mail.ticket_id == unseen.id
    assert tray.desk.run(other.actor, mark_all_read) == 1


def test_notifications_are_ones_own(tray: OutTray) -> None:
    tray.open_ticket(assignee_id=tray.cast.other_agent.id)
    with tray.desk.read(tray.cast.other_agent.actor) as session:
        number = session.scalars(select(Notification.id)).one()
    with pytest.raises(NotFound):
        tray.desk.run(tray.cast.agent.actor, mark_notification_read, number)
    assert tray.desk.run(tray.cast.other_agent.actor, mark_notification_read, number).read_at is not None


def test_many_at_once_are_told_in_the_page_only(tray: OutTray) -> None:
    tickets = [tray.open_ticket() for _ in range(21)]
    other = tray.cast.other_agent
    tray.desk.run(tray.cast.agent.actor, bulk_assign_tickets, [one.id for one in tickets], other.id)
    assert len(told(tray, other)) == 21
    assert mail_later(tray) == []


def test_a_mail_about_a_note_is_answered_with_a_note(tray: OutTray, office: PostOffice) -> None:
    """Automatic, without a return address; and no program can send what is internal to the customer."""
    ticket = tray.open_ticket(title="Printer")
    other = tray.cast.other_agent
    tray.answer(ticket, f"@{other.user.full_name}: what now?", is_internal=True)
    assert mail_later(tray) == [other.email]
    sent = tray.post.letters[-1]
    headers = {name.lower(): value for name, value in sent.parsed.headers}
    assert sent.sender == ""
    assert headers["auto-submitted"] == "auto-generated"
    assert sent.parsed.subject == f"[{ticket.ticket_number}] Printer"
    assert sent.parsed.sender is not None
    assert sent.parsed.sender.email == sent.parsed.reply_to[0].email, "also for programs that ignore Reply-To"
    answer = letter(
        "Water it.",
        sender=other.email,
        to=sent.parsed.reply_to[0].email,
        message_id="<answer@people.example>",
        In_Reply_To=f"<{sent.parsed.message_id}>",
        Authentication_Results=f"mx.desk.example; dmarc=pass header.from={other.email.partition('@')[2]}",
    )
    assert office.ticket_of(answer, mailbox_id=tray.mailbox.id) == ticket.id
    with tray.desk.read(other.actor) as session:
        last = session.scalars(select(Comment).order_by(Comment.id.desc())).first()
    assert last is not None
    assert (last.content, last.author_id, last.is_internal) == ("Water it.", other.id, True)
    assert tray.send() == []


def test_a_mail_about_an_answer_is_answered_to_the_customer(tray: OutTray, office: PostOffice) -> None:
    other = tray.cast.other_agent
    ticket = tray.open_ticket(assignee_id=other.id)
    tray.desk.run(other.actor, mark_all_read)
    tray.desk.run(tray.cast.customer.actor, add_comment, ticket.id, "Any news?")
    assert mail_later(tray) == [other.email]
    sent = tray.post.letters[-1].parsed
    assert "Any news?" in sent.text
    good = f"mx.desk.example; dmarc=pass header.from={other.email.partition('@')[2]}"
    for verdict, reaches in (("mx.desk.example; dmarc=fail", False), (good, True)):
        answer = letter(
            "Soon.",
            sender=other.email,
            to=sent.reply_to[0].email,
            message_id=f"<{reaches}@people.example>",
            Authentication_Results=verdict,
        )
        office.deliver(answer, mailbox_id=tray.mailbox.id)
        arrived = tray.send()
        assert [one.recipients for one in arrived] == ([(tray.cast.customer.email,)] if reaches else [])
    assert arrived[0].parsed.sender is not None
    assert arrived[0].parsed.sender.email == SUPPORT


def test_where_no_mailbox_sends_nobody_is_mailed(tray: OutTray) -> None:
    tray.retire()
    tray.open_ticket(assignee_id=tray.cast.other_agent.id)
    assert mail_later(tray) == []
    assert tray.outbox() == []
