"""Pairs that are kept apart: left out by every finder, by whose word, and back again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.curation import (
    LikePeople,
    LikeTickets,
    compare_people_again,
    compare_tickets_again,
    duplicate_people,
    duplicate_tickets,
    keep_people_apart,
    keep_tickets_apart,
    people_kept_apart,
    people_like,
    place_of,
    tickets_kept_apart,
    tickets_like,
)
from ombud.curation.rules import LIKELY
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.models import AuditLog, DistinctTickets
from ombud.testing import Cast, make_customer, make_ticket

SYSTEM = Actor.system("test")


@pytest.fixture
def ids(desk: Desk, cast: Cast) -> list[int]:
    """Three records of Ann; three tickets of hers, the last of a team that not everybody sees."""

    def make(session: Session) -> list[int]:
        anns = [make_customer(session, email=f"ann+{n}@example.com", full_name="Ann Lee").id for n in "abc"]
        words = {"title": "Printer prints empty pages", "description": "Since this morning."}
        teams = (None, None, cast.other_team.id)
        return [*anns, *(make_ticket(session, anns[0], team_id=team, **words).id for team in teams)]

    return desk.run(SYSTEM, make)


def people_found(desk: Desk, actor: Actor) -> list[tuple[int, int]]:
    with desk.read(actor) as session:
        return sorted((pair.person.id, pair.other.id) for pair in duplicate_people(session))


def tickets_found(desk: Desk, actor: Actor) -> list[tuple[int, int]]:
    with desk.read(actor) as session:
        return sorted((pair.ticket.id, pair.other.id) for pair in duplicate_tickets(session))


def test_the_finders_leave_out_what_is_kept_apart(desk: Desk, cast: Cast, ids: list[int]) -> None:
    a, b, c, one, two, three = ids
    agent = cast.agent.actor
    assert people_found(desk, agent) == [(a, b), (a, c), (b, c)]
    assert tickets_found(desk, agent) == [(one, two), (one, three), (two, three)]
    for _ in range(2):  # doing so twice is harmless
        desk.run(agent, keep_people_apart, b, a)
        desk.run(agent, keep_tickets_apart, three, one)
    assert people_found(desk, agent) == [(a, c), (b, c)]
    assert tickets_found(desk, agent) == [(one, two), (two, three)]
    with desk.read(agent) as session:
        assert [pair.other.id for pair in people_like(session, a)] == [c]
        assert [pair.other.id for pair in tickets_like(session, three)] == [two]
        assert people_kept_apart(session) == [(a, b)]
        assert people_kept_apart(session, after=(a, b)) == []
        assert tickets_kept_apart(session) == [(one, three)]
    with desk.read(SYSTEM) as session:
        counted = select(AuditLog.table_name, AuditLog.user_id, func.count()).group_by(
            AuditLog.table_name, AuditLog.user_id
        )
        log = session.execute(counted.where(AuditLog.table_name.startswith("distinct_"))).all()
    assert sorted(map(tuple, log)) == [
        ("distinct_people", cast.agent.id, 1),
        ("distinct_tickets", cast.agent.id, 1),
    ]
    desk.run(agent, compare_people_again, a, b)
    desk.run(agent, compare_tickets_again, one, three)
    assert len(people_found(desk, agent)) == len(tickets_found(desk, agent)) == 3


def test_every_pair_comes_by_from_page_to_page_and_has_the_score_of_its_reasons(
    desk: Desk, cast: Cast
) -> None:
    def make(session: Session) -> None:
        for n in range(15):
            for host in ("example.com", "gmail.com"):
                make_customer(
                    session, email=f"lou{n % 6}+{n}@{host}", full_name=f"Lou {host} Li" if n % 4 else ""
                )
        lou = make_customer(session, email="lou@other.example")
        for n in range(22):
            title = "Printer prints empty pages" + " again" * (n % 3)
            make_ticket(session, lou.id, title=title, description=f"Since this morning {n}.")

    desk.run(SYSTEM, make)
    with desk.read(cast.agent.actor) as session:
        for find, most in ((duplicate_people, 80), (duplicate_tickets, 200)):
            pairs: list[LikePeople | LikeTickets] = []
            while found := find(session, limit=most, after=place_of(pairs[-1]) if pairs else None):
                pairs += found
            places = [place_of(pair) for pair in pairs]
            assert places == sorted(set(places))
            assert len(places) > most
            assert pairs[0].likeness.score > pairs[-1].likeness.score >= LIKELY
        tickets = [pair for pair in pairs if isinstance(pair, LikeTickets)]
        assert len(tickets) == 22 * 21 / 2 - 1, "each beside the 20 before it"
        people = duplicate_people(session, limit=200)
        alone = {
            pair.other.id: pair.likeness for pair in people_like(session, people[0].person.id, limit=200)
        }
        seen = {pair.other.id: pair.likeness for pair in people if pair.person.id == people[0].person.id}
        assert seen
        assert seen == {key: alone[key] for key in seen}
        alone = {
            pair.other.id: pair.likeness for pair in tickets_like(session, tickets[0].ticket.id, limit=200)
        }
        seen = {pair.other.id: pair.likeness for pair in tickets if pair.ticket.id == tickets[0].ticket.id}
        assert seen == {key: alone[key] for key in seen}


def test_who_may_not_says_nothing(desk: Desk, cast: Cast, ids: list[int]) -> None:
    a, b, _, one, two, three = ids
    team = cast.team_agent.actor
    desk.run(cast.agent.actor, keep_tickets_apart, one, three)
    with desk.read(team) as session:
        assert tickets_kept_apart(session) == [], "one of them is not theirs to see"
        assert session.scalars(select(DistinctTickets)).all() == []
    refused: list[tuple[Actor, Callable[..., None], int, int, type[Exception]]] = [
        (team, keep_tickets_apart, two, three, NotFound),
        (team, compare_tickets_again, one, three, NotFound),
        (team, keep_tickets_apart, one, one, Invalid),
        (team, keep_people_apart, a, 10**9, NotFound),
        (team, compare_people_again, a, b, NotFound),
        (team, keep_people_apart, a, 0, NotFound),
        (cast.light_agent.actor, keep_people_apart, a, b, Forbidden),
        (cast.light_agent.actor, keep_tickets_apart, one, two, Forbidden),
        (cast.customer.actor, keep_people_apart, a, b, Forbidden),
        (cast.customer.actor, keep_tickets_apart, one, two, Forbidden),
    ]
    for actor, verb, first, second, error in refused:
        with pytest.raises(error):
            desk.run(actor, verb, first, second)
    with desk.read(cast.customer.actor) as session, pytest.raises(Forbidden):
        people_kept_apart(session)
