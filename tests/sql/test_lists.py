"""Lists equal a plain loop over all tickets, for every filter, person, order and page size."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ombud import TicketChannel, TicketPriority, TicketStatus
from ombud.errors import Invalid
from ombud.kit.cursor import encode_cursor
from ombud.testing import Persona
from ombud.tickets import ME, UNASSIGNED, View, queries
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.listing import list_tickets
from ombud.tickets.queries import lists, summed
from tests.sql.conftest import START, TAGS, WORDS, Facts, Sample, matches

WHO = ("admin", "agent", "other_agent", "team_agent", "customer", "colleague", "other_customer")


def _some(values: Any) -> st.SearchStrategy[tuple[Any, ...] | None]:
    return st.none() | st.lists(st.sampled_from(list(values)), max_size=3, unique=True).map(tuple)


def _moment() -> st.SearchStrategy[datetime | None]:
    return st.none() | st.integers(-1, 45).map(lambda day: START + timedelta(days=day))


def _one_or_two(given: dict[str, Any]) -> TicketFilter:
    return TicketFilter(**dict(list(given.items())[:2]))


# Ids are small here, so these name people, teams and organizations that exist, and some that do not.
filters = st.builds(
    TicketFilter,
    text=st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
    statuses=_some(TicketStatus),
    priorities=_some(TicketPriority),
    channels=_some(TicketChannel),
    assignees=_some([ME, UNASSIGNED, 2, 3, 4, 999]),
    team_ids=_some([1, 2, 999]),
    tags=_some([*TAGS, TAGS[0].upper(), f" {TAGS[1]} ", "unknown"]),
    requester_id=st.none() | st.integers(6, 10),
    organization_id=st.none() | st.integers(1, 2),
    created_from=_moment(),
    created_to=_moment(),
    updated_from=_moment(),
    updated_to=_moment(),
    has_attachment=st.booleans(),
    overdue=st.booleans(),
    deleted=st.booleans(),
)
# Most filters above match nothing; of these, one or two conditions at once.
sparse = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(WORDS),
        "statuses": _some(TicketStatus),
        "priorities": _some(TicketPriority),
        "assignees": _some([ME, UNASSIGNED, 2, 3]),
        "team_ids": _some([1, 2]),
        "tags": _some(TAGS),
        "requester_id": st.integers(6, 9),
        "created_from": _moment(),
        "updated_to": _moment(),
        "resolved_from": _moment(),
        "deleted": st.booleans(),
    },
).map(_one_or_two)
places = st.builds(
    Place,
    sort=st.sampled_from([sort for sort in TicketSort if sort is not TicketSort.RANK]),
    ascending=st.booleans(),
    limit=st.integers(8, 40),
)


# Fitting words is an order of its own: tests/search/test_search_tickets.py.
SORTS = [sort for sort in TicketSort if sort is not TicketSort.RANK]


def _key(facts: Facts, sort: TicketSort) -> tuple[Any, ...]:
    row = facts.row
    match sort:
        case TicketSort.ACTIVITY:
            return (row.last_activity_at, row.id)
        case TicketSort.CREATED:
            return (row.created_at, row.id)
        case TicketSort.PRIORITY:
            return (row.priority.rank, row.last_activity_at, row.id)
        case TicketSort.RANK:
            raise NotImplementedError


def _expected(sample: Sample, person: Persona, wanted: TicketFilter, place: Place) -> list[int]:
    found = [facts for facts in sample.facts.values() if matches(facts, wanted, person.actor)]
    found.sort(key=lambda facts: _key(facts, place.sort), reverse=not place.ascending)
    return [facts.row.id for facts in found]


def _walk(
    sample: Sample, person: Persona, wanted: TicketFilter, place: Place
) -> tuple[list[int], int | None]:
    """Return the ids of all pages, one after the other, and the total of the first."""
    ids: list[int] = []
    total = None
    with sample.desk.read(person.actor) as session:
        while True:
            page = list_tickets(session, wanted, place, counted=total is None)
            total = page.total if total is None else total
            assert len(page.rows) <= place.limit
            assert page.next_cursor is None or len(page.rows) == place.limit
            ids += [row.id for row in page.rows]
            if page.next_cursor is None:
                return ids, total
            place = Place(place.sort, place.ascending, place.limit, page.next_cursor)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(wanted=TicketFilter(has_attachment=True), who="customer", place=Place(limit=40))
@example(wanted=TicketFilter(has_attachment=True), who="other_customer", place=Place(limit=40))
@given(wanted=filters | sparse, who=st.sampled_from(WHO), place=places)
def test_pages_are_what_brute_force_finds(
    sample: Sample, wanted: TicketFilter, who: str, place: Place
) -> None:
    person: Persona = getattr(sample.cast, who)
    expected = _expected(sample, person, wanted, place)
    assert _walk(sample, person, wanted, place) == (expected, len(expected))


@pytest.mark.parametrize(("sort", "ascending"), list(product(SORTS, (False, True))))
@pytest.mark.parametrize("limit", [1, 7])
def test_pages_part_the_list_in_every_order_with_ties(
    sample: Sample, sort: TicketSort, ascending: bool, limit: int
) -> None:
    place, person = Place(sort, ascending, limit), sample.cast.agent
    expected = _expected(sample, person, TicketFilter(), place)
    keys = [_key(sample.facts[id_], sort)[:-1] for id_ in expected]
    assert len(set(keys)) < len(keys) / 2, "there are ties to break"
    assert _walk(sample, person, TicketFilter(), place)[0] == expected


def test_rows_say_what_the_ticket_is(sample: Sample) -> None:
    with sample.desk.read(sample.cast.agent.actor) as session:
        page = list_tickets(session, TicketFilter(), Place(limit=100))
    names = {sample.cast.team.id: "Support", sample.cast.other_team.id: "Billing", None: None}
    for row in page.rows:
        facts = sample.facts[row.id]
        assert row.title == facts.row.title
        assert {tag["name"].lower() for tag in row.tags} == facts.tags
        assert row.team_name == names[facts.row.team_id]
        assert row.requester_email == next(p.email for p in sample.people if p.id == facts.row.requester_id)
        assert (row.assignee_name is None) == (facts.row.assignee_id is None)


@pytest.mark.parametrize("few", [summed.FEW_CHANGES, -1], ids=["summed", "walked"])
def test_counters_count_what_the_views_list(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(summed, "FEW_CHANGES", few)
    for who in WHO:
        person: Persona = getattr(sample.cast, who)
        with sample.desk.read(person.actor) as session:
            counted = session.execute(queries.view_counters(person.actor)).one()._mapping
            totals = {
                view: session.scalar(queries.count_matching(person.actor, view.narrowed(TicketFilter())))
                for view in View
                if person.actor.is_staff or view is not View.MINE
            }
        for view in View:
            wanted = view.narrowed(TicketFilter())
            expected = len(_expected(sample, person, wanted, Place()))
            assert counted[view.value] == expected, (who, view)
            assert totals.get(view, expected) == expected, (who, view)


def test_counters_stop_at_the_cap(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNTER_CAP", 5)
    with sample.desk.read(sample.cast.agent.actor) as session:
        counted = session.execute(queries.view_counters(sample.cast.agent.actor)).one()
        total = list_tickets(session, TicketFilter(), Place(limit=1), counted=True).total
    assert max(counted) == 5
    assert total == 6, "one more than the cap says that there are more"


@pytest.mark.parametrize(
    "values",
    [
        (START, 2**62),
        (START + timedelta(days=10**6), 1),
        (datetime.max.replace(tzinfo=START.tzinfo), 1),
        (datetime.min.replace(tzinfo=START.tzinfo), 1),
    ],
)
def test_a_cursor_of_another_time_is_a_place_like_any(sample: Sample, values: tuple[Any, ...]) -> None:
    place = Place(cursor=encode_cursor("-activity", values))
    with sample.desk.read(sample.cast.agent.actor) as session:
        assert isinstance(list_tickets(session, TicketFilter(), place).rows, tuple)


@pytest.mark.parametrize("sort", SORTS)
def test_a_cursor_of_another_order_or_of_nobody_is_refused(sample: Sample, sort: TicketSort) -> None:
    forged = [encode_cursor("-activity", (1, 2)), encode_cursor(f"-{sort.value}", ("x", "y")), "e30", "é"]
    for cursor in [*forged, encode_cursor(sort.value, (START, 1))]:
        with (
            pytest.raises(Invalid) as caught,
            sample.desk.read(sample.cast.agent.actor) as session,
        ):
            list_tickets(session, TicketFilter(), Place(sort, cursor=cursor))
        assert list(caught.value.fields) == ["cursor"]


def test_huge_priorities_in_a_cursor_are_refused(sample: Sample) -> None:
    cursor = encode_cursor("-priority", (2**40, START, 1))
    with pytest.raises(Invalid), sample.desk.read(sample.cast.agent.actor) as session:
        list_tickets(session, TicketFilter(), Place(TicketSort.PRIORITY, cursor=cursor))
