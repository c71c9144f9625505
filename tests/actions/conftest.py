"""What tests of actions look at afterwards: the rows of the audit log, and a ticket to act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor, AuditLog, DeskSession, Ticket
from ombud.models import INCLUDE_DELETED
from ombud.testing import Perform, Persona
from ombud.tickets import open_ticket


@dataclass(frozen=True)
class Entry:
    """One row of the log, as far as tests care."""

    table: str
    action: str
    changes: dict[str, Any]
    actor: str
    user_id: int | None


Log = Callable[[Actor], list[Entry]]


@pytest.fixture
def log(perform: Perform, system: Actor) -> Log:
    """Return what the log holds of an actor's request, in order."""

    def read(actor: Actor) -> list[Entry]:
        def entries(session: DeskSession) -> list[Entry]:
            found = select(AuditLog).where(AuditLog.request_id == actor.request_id).order_by(AuditLog.id)
            return [
                Entry(row.table_name, row.action.value, row.changes, row.actor, row.user_id)
                for row in session.scalars(found)
            ]

        return perform(system, entries)

    return read


@pytest.fixture
def ticket(perform: Perform, agent: Persona, customer: Persona) -> Ticket:
    """A customer's open ticket."""
    return perform(
        agent.in_new_request(), open_ticket, title="The printer is on fire", requester_id=customer.id
    )


@pytest.fixture
def reload(perform: Perform, system: Actor) -> Callable[[Ticket], Ticket]:
    """Return a ticket as the database has it now, deleted or not."""

    def load(ticket: Ticket) -> Ticket:
        wanted = select(Ticket).where(Ticket.id == ticket.id).execution_options(**{INCLUDE_DELETED: True})
        return perform(system, lambda session: session.scalars(wanted).one())

    return load
