"""Statistics equal a recount by hand, whatever happened and however much of it is summed up already."""

import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ombud import Actor, Ticket, TicketPriority, TicketStatus
from ombud.analytics import TicketStatistics, fold_statistics, get_ticket_statistics, queries
from ombud.models import INCLUDE_DELETED, TicketChannel, TicketParticipant, TicketStat, User
from ombud.testing import Cast, Perform, make_comment, make_ticket
from ombud.tickets import STATUS_MOVES
from ombud.tickets.policy import visible_to

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland")


def in_sums_and_waiting(session: Session) -> tuple[int, int]:
    return (
        session.scalar(select(func.count()).select_from(TicketStat)) or 0,
        session.scalar(queries.waiting()) or 0,
    )


def recount(
    session: Session, actor: Actor, start: datetime | None, end: datetime | None, zone: str
) -> dict[str, Any]:
    """Count one ticket after another, as somebody with a pencil would."""
    tickets = [
        ticket
        for ticket in session.scalars(select(Ticket).where(visible_to(actor)))
        if ticket.deleted_at is None
        and (start is None or ticket.created_at >= start)
        and (end is None or ticket.created_at < end)
    ]
    names = dict(session.execute(select(User.id, User.full_name)).all())
    return {
        "total": len(tickets),
        "status_counts": _counts(TicketStatus, [t.status for t in tickets]),
        "priority_counts": _counts(TicketPriority, [t.priority for t in tickets]),
        "channel_counts": _counts(TicketChannel, [t.channel for t in tickets]),
        "assignees": {
            key: (names.get(key or 0), *_shares([t for t in tickets if t.assignee_id == key]))
            for key in {t.assignee_id for t in tickets}
        },
        "teams": {
            key: _shares([t for t in tickets if t.team_id == key]) for key in {t.team_id for t in tickets}
        },
        "days": dict(Counter(t.created_at.astimezone(ZoneInfo(zone)).date().isoformat() for t in tickets)),
        "first_response_hours": _durations(_hours(tickets, "first_response_at")),
        "resolution_hours": _durations(_hours(tickets, "resolved_at")),
    }


def shaped(found: TicketStatistics) -> dict[str, Any]:
    """Return statistics in the shape of a recount."""
    json.dumps(found)
    assert found["percentiles_are_exact"]
    assert found["avg_resolution_hours"] == found["resolution_hours"]["mean"]
    return {
        **{k: found[k] for k in ("total", "status_counts", "priority_counts", "channel_counts")},
        "assignees": {
            one["assignee_id"]: (
                one["assignee"],
                one["ticket_count"],
                _near(one["avg_first_response_hours"]),
                _near(one["avg_resolution_hours"]),
            )
            for one in found["assignee_stats"]
        },
        "teams": {
            one["team_id"]: (
                one["ticket_count"],
                _near(one["avg_first_response_hours"]),
                _near(one["avg_resolution_hours"]),
            )
            for one in found["team_stats"]
        },
        "days": {one["day"]: one["ticket_count"] for one in found["day_counts"]},
        "first_response_hours": {k: _near(v) for k, v in found["first_response_hours"].items()},  # type: ignore[arg-type]
        "resolution_hours": {k: _near(v) for k, v in found["resolution_hours"].items()},  # type: ignore[arg-type]
    }


def _counts(enum: Any, values: list[Any]) -> dict[str, int]:
    counter = Counter(values)
    return {member.value: counter[member] for member in enum}


def _hours(tickets: list[Ticket], field: str) -> list[float]:
    ends = [(getattr(t, field), t.created_at) for t in tickets]
    return [(end - created) / timedelta(hours=1) for end, created in ends if end is not None]


def _shares(tickets: list[Ticket]) -> tuple[int, float | None, float | None]:
    return (
        len(tickets),
        _durations(_hours(tickets, "first_response_at"))["mean"],
        _durations(_hours(tickets, "resolved_at"))["mean"],
    )


def _durations(hours: list[float]) -> dict[str, float | None]:
    ordered = sorted(hours)

    def rank(share: float) -> float | None:
        return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None

    mean = sum(ordered) / len(ordered) if ordered else None
    return {"tickets": len(ordered), "mean": mean, "p50": rank(0.5), "p90": rank(0.9)}


def _near(value: float | None) -> Any:
    """Kept durations are whole milliseconds."""
    return value if value is None else pytest.approx(value, abs=2e-6)


def remove_all(session: Session) -> None:
    session.execute(text("DELETE FROM ombud.tickets"))


Operation = Callable[[Session, Cast, st.DataObject], None]


