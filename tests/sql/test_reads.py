"""Reads that answer with objects: everything loaded, bounded, in a fixed number of statements, of one moment."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from ombud import Actor, Ticket, TicketPriority, TicketStatus
from ombud.errors import Invalid
from ombud.people.reads import get_user_with_tickets
from ombud.testing import Cast, Perform, counted, make_comment, make_ticket, stored_file
from ombud.tickets import add_tags, attach_file, bulk_create_tickets, queries, soft_delete_ticket
from ombud.tickets.filters import ME, UNASSIGNED, Place, TicketFilter, TicketSort
from ombud.tickets.policy import visible_to
from ombud.tickets.reads import (
    FoundTickets,
    find_ticket,
    get_tickets_with_details,
    search_tickets,
    whole,
)

TAGS = ("red", "green")


def small_desk(session: Session, /, cast: Cast, count: int = 12) -> None:
    rows: list[dict[str, Any]] = [
        {
            "title": f"{'printer' if n % 2 else 'scanner'} {n}",
            "requester_id": (cast.customer if n % 3 else cast.other_customer).id,
            "status": list(TicketStatus)[n % 5],
            "priority": list(TicketPriority)[n % 4],
            "assignee_id": (None, cast.agent.id, cast.other_agent.id)[n % 3],
            "team_id": (None, cast.team.id, cast.other_team.id)[n % 3],
            "tags": [tag for place, tag in enumerate(TAGS) if n & (place + 1)],
        }
        for n in range(count)
    ]
    ids = [key for key in bulk_create_tickets(session, rows).ids if key is not None]
    for key in ids[::4]:
        soft_delete_ticket(session, key)


def pages(session: Session, /, limit: int, **conditions: Any) -> list[FoundTickets]:
    found = [search_tickets(session, limit=limit, **conditions)]
    while found[-1].next_cursor is not None:
        found.append(search_tickets(session, limit=limit, cursor=found[-1].next_cursor, **conditions))
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    term=st.sampled_from([None, "printer", "scan"]),
    statuses=st.none() | st.lists(st.sampled_from(TicketStatus), max_size=3),
    priority=st.none() | st.sampled_from(TicketPriority),
    assignee=st.sampled_from([None, ME, UNASSIGNED, 10**9]),
    tags=st.none() | st.lists(st.sampled_from(["red", "GREEN"]), max_size=2),
    data=st.data(),
)
def test_every_combination_equals_brute_force_page_by_page(
    perform: Perform,
    cast: Cast,
    *,
    term: Any,
    statuses: Any,
    priority: Any,
    assignee: Any,
    tags: Any,
    data: Any,
) -> None:
    if not perform(Actor.system("test"), lambda s: s.scalar(select(Ticket.id).limit(1))):
        perform(Actor.system("test"), small_desk, cast)
    actor = data.draw(st.sampled_from([cast.agent, cast.team_agent, cast.customer])).actor

    def compare(session: Session) -> None:
        expected = [
            ticket.id
            for ticket in session.scalars(queries.ticket_details().where(visible_to(actor)))
            if ticket.deleted_at is None
            and (term is None or term in ticket.title)
            and (statuses is None or ticket.status in statuses)
            and (priority is None or ticket.priority is priority)
            and (assignee != ME or ticket.assignee_id == actor.user_id)
            and (assignee != UNASSIGNED or ticket.assignee_id is None)
            and assignee != 10**9
            and (tags is None or (tags and {t.lower() for t in tags} <= {t.name for t in ticket.tags}))
        ]
        if actor is cast.customer.actor and tags:
            expected = []  # tags are the desk's own
        session.expunge_all()
        found = pages(
            session,
            data.draw(st.sampled_from([1, 2, 100])),
            search_term=term,
            status_list=statuses,
            priority=priority,
            assignee_id=assignee,
            tags=tags,
        )
        ids = [ticket.id for page in found for ticket in page.tickets]
        assert ids == sorted(expected, reverse=True)
        assert {(page.total, page.is_more) for page in found} == {(len(expected), False)}

    perform(actor, compare)


def test_what_was_typed_is_a_parameter_and_words_of_ours_are_none(cast: Cast) -> None:
    """One statement for whatever is searched for; what is always asked for in the same words keeps its plan."""
    actor, place = cast.agent.actor, Place(TicketSort.CREATED)
    asked = [
        queries.page_asked_for(actor, TicketFilter(text=words, substring=part), place)
        for words, part in (("printer", "50 % off"), ("it's", "1/2_x"), ("printer", "42"), (None, "off"))
    ]
    statements, parameters = zip(*asked, strict=True)
    assert statements[0] is statements[1]
    assert len({id(statement) for statement in statements}) == 3, (
        "a part without letters is compared in another way"
    )
    assert parameters[1] == {"words": "it's", "part": "1/2_x", "like": "%1//2/_x%"}
    for wanted, has_parameters in (
        (TicketFilter(statuses=(TicketStatus.OPEN,)), False),
        (TicketFilter(requester_id=1), True),
    ):
        statement, given = queries.page_asked_for(actor, wanted, place)
        compiled = statement.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        state = compiled.construct_expanded_state(compiled.construct_params(given))
        assert bool(state.parameters) is has_parameters


def test_tags_do_not_multiply_tickets(perform: Perform, cast: Cast, system: Actor) -> None:
    """Ten tickets with three tags each are ten, on two pages that share none of them."""
    tags = ["red", "green", "blue"]
    rows = [{"title": f"{n}", "requester_id": cast.customer.id, "tags": tags} for n in range(10)]
    ids = perform(system, bulk_create_tickets, rows).ids
    found = perform(cast.agent.actor, pages, 6, tags=tags)
    assert [(page.total, len(page.tickets)) for page in found] == [(10, 6), (10, 4)]
    assert {ticket.id for page in found for ticket in page.tickets} == set(ids)


def test_a_capped_total_says_so(
    perform: Perform, cast: Cast, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform(system, small_desk, cast)  # nine of twelve are left
    for cap, expected in ((8, (8, True)), (9, (9, False))):
        monkeypatch.setattr("ombud.tickets.queries.lists.COUNTER_CAP", cap)
        monkeypatch.setattr("ombud.tickets.reads.find.COUNTER_CAP", cap)
        found = perform(cast.agent.actor, search_tickets, limit=1)
        assert (found.total, found.is_more) == expected


def rich_ticket(session: Session, /, cast: Cast) -> int:
    ticket = make_ticket(session, cast.customer.id, assignee_id=cast.agent.id, team_id=cast.team.id)
    make_comment(session, ticket, cast.customer.id, "first")
    make_comment(
        session, ticket, cast.agent.id, "between us", is_internal=True, files=[stored_file("secret.txt")]
    )
    make_comment(session, ticket, cast.agent.id, "answer", files=[stored_file("answer.txt")])
    attach_file(session, ticket.id, stored_file("own.txt"))
    add_tags(session, ticket.id, ["b", "a"])
    return ticket.id


def told(page: FoundTickets) -> list[tuple[Any, ...]]:
    """Everything that a reader would touch: with lazy="raise" whatever is missing would fail."""
    return [
        (
            ticket.requester.full_name,
            ticket.creator.full_name,
            ticket.assignee.full_name if ticket.assignee else None,
            ticket.team.name if ticket.team else None,
            [tag.name for tag in ticket.tags],
            [(comment.content, comment.author.full_name) for comment in ticket.comments],
            [file.file_name for file in ticket.attachments],
        )
        for ticket in page.tickets
    ]


def test_details_are_all_there_and_only_what_the_reader_may_see(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    perform(system, rich_ticket, cast)
    ((*people, tags, comments, files),) = told(perform(cast.agent.actor, get_tickets_with_details))
    assert people == ["Carla Customer", "Carla Customer", "Agnes Agent", "Support"]
    assert tags == ["a", "b"]
    assert comments == [
        ("first", "Carla Customer"), ("between us", "Agnes Agent"), ("answer", "Agnes Agent"),
    ]  # fmt: skip
    assert files == ["secret.txt", "answer.txt", "own.txt"]
    ((*_people, tags, comments, files),) = told(perform(cast.customer.actor, get_tickets_with_details))
    assert tags == []
    assert [content for content, _author in comments] == ["first", "answer"]
    assert files == ["answer.txt", "own.txt"]
    assert told(perform(cast.other_customer.actor, get_tickets_with_details)) == []


def test_details_cost_the_same_for_one_and_for_thirty(perform: Perform, cast: Cast, system: Actor) -> None:
    costs = []
    for count in (1, 29):
        for _ in range(count):
            perform(system, rich_ticket, cast)
        with counted() as log:
            told(perform(cast.agent.actor, get_tickets_with_details))
        costs.append(len(log))
    assert costs[0] == costs[1] <= 7, "a savepoint, the context, two, two about plans, its release"


def test_details_can_be_asked_for_by_status_and_leave_deleted_ones_out(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    perform(system, small_desk, cast)
    found = perform(cast.agent.actor, get_tickets_with_details, TicketStatus.IN_PROGRESS)
    assert {ticket.status for ticket in found.tickets} == {TicketStatus.IN_PROGRESS}
    everything = perform(cast.agent.actor, get_tickets_with_details)
    assert len(everything.tickets) == everything.total == 9
    ids = [ticket.id for ticket in everything.tickets]
    assert ids == sorted(ids, reverse=True), "newest first"


def test_comments_of_a_long_conversation_are_the_last_ones(
    perform: Perform, cast: Cast, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "COMMENTS_EACH", 2)
    perform(system, rich_ticket, cast)
    (ticket,) = perform(cast.agent.actor, get_tickets_with_details).tickets
    assert [comment.content for comment in ticket.comments] == ["between us", "answer"]


def test_what_was_filled_in_is_not_written_back(
    perform: Perform, cast: Cast, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collection cut short must not make the ORM believe that the rest was removed."""
    perform(system, rich_ticket, cast)

    def read_and_change(session: Session) -> None:
        (ticket,) = get_tickets_with_details(session).tickets
        ticket.title = "Another"
        session.flush()

    with monkeypatch.context() as patch:
        patch.setattr(whole, "COMMENTS_EACH", 1)
        perform(cast.agent.actor, read_and_change)
    ((*_people, tags, comments, files),) = told(perform(cast.agent.actor, get_tickets_with_details))
    assert (len(tags), len(comments), len(files)) == (2, 3, 3)


