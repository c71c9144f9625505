"""Status, assignee and deletion of many tickets."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from ombud.db import types
from ombud.db.arrays import one_of
from ombud.db.permissions import Permission
from ombud.db.reactions import react
from ombud.models import Ticket, TicketStatus
from ombud.tickets.actions.bulk.outcome import BulkOutcome, SkipReason
from ombud.tickets.actions.bulk.sweep import sweep
from ombud.tickets.actions.find import get_assignee
from ombud.tickets.events import TicketsAssigned
from ombud.tickets.rules import STATUS_MOVES


def bulk_update_ticket_status(session: Session, ids: Iterable[int], status: TicketStatus) -> BulkOutcome:
    """Move tickets to a status; those that cannot go there from where they are stay."""
    wanted = types.one_of(TicketStatus, status)

    def judge(ticket: Any) -> SkipReason | None:
        if ticket.is_deleted:
            return SkipReason.DELETED
        if ticket.status is wanted:
            return SkipReason.UNCHANGED
        may = wanted in STATUS_MOVES[ticket.status] and not ticket.is_merged
        return None if may else SkipReason.ILLEGAL_MOVE

    return _set(session, ids, judge, {"status": wanted})


def bulk_assign_tickets(session: Session, ids: Iterable[int], assignee_id: int | None) -> BulkOutcome:
    """Give tickets to an active agent, or to nobody; what is done or deleted stays with whom it was.

    Raises Invalid when the assignee is not active staff. The status does not change.
    """
    assignee = get_assignee(session, assignee_id).id if assignee_id is not None else None

    def judge(ticket: Any) -> SkipReason | None:
        if ticket.is_deleted:
            return SkipReason.DELETED
        if ticket.status.is_done:
            return SkipReason.DONE
        return SkipReason.UNCHANGED if ticket.assignee_id == assignee else None

    outcome = _set(session, ids, judge, {"assignee_id": assignee})
    if assignee is not None and outcome.changed:
        react(session, TicketsAssigned(tuple(outcome.changed), assignee))
    return outcome


def bulk_delete_tickets(session: Session, ids: Iterable[int]) -> BulkOutcome:
    """Hide tickets from every list and search."""
    return _set(
        session,
        ids,
        lambda ticket: SkipReason.UNCHANGED if ticket.is_deleted else None,
        {"deleted_at": func.now()},
        permission=Permission.TICKETS_DELETE,
    )


def bulk_restore_tickets(session: Session, ids: Iterable[int]) -> BulkOutcome:
    """Bring deleted tickets back as they were."""
    return _set(
        session,
        ids,
        lambda ticket: None if ticket.is_deleted else SkipReason.UNCHANGED,
        {"deleted_at": None},
        permission=Permission.TICKETS_DELETE,
    )


def _set(
    session: Session,
    ids: Iterable[int],
    judge: Callable[[Any], SkipReason | None],
    values: dict[str, Any],
    *,
    permission: Permission = Permission.TICKETS_CHANGE,
) -> BulkOutcome:
    def change(chosen: list[int]) -> Iterable[int]:
        session.execute(
            update(Ticket).where(one_of(Ticket.id, chosen)).values(values),
            execution_options={"synchronize_session": False},
        )
        return chosen

    return sweep(session, ids, judge, change, permission=permission)
