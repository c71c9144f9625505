"""Forty tickets whose texts are known: what a search must find is what a loop over them finds."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from ombud import Actor, Desk, DeskSession, Ticket, TicketChannel, TicketPriority, TicketStatus, User
from ombud.models import INCLUDE_DELETED, Comment
from ombud.testing import Cast, ScratchServer, make_cast, make_comment, make_ticket, stored_file
from ombud.tickets import add_tags, attach_file
from tests.sql.conftest import Facts

SYSTEM = Actor.system("test")
START = datetime(2026, 1, 1, tzinfo=UTC)
WHO = ("admin", "agent", "team_agent", "customer", "colleague", "other_customer")
# Latin with accents, Greek, Cyrillic, Arabic, Hangul, Chinese, Japanese; some begin like others.
WORDS = (
    "drucker", "Druckerei", "Büro", "naïve", "über", "cafe", "εκτυπωτη", "δικτυο", "принтер", "ошибка", "طابعة",
    "شبكة", "프린터", "오류", "数据库", "据说", "データ", "消失",
)  # fmt: skip
SIGNS = ("100%", "a_b", "C:\\", "50 % off", "x\\y", "(sic)", "O'Neil")
TAGS = ("fire", "hall")


@dataclass
class Told:
    """A ticket's texts in the order of its document: those that everybody reads, and notes."""

    facts: Facts
    requester: list[str]
    head: list[str]
    comments: list[tuple[str, bool]]

    def texts(self, actor: Actor) -> list[str]:
        said = [text for text, is_internal in self.comments if actor.is_staff or not is_internal]
        return [*self.head, *said]

    def words(self, actor: Actor) -> list[list[str]]:
        """The words of each text; an address is a word. Names are found by words only."""
        name, email = self.requester
        return [*map(_tokens_of, self.texts(actor)), [*_tokens_of(name), email.lower()]]


@dataclass
class Library:
    desk: Desk
    cast: Cast
    told: list[Told]


def is_cjk(letter: str) -> bool:
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff"


def folded(word: str) -> str:
    """Lower case, without the accents of Latin letters."""
    plain = unicodedata.normalize("NFD", word.lower())
    kept = "".join(letter for letter in plain if not "\u0300" <= letter <= "\u036f")
    return unicodedata.normalize("NFC", kept)


def tokens(texts: list[str]) -> list[str]:
    spaced = "".join(
        f" {letter} " if is_cjk(letter) else letter
        for letter in unicodedata.normalize("NFC", " ".join(texts))
    )
    return [folded(token) for token in re.split(r"[\W_]+", spaced) if token]


def _tokens_of(text_: str) -> list[str]:
    return tokens([text_])


@contextmanager
def library_on(postgres: ScratchServer) -> Iterator[Library]:
    """Forty tickets; some are indexed, some fresh, some fresh again after they had been indexed."""
    chance = random.Random(7)
    with postgres.database() as database, Desk(database.url) as desk:
        cast = desk.run(SYSTEM, make_cast)
        ids = [desk.run(SYSTEM, _tell, cast, chance, number) for number in range(24)]
        desk.run(SYSTEM, lambda s: s.execute(text("SELECT ombud.index_search_tail(1000)")))
        ids += [desk.run(SYSTEM, _tell, cast, chance, number) for number in range(24, 40)]
        for ticket_id in ids[:8]:
            desk.run(SYSTEM, _say, cast, chance, ticket_id)
        with desk.begin(SYSTEM) as session:
            session.execute(text("UPDATE ombud.comments SET content = 'drucker 消失' WHERE id % 11 = 0"))
            session.execute(text("UPDATE ombud.tickets SET deleted_at = now() WHERE id % 13 = 0"))
        with desk.read(SYSTEM) as session:
            told = [_told(session, ticket_id) for ticket_id in ids]
        yield Library(desk, cast, told)


def _tell(session: DeskSession, cast: Cast, chance: random.Random, number: int) -> int:
    people = (cast.customer, cast.colleague, cast.other_customer)
    ticket = make_ticket(
        session,
        chance.choice(people).user,
        title=" ".join(chance.sample(WORDS, 2)),
        description=" ".join([*chance.sample(WORDS, 3), chance.choice(SIGNS)]),
        status=(
            status := chance.choice([TicketStatus.OPEN, TicketStatus.IN_PROGRESS, TicketStatus.RESOLVED])
        ),
        priority=chance.choice(list(TicketPriority)),
        channel=list(TicketChannel)[number % 4],
        assignee_id=chance.choice([None, cast.agent.id, cast.team_agent.id]),
        team_id=chance.choice([None, cast.team.id, cast.other_team.id]),
    )
    session.execute(
        text("UPDATE ombud.tickets SET created_at = :at WHERE id = :id"),
        {"at": START + timedelta(days=number % 10), "id": ticket.id},
    )
    if status.is_done:
        session.execute(
            text("UPDATE ombud.tickets SET resolved_at = created_at + interval '3 days' WHERE id = :id"),
            {"id": ticket.id},
        )
    if number % 3 == 0:
        add_tags(session, ticket.id, [TAGS[number // 3 % 2]])
    said = [_say(session, cast, chance, ticket.id) for _ in range(number % 3)]
    if number % 4 == 0:
        attach_file(session, ticket.id, stored_file())
    elif number % 4 == 1 and said:  # a note's is not for customers
        attach_file(session, ticket.id, stored_file(), comment_id=said[-1].id)
    return ticket.id


def _say(session: DeskSession, cast: Cast, chance: random.Random, ticket_id: int) -> Comment:
    words = " ".join([*chance.sample(WORDS, 2), *chance.choices([*SIGNS, ""], k=1)])
    return make_comment(session, ticket_id, cast.agent.user, words, is_internal=chance.random() < 0.5)


def _told(session: DeskSession, ticket_id: int) -> Told:
    statement = select(Ticket).where(Ticket.id == ticket_id).execution_options(**{INCLUDE_DELETED: True})
    row = session.scalars(statement).one()
    said = session.scalars(select(Comment).where(Comment.ticket_id == ticket_id).order_by(Comment.id)).all()
    facts = Facts(row=row)
    facts.tags = set(
        session.scalars(
            text(
                "SELECT name FROM ombud.tags t JOIN ombud.ticket_tags x ON x.tag_id = t.id WHERE ticket_id = :id"
            ),
            {"id": ticket_id},
        )
    )
    notes = {comment.id for comment in said if comment.is_internal}
    files = session.execute(
        text("SELECT comment_id FROM ombud.attachments WHERE ticket_id = :id"), {"id": ticket_id}
    )
    of = set(files.scalars())
    facts.has_file, facts.has_public_file = bool(of), bool(of - notes)
    return Told(
        facts,
        list(session.execute(select(User.full_name, User.email).where(User.id == row.requester_id)).one()),
        [row.ticket_number, row.title, row.description],
        [(comment.content, comment.is_internal) for comment in said],
    )