def test_a_person_with_their_tickets(perform: Perform, cast: Cast, system: Actor) -> None:
    def prepare(session: Session) -> tuple[list[int], int]:
        made = [rich_ticket(session, cast) for _ in range(3)]
        soft_delete_ticket(session, made[1])
        return made, make_ticket(session, cast.other_customer.id, assignee_id=cast.agent.id).id

    made, other = perform(system, prepare)
    customer = perform(cast.agent.actor, get_user_with_tickets, cast.customer.id)
    assert customer is not None
    assert [ticket.id for ticket in customer.tickets_created] == [made[2], made[0]]
    assert customer.tickets_created[0].comments[0].author.full_name == "Carla Customer"
    assert customer.tickets_assigned == []
    agent = perform(cast.agent.actor, get_user_with_tickets, cast.agent.id, limit=2)
    assert agent is not None
    assert [ticket.id for ticket in agent.tickets_assigned] == [other, made[2]]
    seen = perform(cast.customer.actor, get_user_with_tickets, cast.agent.id)
    assert seen is not None
    assert [ticket.id for ticket in seen.tickets_assigned] == [made[2], made[0]]
    for nobody in (10**9, 0, -1, 2**70):
        assert perform(cast.agent.actor, get_user_with_tickets, nobody) is None
    assert perform(cast.customer.actor, get_user_with_tickets, cast.other_customer.id) is None
    with pytest.raises(Invalid):
        perform(cast.agent.actor, get_user_with_tickets, cast.agent.id, limit=10_000)


def test_a_person_costs_the_same_with_many_tickets(perform: Perform, cast: Cast, system: Actor) -> None:
    costs = []
    for count in (1, 29):
        for _ in range(count):
            perform(system, rich_ticket, cast)
        with counted() as log:
            perform(cast.agent.actor, get_user_with_tickets, cast.customer.id)
        costs.append(len(log))
    assert costs[0] == costs[1] <= 9


def test_one_ticket_by_its_number(perform: Perform, cast: Cast, system: Actor) -> None:
    ticket = perform(system, rich_ticket, cast)
    number = perform(system, lambda s: s.get_one(Ticket, ticket).ticket_number)

    def names(session: Session) -> tuple[str, list[str]] | None:
        found = find_ticket(session, number)
        return None if found is None else (found.requester.full_name, [tag.name for tag in found.tags])

    with counted() as log:
        assert perform(cast.agent.actor, names) == ("Carla Customer", ["a", "b"])
    assert len(log) <= 6, "a savepoint, the context, one, two about plans, its release"
    assert perform(cast.other_customer.actor, names) is None
    assert perform(cast.agent.actor, find_ticket, "no such number") is None
