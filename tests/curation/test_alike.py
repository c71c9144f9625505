"""Pairs that the worker found and keeps: the same answers as by looking each time, and what is new is looked for."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.curation import (
    LikePeople,
    LikeTickets,
    compare_tickets_again,
    duplicate_people,
    duplicate_tickets,
    keep_alike,
    keep_people_apart,
    keep_tickets_apart,
    merge_people,
    merge_tickets,
    place_of,
)
from ombud.errors import Forbidden
from ombud.models import AlikeFinds, AlikePeople, AlikeTickets, Ticket, TicketStatus
from ombud.testing import Cast, ScratchDatabase, make_customer, make_ticket
from ombud.tickets import set_status, soft_delete_ticket

SYSTEM = Actor.system("test")
# As if the worker had looked so long ago. What was opened a minute before that counts as new.
JUST_NOW = "UPDATE ombud.alike_finds SET found_at = now() + interval '1 minute'"
A_WHILE = "UPDATE ombud.alike_finds SET found_at = now() - interval '61 seconds', seconds = 0.1"
TOO_LONG = "UPDATE ombud.alike_finds SET found_at = now() - interval '601 seconds', seconds = 0.1"
SLOW = "UPDATE ombud.alike_finds SET found_at = now() - interval '601 seconds', seconds = 20"

Pairs = tuple[list[LikePeople], list[LikeTickets]]


@pytest.fixture
def world(desk: Desk, cast: Cast) -> list[int]:
    """Customers of a few names and inboxes, and tickets of theirs in a few words, some of teams. Returns tickets."""
    chance = random.Random(5)

    def make(session: Session) -> list[int]:
        people = [
            make_customer(
                session,
                email=f"{chance.choice(['ann', 'bo', 'cleo'])}+{n}@{chance.choice(['a.example', 'b.example'])}",
                full_name=f"{chance.choice(['Ann', 'Bo', 'Cleo'])} {chance.choice(['Lee', 'Ng', 'Öz', 'Ito'])}",
            ).id
            for n in range(30)
        ]
        words = ["Printer prints empty pages", "Printer prints", "Where is my order?", "No sound"]
        return [
            make_ticket(
                session,
                chance.choice(people[:6]),
                title=chance.choice(words),
                description=" ".join(chance.choices(words, k=3)),
                team_id=chance.choice([None, None, cast.team.id, cast.other_team.id]),
            ).id
            for _ in range(60)
        ]

    return desk.run(SYSTEM, make)


def found(desk: Desk, actor: Actor) -> Pairs:
    """Return all pairs, page by page."""
    pages: Pairs = ([], [])
    with desk.read(actor) as session:
        while page := duplicate_people(session, limit=40, after=_last(pages[0])):
            pages[0].extend(page)
        while more := duplicate_tickets(session, limit=40, after=_last(pages[1])):
            pages[1].extend(more)
    return pages


def _last(pairs: list[LikePeople] | list[LikeTickets]) -> tuple[float, int, int] | None:
    return place_of(pairs[-1]) if pairs else None


def test_the_same_before_and_after_and_with_what_is_new(
    desk: Desk, cast: Cast, database: ScratchDatabase, world: list[int]
) -> None:
    actors = [cast.admin.actor, cast.team_agent.actor]
    before = [found(desk, actor) for actor in actors]
    assert len(before[0][0]) > 20
    assert len(before[0][1]) > len(before[1][1]) > 20
    assert desk.run(SYSTEM, keep_alike) > 40
    database.execute(JUST_NOW)
    assert [found(desk, actor) for actor in actors] == before

    def more(session: Session) -> None:
        twin = make_customer(session, email="ann+new@a.example", full_name="Cleo Ito")
        make_customer(session, email="bo@b.example", full_name="")
        for word in ("once", "again"):
            make_ticket(session, twin.id, title="Printer prints", description=f"Nothing {word}.")

    desk.run(SYSTEM, more)
    together = [found(desk, actor) for actor in actors]
    assert len(together[0][0]) > len(before[0][0])
    assert len(together[0][1]) == len(before[0][1]) + 1
    database.execute(TOO_LONG)
    assert [found(desk, actor) for actor in actors] == together, "all looked for"
    assert desk.run(SYSTEM, keep_alike) > 0
    database.execute(JUST_NOW)
    assert [found(desk, actor) for actor in actors] == together, "all kept"


def test_what_is_kept_is_what_is_read(
    desk: Desk, cast: Cast, database: ScratchDatabase, world: list[int]
) -> None:
    """Rows that nobody would find show that they are read, and from when on they are not."""
    desk.run(SYSTEM, keep_alike)
    database.execute(JUST_NOW)
    database.execute(
        "UPDATE ombud.alike_people SET score = 0.77; UPDATE ombud.alike_tickets SET score = 0.77"
    )
    assert _scores(desk, cast.admin.actor) == {0.77}
    with desk.read(cast.admin.actor) as session:
        assert {pair.likeness.score for pair in duplicate_tickets(session, days=4, limit=200)} != {0.77}
        assert {pair.likeness.score for pair in duplicate_tickets(session, within=31, limit=200)} != {0.77}
        assert {pair.likeness.score for pair in duplicate_tickets(session, least=0.4, limit=200)} != {0.77}
        assert {pair.likeness.score for pair in duplicate_people(session, least=0.4, limit=200)} != {0.77}
    database.execute(SLOW)
    assert {pair.likeness.score for pair in found(desk, cast.admin.actor)[0]} == {0.77}, (
        "a large desk has longer"
    )
    database.execute(TOO_LONG)
    assert 0.77 not in _scores(desk, cast.admin.actor), "no worker comes by any more"


def _scores(desk: Desk, actor: Actor) -> set[float]:
    people, tickets = found(desk, actor)
    return {pair.likeness.score for pair in people} | {pair.likeness.score for pair in tickets}


def test_what_is_done_gone_or_told_apart_since_is_left_out(
    desk: Desk, cast: Cast, database: ScratchDatabase
) -> None:
    def make(session: Session) -> tuple[list[int], list[int]]:
        anns = [
            make_customer(session, email=f"ann+{n}@example.com", full_name="Ann Lee").id for n in range(5)
        ]
        words = {"title": "Printer prints empty pages", "description": "Since this morning."}
        return anns, [make_ticket(session, anns[0], **words).id for _ in range(7)]

    anns, tickets = desk.run(SYSTEM, make)
    desk.run(SYSTEM, keep_alike)
    database.execute(JUST_NOW)
    agent = cast.agent.actor

    def gone(change: Callable[[Session], object]) -> set[tuple[int, int]]:
        before = _ids(found(desk, agent))
        desk.run(cast.admin.actor, change)
        after = _ids(found(desk, agent))
        assert after < before
        return before - after

    one, two, three, four, five, six, seven = tickets
    assert gone(lambda s: keep_tickets_apart(s, one, two)) == {(one, two)}
    assert gone(lambda s: keep_people_apart(s, anns[0], anns[1])) == {(anns[0], anns[1])}
    assert gone(lambda s: set_status(s, seven, TicketStatus.RESOLVED)) == {
        (each, seven) for each in tickets[:6]
    }
    assert gone(lambda s: soft_delete_ticket(s, one)) == {(one, each) for each in tickets[2:6]}
    assert gone(lambda s: merge_tickets(s, [two], three)) == {(two, each) for each in tickets[2:6]}
    assert gone(lambda s: s.execute(update(Ticket).where(Ticket.id == six).values(requester_id=anns[1]))) == {
        (three, six),
        (four, six),
        (five, six),
    }
    assert gone(lambda s: merge_people(s, [anns[4]], anns[3])) == {(each, anns[4]) for each in anns[:4]}
    desk.run(cast.admin.actor, compare_tickets_again, one, two)
    desk.run(cast.admin.actor, set_status, seven, TicketStatus.OPEN)
    assert (three, seven) in _ids(found(desk, agent)), "not done after all"


def _ids(pairs: Pairs) -> set[tuple[int, int]]:
    people, tickets = pairs
    return {(a.person.id, a.other.id) for a in people} | {(b.ticket.id, b.other.id) for b in tickets}


def test_it_is_looked_for_again_when_it_is_time_and_once_at_a_time(
    desk: Desk, cast: Cast, database: ScratchDatabase, world: list[int]
) -> None:
    assert desk.run(SYSTEM, keep_alike) > 40
    database.execute("UPDATE ombud.alike_people SET names = 0, score = 0.5; DELETE FROM ombud.alike_tickets")
    assert desk.run(SYSTEM, keep_alike) == 0, "not before a minute is over"
    database.execute("UPDATE ombud.alike_finds SET found_at = now() - interval '61 seconds', seconds = 10")
    assert desk.run(SYSTEM, keep_alike) == 0, "not before fifty times as long as it took"
    database.execute(A_WHILE)
    with desk.begin(SYSTEM) as session:
        assert keep_alike(session) > 40
        assert desk.run(SYSTEM, keep_alike) == 0, "one at a time"
        desk.run(
            cast.admin.actor, lambda s: s.execute(select(Ticket.id).with_for_update()).all()
        )  # no one waits
    database.execute(A_WHILE)
    assert desk.run(SYSTEM, keep_alike) == 0, "nothing has changed"
    with desk.read(SYSTEM) as session:
        ages = session.scalars(select(func.extract("epoch", func.now() - AlikeFinds.found_at))).all()
    assert len(ages) == 2
    assert max(ages) < 30, "it has been looked, though"


def test_who_sends_a_thousand_tickets_makes_no_million_pairs(desk: Desk, cast: Cast) -> None:
    def make(session: Session) -> None:
        monitor = make_customer(session).id
        for number in range(60):
            make_ticket(session, monitor, title="Disk is full", description=f"On host {number}.")

    desk.run(SYSTEM, make)
    _, tickets = found(desk, cast.agent.actor)
    assert len(tickets) == 60 * 20 - 20 * 21 / 2


def test_kept_pairs_are_for_staff_who_see_both_and_written_by_nobody(
    desk: Desk, cast: Cast, world: list[int]
) -> None:
    desk.run(SYSTEM, keep_alike)
    shown = select(AlikeTickets.ticket_id, AlikeTickets.other_id)
    with desk.read(cast.admin.actor) as session:
        all_pairs = set(session.execute(shown).all())
    with desk.read(cast.team_agent.actor) as session:
        mine = set(session.execute(text("SELECT id FROM ombud.tickets")).scalars())
        seen = set(session.execute(shown).all())
    assert set() < seen == {pair for pair in all_pairs if mine.issuperset(pair)} < all_pairs
    with desk.read(cast.customer.actor) as session:
        for table in (AlikePeople, AlikeTickets, AlikeFinds):
            assert session.scalars(select(table)).all() == []
        with pytest.raises(Forbidden):
            duplicate_tickets(session)
    for row in (insert(AlikePeople).values(user_id=1, other_id=2, names=1, score=1), delete(AlikeTickets)):
        with pytest.raises(Forbidden), desk.begin(SYSTEM) as session:
            session.execute(row)
