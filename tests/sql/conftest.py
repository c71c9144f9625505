"""Small desks at random, and what a plain loop in Python says of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from ombud import Actor, Desk, DeskSession, Ticket, TicketChannel, TicketPriority, TicketStatus
from ombud.models import INCLUDE_DELETED, TicketParticipant
from ombud.testing import Cast, ScratchServer, make_cast, make_comment, make_customer, make_tag, stored_file
from ombud.tickets import add_tags, attach_file
from ombud.tickets.filters import ME, UNASSIGNED, TicketFilter

TICKETS = 60
WORDS = ("apple", "berry", "cherry", "damson", "elder")
TAGS = ("Fire", "hall", "printer")
START = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEM = Actor.system("test")


@dataclass
class Facts:
    """One ticket as brute force sees it."""

    row: Ticket
    public: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    followers: set[int] = field(default_factory=set)
    has_file: bool = False
    has_public_file: bool = False


@dataclass
class Sample:
    """A desk, its people, and the facts of all its tickets by id."""

    desk: Desk
    cast: Cast
    people: list[Any]
    facts: dict[int, Facts]


@pytest.fixture(scope="module", params=[1, 2])
def sample(request: pytest.FixtureRequest, postgres: ScratchServer) -> Iterator[Sample]:
    with postgres.database() as database, Desk(database.url) as desk:
        cast = desk.run(SYSTEM, make_cast)
        people = [
            cast.customer.user,
            cast.colleague.user,
            cast.other_customer.user,
            desk.run(SYSTEM, make_customer),
        ]
        facts = desk.run(SYSTEM, _fill, cast, people, random.Random(request.param))
        yield Sample(desk, cast, people, facts)


def _fill(session: DeskSession, cast: Cast, people: list[Any], chance: random.Random) -> dict[int, Facts]:
    for tag in TAGS:
        make_tag(session, tag)
    rows = [_row(cast, people, chance, number) for number in range(TICKETS)]
    ids = session.scalars(insert(Ticket).returning(Ticket.id, sort_by_parameter_order=True), rows).all()
    facts: dict[int, Facts] = {}
    for number, ticket_id in enumerate(ids):
        if number == TICKETS // 2:
            session.execute(text("SELECT ombud.index_search_tail(1000)"))
        facts[ticket_id] = _say(session, ticket_id, cast, chance)
    session.execute(text("UPDATE ombud.tickets SET deleted_at = now() WHERE id % 9 = 0"))
    # Ties in every order: a comment has moved the times, so they are set again, coarsely.
    session.execute(
        text(
            "UPDATE ombud.tickets SET last_activity_at = timestamptz '2026-02-01' + (id % 7) * interval '1 day'"
        )
    )
    session.flush()
    session.expire_all()
    everything = select(Ticket).execution_options(**{INCLUDE_DELETED: True})
    for row in session.scalars(everything):
        facts[row.id].row = row
        for words in (facts[row.id].public, facts[row.id].words):
            words.update(row.title.split())
            words.update(row.description.split())
    return facts


def _row(cast: Cast, people: list[Any], chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "title": " ".join([f"t{number}", *chance.sample(WORDS, 1)]),
        "description": " ".join(chance.sample(WORDS, chance.randrange(2))),
        "status": chance.choice(list(TicketStatus)),
        "priority": chance.choice(list(TicketPriority)),
        "channel": chance.choice(list(TicketChannel)),
        "requester_id": chance.choice(people).id,
        "creator_id": cast.agent.id,
        "assignee_id": chance.choice([None, None, cast.agent.id, cast.other_agent.id, cast.team_agent.id]),
        "team_id": chance.choice([None, cast.team.id, cast.other_team.id]),
        "created_at": START + timedelta(days=chance.randrange(10)),
    }


def _say(session: DeskSession, ticket_id: int, cast: Cast, chance: random.Random) -> Facts:
    facts = Facts(row=Ticket())
    for is_internal in chance.choices([True, False], k=chance.randrange(3)):
        word = chance.choice(WORDS)
        comment = make_comment(session, ticket_id, cast.agent.user, word, is_internal=is_internal)
        if ticket_id % 3 == 0:
            attach_file(session, ticket_id, stored_file(), comment_id=comment.id)
            facts.has_file = True
            facts.has_public_file |= not is_internal
        facts.words.add(word)
        if not is_internal:
            facts.public.add(word)
    names = chance.sample(TAGS, chance.randrange(3))
    if names:
        add_tags(session, ticket_id, names)
        facts.tags = {name.lower() for name in names}
    if chance.random() < 0.3:
        session.add(TicketParticipant(ticket_id=ticket_id, user_id=cast.customer.id))
        facts.followers.add(cast.customer.id)
    if chance.random() < 0.3:
        attach_file(session, ticket_id, stored_file())
        facts.has_file = facts.has_public_file = True
    return facts


def is_visible(facts: Facts, actor: Actor) -> bool:
    """Say who sees a ticket, from the requirements."""
    row, follows = facts.row, actor.user_id in facts.followers
    match actor.scope.value:
        case "all":
            return True
        case "teams":
            own = row.assignee_id == actor.user_id or row.team_id is None
            return own or row.team_id in actor.team_ids or follows
    shared = actor.organization_id is not None and row.organization_id == actor.organization_id
    return row.deleted_at is None and (row.requester_id == actor.user_id or shared or follows)


def matches(facts: Facts, wanted: TicketFilter, actor: Actor) -> bool:
    """Say whether a ticket is wanted, condition by condition."""
    row = facts.row
    known = facts.words if actor.is_staff else facts.public
    tags = facts.tags if actor.is_staff else set()
    conditions = (
        is_visible(facts, actor),
        (row.deleted_at is not None) == wanted.deleted,
        wanted.statuses is None or row.status in wanted.statuses,
        wanted.priorities is None or row.priority in wanted.priorities,
        wanted.channels is None or row.channel in wanted.channels,
        wanted.team_ids is None or row.team_id in wanted.team_ids,
        wanted.assignees is None or _assigned(row, wanted.assignees, actor),
        wanted.tags is None or (bool(wanted.tags) and {tag.strip().lower() for tag in wanted.tags} <= tags),
        wanted.requester_id is None or row.requester_id == wanted.requester_id,
        wanted.organization_id is None or row.organization_id == wanted.organization_id,
        _within(row.created_at, wanted.created_from, wanted.created_to),
        _within(row.last_activity_at, wanted.updated_from, wanted.updated_to),
        _within(row.resolved_at, wanted.resolved_from, wanted.resolved_to),
        not wanted.has_attachment or (facts.has_file if actor.is_staff else facts.has_public_file),
        not wanted.overdue or not row.status.is_done,  # all of them are older than a week
        wanted.text is None or set(wanted.text.split()) <= known,
        not any(matches(facts, replace(one, deleted=wanted.deleted), actor) for one in wanted.without),
    )
    return all(conditions)


def _assigned(row: Ticket, assignees: tuple[Any, ...], actor: Actor) -> bool:
    ids = {actor.user_id if one == ME else one for one in assignees if one != UNASSIGNED}
    return (row.assignee_id is None and UNASSIGNED in assignees) or (
        row.assignee_id is not None and row.assignee_id in ids
    )


def _within(value: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    if start is None and end is None:
        return True
    return value is not None and (start is None or value >= start) and (end is None or value < end)
