"""Mails of which something cannot be seen, or whose sender is written in another way: kept, and no second account."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from ombud import Actor
from ombud.kit.vault import open_vault
from ombud.mail.actions import create_mailbox
from ombud.mail.actions.mailboxes import MailboxChanges
from ombud.mail.rules import Outcome
from ombud.models import Comment, MailField, MailRule, Tag, TicketParticipant, User
from tests.mail_desk.conftest import SUPPORT, PostOffice, letter


def _people(office: PostOffice) -> int:
    found: int = office.look(lambda session: session.scalar(select(func.count()).select_from(User)))
    return found


def test_a_letter_with_an_unseen_subject_is_not_lost(office: PostOffice) -> None:
    _, mail = office.deliver(letter("It burns.", subject="\u200b\u3164"))
    assert office.ticket(mail.ticket_id or 0).title == "(no subject)"


def test_a_sender_whose_name_cannot_be_seen_is_known_by_the_address(office: PostOffice) -> None:
    head = "From: =?utf-8?b?4oCL44Wk?= <eva@customer.example>\r\n"
    body = f"To: {SUPPORT}\r\nSubject: x\r\nMessage-ID: <n@x.example>\r\n\r\nHello"
    _, mail = office.deliver((head + body).encode())
    sender = office.look(lambda session: session.get(User, office.ticket(mail.ticket_id or 0).requester_id))
    assert (sender.email, sender.full_name) == ("eva@customer.example", "")


def test_an_answer_of_which_nothing_can_be_seen_is_kept_and_says_so(office: PostOffice) -> None:
    _, first = office.deliver(letter("It burns."))
    ticket = office.ticket(first.ticket_id or 0)
    blank = letter(
        "\u200b\u2060", message_id="<blank@customer.example>", In_Reply_To="<first@customer.example>"
    )
    assert office.ticket_of(blank) == ticket.id
    said = office.look(lambda session: session.scalars(select(Comment.content)).all())
    assert said == ["(no text)"]


@pytest.mark.parametrize("first", ["eva@bücher.example", "eva@xn--bcher-kva.example"])
def test_a_domain_in_either_spelling_is_the_same_person(office: PostOffice, first: str) -> None:
    """T21: mail names a domain in ASCII or, by SMTPUTF8, in UTF-8."""
    kept = []
    for number, sender in enumerate((first, "eva@bücher.example", "eva@XN--BCHER-KVA.example")):
        head = (
            f"From: {sender}\r\nTo: {SUPPORT}\r\nSubject: x\r\nMessage-ID: <i{number}@x.example>\r\n\r\nHello"
        )
        _, mail = office.deliver(head.encode())
        kept.append(office.ticket(mail.ticket_id or 0).requester_id)
    assert len(set(kept)) == 1


@pytest.mark.parametrize(
    ("sender", "is_known"),
    [
        ("eva@customer.example.", True),
        ("eva@\uff43ustomer.example", True),
        ("ev\u200ba@customer.example", False),
        ("eva@customer..example", False),
    ],
)
def test_another_spelling_of_an_address_is_the_same_person_or_waits(
    office: PostOffice, sender: str, is_known: bool
) -> None:
    """T21: no mail makes a second account that looks the same, and none is lost by its sender's address."""
    _, first = office.deliver(letter())
    before = _people(office)
    head = f"From: {sender}\r\nTo: {SUPPORT}\r\nSubject: Again\r\nMessage-ID: <again@x.example>\r\n\r\nHello"
    decision, mail = office.deliver(head.encode())
    assert _people(office) == before
    if is_known:
        assert (
            office.ticket(mail.ticket_id or 0).requester_id
            == office.ticket(first.ticket_id or 0).requester_id
        )
    else:
        assert decision is not None
        assert (decision.outcome, decision.code) == (Outcome.QUARANTINE, "no_sender")


@pytest.mark.parametrize("typed", ["hilfe@bücher.example", "Hilfe@XN--BCHER-KVA.example"])
def test_an_address_of_the_desk_is_the_same_in_either_spelling(
    office: PostOffice, tmp_path: Path, typed: str
) -> None:
    """Who sets it up types it, mail names it in UTF-8 or in ASCII: it comes in, and the desk does not follow itself."""
    fields: MailboxChanges = {"name": "Hilfe", "address": typed, "adds_followers": True}
    made = office.desk.run(Actor.system("test"), create_mailbox, fields, vault=open_vault(tmp_path))
    assert made.address == "hilfe@xn--bcher-kva.example"
    for number, to in enumerate(
        ("hilfe@bücher.example", "hilfe@xn--bcher-kva.example", "HILFE@BÜCHER.example")
    ):
        head = (
            f"From: eva@customer.example\r\nTo: {to}\r\nCc: Hilfe@bücher.example, max@bücher.example\r\n"
            f"Subject: x\r\nMessage-ID: <idn{number}@x.example>\r\n\r\nHello"
        )
        decision, mail = office.deliver(head.encode())
        assert mail.mailbox_id == made.id, to
        assert decision is not None
        followers = office.look(
            lambda session: session.scalars(
                select(User.email)
                .join(TicketParticipant)
                .where(TicketParticipant.ticket_id == mail.ticket_id)  # noqa: B023
            ).all()
        )
        assert followers == ["max@xn--bcher-kva.example"], to
    loop = "From: hilfe@bücher.example\r\nTo: hilfe@bücher.example\r\nSubject: x\r\nMessage-ID: <l@x>\r\n\r\nHello"
    decision, _mail = office.deliver(loop.encode())
    assert decision is not None
    assert (decision.outcome, decision.code) == (Outcome.IGNORE, "own_address")


@pytest.mark.parametrize(
    "pattern", ["*@bücher.example", "bücher.example", "@Bücher.example", "*@xn--bcher-kva.example"]
)
@pytest.mark.parametrize("field", [MailField.SENDER, MailField.RECIPIENT])
def test_a_rule_knows_a_domain_in_either_spelling(office: PostOffice, field: MailField, pattern: str) -> None:
    rule = MailRule(name="Books", field=field, pattern=pattern, tag="books")
    office.desk.run(Actor.system("test"), lambda session: session.add(rule))
    head = (
        f"From: eva@bücher.example\r\nTo: {SUPPORT}, max@bücher.example\r\nSubject: x\r\n"
        "Message-ID: <rule@x.example>\r\n\r\nHello"
    )
    _, mail = office.deliver(head.encode())
    assert office.look(lambda session: session.scalars(select(Tag.name)).all()) == ["books"], mail.steps
