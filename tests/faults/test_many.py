"""Changing very many at once (REQUIREMENTS R012): each verb changes all, in the log, within the limits of a person.

The short form takes 3,000 tickets, more than one statement does at a time; `--load-seconds 60` (`make faults`) 100,000.
"""

from __future__ import annotations

import pytest
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ombud import AuditLog, Desk, Ticket, TicketStatus
from ombud.curation import merge_people
from ombud.models import Tag, TicketTag
from ombud.testing import Cast, make_customer
from ombud.tickets import (
    BulkOutcome,
    bulk_assign_tickets,
    bulk_create_tickets,
    bulk_delete_tickets,
    bulk_restore_tickets,
    bulk_tag_tickets,
    bulk_update_ticket_status,
)

pytestmark = pytest.mark.timeout(900)


def test_each_verb_takes_very_many(desk: Desk, cast: Cast, pytestconfig: pytest.Config) -> None:
    many = 100_000 if pytestconfig.getoption("--load-seconds") > 0 else 3_000
    admin = cast.admin.in_new_request()
    person, other = (desk.run(admin, make_customer).id for _ in range(2))
    rows = ({"title": f"Printer {n}", "requester_id": person} for n in range(many))
    made = desk.run(admin, bulk_create_tickets, rows)
    ids = [key for key in made.ids if key is not None]
    assert len(ids) == many

    def all_of_them(done: BulkOutcome) -> bool:
        return (done.changed, done.skipped) == (tuple(ids), ())

    agent = cast.agent.id
    assert all_of_them(desk.run(admin, bulk_update_ticket_status, ids, TicketStatus.IN_PROGRESS))
    assert all_of_them(desk.run(admin, bulk_assign_tickets, ids, agent))
    assert all_of_them(desk.run(admin, bulk_tag_tickets, ids, add=["many"]))
    assert all_of_them(desk.run(admin, bulk_delete_tickets, ids))
    assert desk.run(admin, _how_many, Ticket.requester_id == person) == 0
    assert all_of_them(desk.run(admin, bulk_restore_tickets, ids))
    desk.run(admin, merge_people, [person], other)
    as_they_are = (Ticket.requester_id == other) & (Ticket.assignee_id == agent)
    assert desk.run(admin, _how_many, as_they_are & (Ticket.status == TicketStatus.IN_PROGRESS)) == many
    tagged = select(TicketTag.ticket_id).join(Tag).where(Tag.name == "many")
    assert desk.run(admin, _how_many, Ticket.id.in_(tagged)) == many
    # Creation, status, assignee, deletion, restoration, requester: a row each, all of this request.
    assert desk.run(cast.admin.actor, _logged, str(admin.request_id)) == 6 * many


def _how_many(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Ticket).where(condition)) or 0


def _logged(session: Session, request_id: str) -> int:
    of_it = (AuditLog.request_id == request_id) & (AuditLog.table_name == "tickets")
    return session.scalar(select(func.count()).select_from(AuditLog).where(of_it)) or 0