def _create(session: Session, cast: Cast, data: st.DataObject) -> None:
    done = data.draw(st.booleans())
    created = data.draw(
        st.datetimes(datetime(2025, 12, 30), datetime(2026, 4, 2), timezones=st.just(UTC))  # noqa: DTZ001
    )
    ticket = make_ticket(
        session,
        cast.customer.user,
        priority=data.draw(st.sampled_from(TicketPriority)),
        channel=data.draw(st.sampled_from(TicketChannel)),
        assignee_id=data.draw(st.sampled_from([None, cast.agent.id, cast.team_agent.id])),
        team_id=data.draw(st.sampled_from([None, cast.team.id, cast.other_team.id])),
        status=TicketStatus.RESOLVED if done else TicketStatus.OPEN,
    )
    times: dict[str, Any] = {"created": created, "id": ticket.id}
    wait = data.draw(st.timedeltas(timedelta(), timedelta(days=90)))
    session.execute(
        text(
            "UPDATE ombud.tickets SET created_at = :created,"
            " resolved_at = CASE WHEN resolved_at IS NOT NULL THEN CAST(:later AS timestamptz) END"
            " WHERE id = :id"
        ),
        {**times, "later": created + wait},
    )
    if data.draw(st.booleans()):
        make_comment(session, ticket, cast.agent.user, created_at=created + wait / 2)
    if data.draw(st.booleans()):
        session.add(TicketParticipant(ticket_id=ticket.id, user_id=cast.team_agent.id))
        session.flush()


def _any_ticket(session: Session, data: st.DataObject) -> int | None:
    ids = session.scalars(
        select(Ticket.id).execution_options(**{INCLUDE_DELETED: True}).order_by(Ticket.id)
    ).all()
    # What is drawn depends on nothing but draws before it: Hypothesis runs an example again to shrink it.
    choice = data.draw(st.integers(0, 99))
    return ids[choice % len(ids)] if ids else None


def _move(session: Session, cast: Cast, data: st.DataObject) -> None:
    key = _any_ticket(session, data)
    current = session.scalar(select(Ticket.status).where(Ticket.id == key, Ticket.deleted_at.is_(None)))
    choice = data.draw(st.integers(0, 11))
    if current is not None:
        status = sorted(STATUS_MOVES[current])[choice % len(STATUS_MOVES[current])]
        session.execute(
            text("UPDATE ombud.tickets SET status = :to WHERE id = :id"), {"to": status, "id": key}
        )


def _route(session: Session, cast: Cast, data: st.DataObject) -> None:
    """A bulk statement over everything."""
    session.execute(
        text(
            "UPDATE ombud.tickets SET team_id = :team, assignee_id = :who WHERE deleted_at IS NULL AND id % 2 = :odd"
        ),
        {
            "team": data.draw(st.sampled_from([None, cast.team.id, cast.other_team.id])),
            "who": data.draw(st.sampled_from([None, cast.agent.id, cast.team_agent.id])),
            "odd": data.draw(st.integers(0, 1)),
        },
    )


def _delete(session: Session, cast: Cast, data: st.DataObject) -> None:
    session.execute(
        text(
            "UPDATE ombud.tickets SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END WHERE id = :id"
        ),
        {"id": _any_ticket(session, data)},
    )


def _purge(session: Session, cast: Cast, data: st.DataObject) -> None:
    session.execute(text("DELETE FROM ombud.tickets WHERE id = :id"), {"id": _any_ticket(session, data)})


def _fold(session: Session, cast: Cast, data: st.DataObject) -> None:
    session.execute(queries.fold_step(data.draw(st.sampled_from([1, 3, 1000]))))


def _nothing_lasting(session: Session, cast: Cast, data: st.DataObject) -> None:
    undone = session.begin_nested()
    _create(session, cast, data)
    undone.rollback()


OPERATIONS: tuple[Operation, ...] = (
    _create, _create, _create, _move, _move, _route, _delete, _purge, _fold, _fold, _nothing_lasting,
)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_after_any_history_statistics_equal_a_recount(
    perform: Perform, cast: Cast, system: Actor, data: st.DataObject
) -> None:
    def history(session: Session) -> None:
        for operation in data.draw(st.lists(st.sampled_from(OPERATIONS), min_size=3, max_size=12)):
            operation(session, cast, data)

    def compare(actor: Actor, session: Session) -> None:
        edge = st.none() | st.datetimes(
            datetime(2025, 12, 29),  # noqa: DTZ001
            datetime(2026, 4, 3),  # noqa: DTZ001
            timezones=st.just(UTC),
        )
        start, end = data.draw(edge), data.draw(edge)
        if start is not None and end is not None and end < start:
            start, end = end, start
        zone = data.draw(st.sampled_from(ZONES))
        found = get_ticket_statistics(session, start=start, end=end, time_zone=zone)
        session.expire_all()
        assert shaped(found) == recount(session, actor, start, end, zone)

    perform(system, remove_all)
    perform(system, history)
    for actor in (system, cast.agent.actor, cast.team_agent.actor):
        perform(actor, lambda session, actor=actor: compare(actor, session))  # type: ignore[misc]
    perform(system, remove_all)
    while perform(system, fold_statistics):
        pass
    assert perform(system, in_sums_and_waiting) == (0, 0), "when all tickets are gone, so are their sums"
