"""Letters that the desk sends by itself: no storm, no loop, no victim (TRUST.md T60, T65, R25, R26)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ombud import Actor, Desk, clock
from ombud.config import Settings
from ombud.files import open_store
from ombud.mail.actions import Acknowledge, claim_automatic_letter, forget_old_letters
from ombud.mail.outgoing.acknowledging import Acknowledging
from ombud.mail.rules import PER_HOUR, TOTAL_PER_HOUR, AnswerFacts, may_answer_automatically
from ombud.mail.tokens import TicketNamer, without_tag
from ombud.models import AutomaticKind, AutomaticMail, InboundMail, Mailbox, MailSource, Security
from ombud.testing import ScratchServer
from ombud.worker.intake import Intake
from ombud.worker.mail_out import Sender
from tests.mail_desk.conftest import CONNECT, SUPPORT, PostOffice, letter
from tests.mail_desk.receiving import ReceivingServer

SYSTEM = Actor.system("test")
ACK = AutomaticKind.ACKNOWLEDGEMENT
NOON = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
"""Soon: what the database writes by its own clock is not later."""


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        ({"address": ""}, "no address"),
        ({"is_own_address": True}, "our own"),
        ({"classification": "auto_reply"}, "auto_reply"),
        ({"classification": "list"}, "list"),
        ({"classification": "bounce"}, "bounce"),
        ({"classification": "spam"}, "spam"),
        ({"has_null_sender": True}, "null sender"),
        ({"address": "no-reply@shop.example"}, "nobody reads"),
        ({"address": "mailer-daemon@mx.example"}, "nobody reads"),
        ({"bounces": True}, "came back"),
        ({"on_ticket": 1}, "on this ticket within a day"),
        ({"acknowledged": 3}, "within a day"),
        ({"to_address": PER_HOUR}, "within an hour"),
        ({"in_total": TOTAL_PER_HOUR}, "within an hour"),
    ],
)
def test_what_is_not_answered(facts: dict[str, Any], because: str) -> None:
    allowed, step = may_answer_automatically(AnswerFacts(**{"address": "eva@customer.example", **facts}))
    assert not allowed
    assert because in step.result


def test_an_ordinary_message_is_answered() -> None:
    allowed, step = may_answer_automatically(AnswerFacts(address="eva@customer.example"))
    assert allowed
    assert "eva@customer.example" in step.result


def test_one_victim_of_ten_thousand_forms_gets_three_letters(office: PostOffice) -> None:
    """Their address is typed in again and again, in every spelling, for every kind of letter (R26)."""
    victim, kinds = "victim@else.example", list(AutomaticKind)

    def flood(session: Session) -> int:
        sent = 0
        for number in range(300):
            address = victim.upper() if number % 2 else f" {victim} "
            sent += claim_automatic_letter(session, address, kinds[number % len(kinds)])[0]
        return sent

    with clock.frozen(NOON):
        assert sum(office.desk.run(SYSTEM, flood) for _ in range(3)) == 3
    with clock.frozen(NOON + timedelta(minutes=61)):
        assert office.desk.run(SYSTEM, claim_automatic_letter, victim, AutomaticKind.VERIFICATION)[0]


def test_all_together_have_a_limit_too(office: PostOffice) -> None:
    def many(session: Session) -> tuple[bool, bool]:
        session.add_all(
            AutomaticMail(address=f"{n}@x.example", kind=ACK, sent_at=clock.now())
            for n in range(TOTAL_PER_HOUR - 1)
        )
        session.flush()
        return tuple(claim_automatic_letter(session, f"y{n}@x.example", ACK)[0] for n in range(2))  # type: ignore[return-value]  # two

    with clock.frozen(NOON):
        assert office.desk.run(SYSTEM, many) == (True, False)
    with clock.frozen(NOON + timedelta(days=3)):
        assert office.desk.run(SYSTEM, forget_old_letters) == TOTAL_PER_HOUR


class Party:
    """A desk with an address, that acknowledges as its outbox will: the letter goes to the other party."""

    def __init__(self, desk: Desk, folder: Path, address: str, *, honest: bool, names: bool) -> None:
        self.address, self.honest, self.names = address, honest, names
        self.namer = TicketNamer(address.encode().ljust(32, b"k"))
        self.sent: list[EmailMessage] = []
        self.intake = Intake(
            desk, open_store(folder / "files", limit=10**8), self.namer, acknowledge=self._acknowledge
        )
        desk.run(SYSTEM, lambda s: s.add(Mailbox(name="Box", address=address)))

    def take(self, message: EmailMessage) -> None:
        received = self.intake.receive(message.as_bytes(), MailSource.PIPE)
        if received.mail_id is not None:
            self.intake.decide(received.mail_id)

    def _acknowledge(self, _session: Session, mail: InboundMail, ticket_id: int) -> bool:
        answer = EmailMessage()
        answer["From"], answer["To"] = self.address, mail.sender_email
        answer["Subject"] = f"We have your message ({len(self.sent)})"
        domain = self.address.partition("@")[2]
        answer["Message-ID"] = (
            f"<{self.namer.message_id(domain, ticket_id)}>" if self.names else f"<{len(self.sent)}@{domain}>"
        )
        if self.names:
            answer["In-Reply-To"] = f"<{mail.message_id}>"
        if self.honest:
            answer["Auto-Submitted"] = "auto-replied"
        answer.set_content(f"It is number {len(self.sent)} today.")
        self.sent.append(answer)
        return True


@contextmanager
def two_desks(
    postgres: ScratchServer, desk: Desk, folder: Path, **kind: bool
) -> Iterator[tuple[Party, Party]]:
    with postgres.database() as database, Desk(database.url, Settings()) as other:
        yield (
            Party(desk, folder / "one", "help@one.example", **kind),
            Party(other, folder / "two", "help@two.example", **kind),
        )


@pytest.mark.parametrize(
    ("honest", "names"), [(True, True), (False, True), (False, False)], ids=["honest", "unmarked", "nameless"]
)
def test_two_desks_that_face_each_other_stop(
    postgres: ScratchServer, desk: Desk, tmp_path: Path, honest: bool, names: bool
) -> None:
    """A day of two desks that answer each other; the worst of them marks nothing and names nothing (R25)."""
    with two_desks(postgres, desk, tmp_path, honest=honest, names=names) as (one, two):
        first = letter(sender=two.address, to=one.address, message_id="<begin@two.example>")
        post: list[tuple[Party, EmailMessage]] = [(one, first)]
        for hour in range(24):
            with clock.frozen(NOON + timedelta(hours=hour)):
                for _ in range(20):
                    if not post:
                        break
                    party, message = post.pop(0)
                    before = len(party.sent)
                    party.take(message)
                    other = two if party is one else one
                    post += [(other, answer) for answer in party.sent[before:]]
        assert post == []
        assert len(one.sent) <= 3
        assert len(two.sent) <= 3
        if names:
            assert 1 + len(one.sent) + len(two.sent) <= 3


def test_two_real_desks_exchange_three_letters_in_a_day(
    postgres: ScratchServer, desk: Desk, receiving: ReceivingServer, tmp_path: Path
) -> None:
    """As above with nothing made up: acknowledgements from the outbox, by SMTP, read by the other one (R25)."""
    with postgres.database() as database, Desk(database.url, Settings()) as other:
        sides = {}
        for own, address in ((desk, "help@one.example"), (other, "help@two.example")):
            with own.begin(SYSTEM) as session:
                session.add(
                    Mailbox(
                        name="Box",
                        address=address,
                        smtp_host="127.0.0.1",
                        smtp_port=receiving.port,
                        smtp_security=Security.PLAIN,
                    )
                )
            files, namer = (
                open_store(tmp_path / address, limit=10**8),
                TicketNamer(address.encode().ljust(32, b"k")),
            )
            intake = Intake(own, files, namer, acknowledge=Acknowledging(namer))
            sides[address] = (intake, Sender(own, files, namer, connect=CONNECT))
        first = letter(sender="help@two.example", to="help@one.example", message_id="<begin@two.example>")
        sides["help@one.example"][0].receive(first.as_bytes(), MailSource.PIPE)
        handed = 0
        for hour in range(24):
            with clock.frozen(NOON + timedelta(hours=hour)):
                for intake, sender in sides.values():
                    intake.decide_waiting()
                    asyncio.run(_send(sender))
                for sent in receiving.post.letters[handed:]:
                    sides[without_tag(sent.recipients[0])][0].receive(sent.raw, MailSource.PIPE)
                handed = len(receiving.post.letters)
    assert 1 <= handed <= 2, "the first letter, its acknowledgement, and at most one more"


async def _send(sender: Sender) -> None:
    await sender.run_until_idle()
    await sender.close()


def _noting(sent: list[int]) -> Acknowledge:
    def note(_session: Session, _mail: InboundMail, ticket_id: int) -> bool:
        sent.append(ticket_id)
        return True

    return note


def test_a_vacation_with_fresh_names_is_answered_at_most_once_a_ticket(
    office: PostOffice, tmp_path: Path
) -> None:
    sent: list[int] = []
    office.intake._acknowledge = _noting(sent)
    for number in range(10):
        away = letter(
            "I am away until Monday.",
            message_id=f"<away-{number}@c.example>",
            subject="Out of office: Printer",
            Auto_Submitted="auto-replied",
        )
        office.deliver(away)
    assert sent == []
    office.deliver(letter(message_id="<hello@c.example>"))
    assert len(sent) == 1
    steps = office.look(lambda s: s.get_one(InboundMail, 11)).steps
    assert steps[-1] == {"step": "answer", "result": "an automatic answer goes to eva@customer.example"}


def test_a_mailbox_that_does_not_acknowledge_sends_nothing(office: PostOffice) -> None:
    sent: list[int] = []
    office.intake._acknowledge = _noting(sent)

    def quiet(session: Session) -> None:
        session.get_one(Mailbox, office.mailbox.id).acknowledges = False

    office.desk.run(SYSTEM, quiet)
    office.deliver(letter(to=SUPPORT))
    assert sent == []


def test_a_desk_without_a_mailbox_that_sends_says_so(office: PostOffice) -> None:
    office.intake._acknowledge = Acknowledging(office.intake.namer)
    _, arrived = office.deliver(letter(to=SUPPORT))
    assert arrived.steps[-1] == {
        "step": "answer",
        "result": "no automatic answer: no mailbox of this desk sends mail",
    }
    assert office.look(lambda s: s.scalars(select(AutomaticMail.id)).all()) == [], "nothing is counted"
