"""Statistics: ranges, zones, percentiles, who gets them, and what they cost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ombud import Actor, Desk, Ticket, TicketPriority, TicketStatus
from ombud.analytics import TicketStatistics, fold_statistics, get_ticket_statistics, queries
from ombud.analytics.rules import BOUNDS, bucket_of
from ombud.errors import Forbidden, Invalid
from ombud.models import TicketChannel, TicketStat, User
from ombud.testing import Cast, Perform, counted, make_agent, make_ticket

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


def in_sums_and_waiting(session: Session) -> tuple[int, int]:
    return (
        session.scalar(select(func.count()).select_from(TicketStat)) or 0,
        session.scalar(queries.waiting()) or 0,
    )


def _open_at(session: Session, /, customer: User, moment: datetime, **given: Any) -> int:
    ticket = make_ticket(session, customer, **given)
    session.execute(
        text("UPDATE ombud.tickets SET created_at = :at WHERE id = :id"), {"at": moment, "id": ticket.id}
    )
    return ticket.id


def test_a_range_includes_its_start_and_not_its_end(perform: Perform, cast: Cast, system: Actor) -> None:
    perform(system, _open_at, cast.customer.user, NOON)
    tick = timedelta(microseconds=1)

    def total(start: datetime | None, end: datetime | None) -> int:
        return perform(cast.agent.actor, get_ticket_statistics, start=start, end=end)["total"]

    for _folded in range(2):
        assert total(NOON, NOON + tick) == 1
        assert total(NOON - tick, NOON) == 0
        assert total(NOON + tick, None) == 0
        assert total(NOON, NOON) == 0
        assert total(None, NOON) == 0
        assert total(NOON, None) == 1
        perform(system, fold_statistics)


def test_nothing_at_all_is_zeros_and_none(perform: Perform, cast: Cast) -> None:
    found = perform(cast.agent.actor, get_ticket_statistics)
    assert found["status_counts"] == dict.fromkeys([status.value for status in TicketStatus], 0)
    assert found["priority_counts"] == dict.fromkeys([priority.value for priority in TicketPriority], 0)
    assert found["channel_counts"] == dict.fromkeys([channel.value for channel in TicketChannel], 0)
    assert found["resolution_hours"] == {"tickets": 0, "mean": None, "p50": None, "p90": None}
    assert found["avg_resolution_hours"] is None
    assert not any(found[name] for name in ("team_stats", "assignee_stats", "day_counts"))


def test_a_day_is_a_day_of_the_zone_across_daylight_saving(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    midnight = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))  # a day of 23 hours

    def three(session: Session) -> None:
        for moment in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=23, seconds=-1)):
            _open_at(session, cast.customer.user, moment)
        _open_at(session, cast.customer.user, datetime(2026, 3, 30, tzinfo=ZoneInfo("Europe/Berlin")))

    perform(system, three)
    for _folded in range(2):
        found = perform(cast.agent.actor, get_ticket_statistics, time_zone="Europe/Berlin")
        assert found["day_counts"] == [
            {"day": "2026-03-28", "ticket_count": 1},
            {"day": "2026-03-29", "ticket_count": 2},
            {"day": "2026-03-30", "ticket_count": 1},
        ]
        perform(system, fold_statistics)


def test_two_people_of_one_name_are_told_apart(perform: Perform, cast: Cast, system: Actor) -> None:
    def two(session: Session) -> list[int]:
        same = [make_agent(session, full_name="Same").id for _ in range(2)]
        for one in [same[0], *same]:
            make_ticket(session, cast.customer.user, assignee_id=one)
        return same

    same = perform(system, two)
    found = perform(cast.agent.actor, get_ticket_statistics)["assignee_stats"]
    assert [(one["assignee_id"], one["assignee"], one["ticket_count"]) for one in found] == [
        (same[0], "Same", 2),
        (same[1], "Same", 1),
    ]


def test_many_tickets_have_estimated_percentiles(
    perform: Perform, cast: Cast, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "EXACT_LIMIT", 9)

    def ten(session: Session) -> None:
        for hours in range(1, 11):
            key = _open_at(session, cast.customer.user, NOON, status=TicketStatus.RESOLVED)
            session.execute(
                text("UPDATE ombud.tickets SET resolved_at = :at WHERE id = :id"),
                {"at": NOON + timedelta(hours=hours), "id": key},
            )

    perform(system, ten)
    for _folded in range(2):
        found = perform(cast.agent.actor, get_ticket_statistics)
        assert not found["percentiles_are_exact"]
        assert found["resolution_hours"] == {
            "tickets": 10,
            "mean": pytest.approx(5.5),
            "p50": pytest.approx(5, rel=0.045),
            "p90": pytest.approx(9, rel=0.045),
        }
        perform(system, fold_statistics)


def test_buckets_are_the_same_in_python_and_in_the_database(perform: Perform, system: Actor) -> None:
    edges = sorted({0, -5, 2**50, *BOUNDS, *(bound - 1 for bound in BOUNDS)})

    def buckets(session: Session) -> list[int]:
        rows = text("SELECT ombud.duration_bucket(unnest(CAST(:edges AS bigint[])))")
        return list(session.scalars(rows, {"edges": edges}))

    assert perform(system, buckets) == [bucket_of(edge) for edge in edges]


def test_customers_get_no_statistics_from_either_layer(perform: Perform, cast: Cast, system: Actor) -> None:
    perform(system, make_ticket, cast.customer.user)
    perform(system, fold_statistics)
    perform(system, make_ticket, cast.customer.user)
    with pytest.raises(Forbidden):
        perform(cast.customer.actor, get_ticket_statistics)
    assert perform(cast.customer.actor, in_sums_and_waiting) == (0, 0)
    assert min(perform(cast.agent.actor, in_sums_and_waiting)) > 0


def test_the_database_shows_an_agent_of_teams_no_others(perform: Perform, cast: Cast, system: Actor) -> None:
    def of_other_team(session: Session) -> None:
        make_ticket(session, cast.customer.user, team_id=cast.other_team.id)

    perform(system, of_other_team)
    assert perform(cast.team_agent.actor, in_sums_and_waiting) == (0, 0)
    perform(system, fold_statistics)
    assert perform(cast.team_agent.actor, in_sums_and_waiting) == (0, 0)
    assert perform(cast.team_agent.actor, get_ticket_statistics)["total"] == 0
    assert perform(cast.agent.actor, get_ticket_statistics)["total"] == 1


@pytest.mark.parametrize("change", ["UPDATE", "DELETE", "INSERT"])
def test_people_cannot_write_sums(perform: Perform, cast: Cast, change: str) -> None:
    statement = {
        "UPDATE": "UPDATE ombud.ticket_stats SET tickets = 0",
        "DELETE": "DELETE FROM ombud.ticket_stats_delta",
        "INSERT": "INSERT INTO ombud.ticket_stats_delta (weight) VALUES (1)",
    }[change]
    with pytest.raises(Forbidden):
        perform(cast.admin.actor, lambda session: session.execute(text(statement)))
    with pytest.raises(Forbidden):
        perform(cast.admin.actor, fold_statistics)


def test_naive_times_and_unknown_zones_are_invalid(perform: Perform, cast: Cast) -> None:
    with pytest.raises(Invalid):
        perform(cast.agent.actor, get_ticket_statistics, start=NOON.replace(tzinfo=None))
    with pytest.raises(Invalid):
        perform(cast.agent.actor, get_ticket_statistics, time_zone="Nowhere")


def test_statements_do_not_grow_with_tickets(perform: Perform, cast: Cast, system: Actor) -> None:
    budgets = []
    for _round in range(2):
        for team in (cast.team, cast.other_team):
            perform(system, make_ticket, cast.customer.user, team_id=team.id, assignee_id=cast.agent.id)
        with counted() as log:
            perform(cast.agent.actor, get_ticket_statistics)
        budgets.append(len(log))
    assert budgets[0] == budgets[1] <= 4, "a savepoint, the context, the figures with names, its release"


def test_figures_agree_with_each_other_while_others_write(desk: Desk, cast: Cast, system: Actor) -> None:
    """Each call is one moment: totals by status, priority, team, assignee and day are one number."""
    stop = Event()

    def write() -> None:
        while not stop.is_set():
            desk.run(system, make_ticket, cast.customer.user, assignee_id=cast.agent.id)
            desk.run(system, fold_statistics)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write) for _ in range(3)]
        try:
            totals: list[tuple[int, ...]] = []
            while len(totals) < 40 or (len({one[0] for one in totals}) == 1 and len(totals) < 2_000):
                totals.append(_totals(desk.run(cast.agent.actor, get_ticket_statistics)))
        finally:
            stop.set()
        for writer in writers:
            writer.result()
    assert all(len(set(one)) == 1 for one in totals)
    assert len({one[0] for one in totals}) > 1, "something was written meanwhile"
    with desk.read(system) as session:
        assert _totals(get_ticket_statistics(session))[0] == session.scalar(select(func.count(Ticket.id)))


def _totals(found: TicketStatistics) -> tuple[int, ...]:
    return (
        found["total"],
        *(sum(found[name].values()) for name in ("status_counts", "priority_counts", "channel_counts")),
        *(
            sum(one["ticket_count"] for one in found[name])
            for name in ("team_stats", "assignee_stats", "day_counts")
        ),
    )


def test_figures_have_no_age(desk: Desk, cast: Cast, system: Actor) -> None:
    """R158: nothing waits for a refresh. What was committed a moment ago counts before anybody folds it in."""
    with desk.read(system) as session:
        before = get_ticket_statistics(session)
        assert in_sums_and_waiting(session) == (0, 0)
    ticket = desk.run(system, make_ticket, cast.customer.id, priority=TicketPriority.URGENT)
    with desk.read(cast.agent.actor) as session:
        unfolded = get_ticket_statistics(session)
        assert in_sums_and_waiting(session)[1] > 0
    assert unfolded["total"] == before["total"] + 1
    assert unfolded["priority_counts"]["urgent"] == before["priority_counts"]["urgent"] + 1
    while desk.run(system, fold_statistics):
        pass
    with desk.read(cast.agent.actor) as session:
        assert get_ticket_statistics(session) == unfolded
        assert in_sums_and_waiting(session)[1] == 0
        # "equals base": the very rows, counted
        counted_anew = session.scalar(
            select(func.count(Ticket.id)).where(Ticket.priority == TicketPriority.URGENT)
        )
    assert counted_anew == unfolded["priority_counts"]["urgent"]
    assert ticket.id


def test_there_is_no_materialized_view(desk: Desk, system: Actor) -> None:
    """They hold their owner's rows and know no row security (docs/adr/0014-statistics.md)."""
    with desk.read(system) as session:
        found = session.scalar(
            text("SELECT count(*) FROM pg_class WHERE relkind = 'm' AND relnamespace = 'ombud'::regnamespace")
        )
    assert found == 0
