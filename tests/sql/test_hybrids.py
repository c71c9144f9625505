"""Computed properties of a ticket say the same in Python and in SQL, at their boundaries above all."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from ombud import Actor, Ticket, TicketStatus
from ombud.testing import Cast, Perform, frozen, make_comment, make_ticket

WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)


def both(
    session: Session, customer_id: int, status: TicketStatus, age: timedelta, hours: float
) -> list[list[Any]]:
    """Make a ticket that is `age` old and ask Python and SQL, at one moment, the same questions."""
    key = make_ticket(session, customer_id, status=status).id
    now: datetime = session.execute(select(func.now())).scalar_one()
    session.execute(
        text("UPDATE ombud.tickets SET created_at = :at WHERE id = :id"), {"at": now - age, "id": key}
    )
    session.expire_all()
    ticket = session.scalars(select(Ticket).where(Ticket.id == key)).one()
    row = session.execute(
        select(Ticket.is_overdue, Ticket.is_priority_escalation_needed(hours)).where(Ticket.id == key)
    ).one()
    with frozen(now):
        return [list(row), [ticket.is_overdue, ticket.is_priority_escalation_needed(hours)]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.sampled_from(TicketStatus),
    age=st.sampled_from([WEEK, timedelta(hours=24), timedelta(hours=1.5)]).flatmap(
        lambda edge: st.sampled_from([edge - SECOND, edge - TICK, edge, edge + TICK, edge + SECOND])
    )
    | st.timedeltas(timedelta(), timedelta(days=400)),
    hours=st.sampled_from([24, 1.5, 0, 168]),
)
@example(status=TicketStatus.OPEN, age=WEEK + TICK, hours=168)
@example(status=TicketStatus.OPEN, age=WEEK, hours=168)
def test_python_and_sql_agree(
    perform: Perform, cast: Cast, *, status: TicketStatus, age: timedelta, hours: float
) -> None:
    in_sql, in_python = perform(Actor.system("test"), both, cast.customer.id, status, age, hours)
    assert in_sql == in_python
    assert in_python == [
        not status.is_done and age > WEEK,
        status is TicketStatus.OPEN and age > timedelta(hours=hours),
    ]


def test_the_conditions_can_be_filtered_by(perform: Perform, cast: Cast, system: Actor) -> None:
    def ages(session: Session) -> list[list[int]]:
        for hours in (0, 23.9, 24.1, 8 * 24):
            key = make_ticket(session, cast.customer.id).id
            session.execute(
                text(
                    "UPDATE ombud.tickets SET created_at = now() - make_interval(secs => 3600 * CAST(:hours AS float8))"
                    " WHERE id = :id"
                ),
                {"hours": hours, "id": key},
            )
        conditions = (Ticket.is_overdue, Ticket.is_priority_escalation_needed(), ~Ticket.is_overdue)
        return [list(session.scalars(select(Ticket.id).where(one).order_by(Ticket.id))) for one in conditions]

    overdue, escalated, punctual = perform(system, ages)
    assert [len(overdue), len(escalated), len(punctual)] == [1, 2, 3], "24 hours unless it is said"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wait=st.timedeltas(timedelta(), timedelta(days=3000)))
def test_response_times_are_the_same_number(
    perform: Perform, cast: Cast, system: Actor, wait: timedelta
) -> None:
    def hours(session: Session) -> tuple[float | None, float | None]:
        key = make_ticket(session, cast.customer.id).id
        session.execute(
            text(
                "UPDATE ombud.tickets SET created_at = now() - CAST(:wait AS interval), first_response_at = now()"
                " WHERE id = :id"
            ),
            {"wait": wait, "id": key},
        )
        session.expire_all()
        ticket = session.scalars(select(Ticket).where(Ticket.id == key)).one()
        return ticket.response_time_hours, session.scalar(
            select(Ticket.response_time_hours).where(Ticket.id == key)
        )

    in_python, in_sql = perform(system, hours)
    assert in_python == in_sql == pytest.approx(wait / timedelta(hours=1))


def test_only_a_public_reply_by_staff_is_a_response(perform: Perform, cast: Cast, system: Actor) -> None:
    def course(session: Session) -> list[float | None]:
        key = make_ticket(session, cast.customer.id).id
        seen: list[float | None] = []
        for author, is_internal in ((cast.customer, False), (cast.agent, True), (cast.agent, False)):
            make_comment(session, key, author.id, is_internal=is_internal)
            seen.append(session.scalar(select(Ticket.response_time_hours).where(Ticket.id == key)))
        return seen

    assert perform(system, course) == [None, None, pytest.approx(0)]


def test_a_bulk_insert_can_return_entities(perform: Perform, cast: Cast, system: Actor) -> None:
    """Class-level access to hybrids must not break RETURNING of whole tickets."""

    def bulk(session: Session) -> list[str]:
        rows = [
            {"title": title, "requester_id": cast.customer.id, "creator_id": cast.customer.id}
            for title in ("a", "b")
        ]
        made = session.scalars(insert(Ticket).returning(Ticket, sort_by_parameter_order=True), rows).all()
        return [f"{ticket.title} {ticket.is_overdue} {ticket.response_time_hours}" for ticket in made]

    assert perform(system, bulk) == ["a False None", "b False None"]
