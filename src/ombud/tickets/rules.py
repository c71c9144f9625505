"""Pure decisions about tickets: no session, no clock.

The legal moves stand in the database as well (`ombud.is_status_move`), so that no path escapes them.
"""

from collections.abc import Mapping

from ombud.errors import Conflict
from ombud.models import TicketStatus

_OPEN, _PROGRESS, _WAITING = TicketStatus.OPEN, TicketStatus.IN_PROGRESS, TicketStatus.WAITING_ON_CUSTOMER
_RESOLVED, _CLOSED = TicketStatus.RESOLVED, TicketStatus.CLOSED

STATUS_MOVES: Mapping[TicketStatus, frozenset[TicketStatus]] = {
    _OPEN: frozenset({_PROGRESS, _WAITING, _RESOLVED, _CLOSED}),
    _PROGRESS: frozenset({_OPEN, _WAITING, _RESOLVED, _CLOSED}),
    _WAITING: frozenset({_OPEN, _PROGRESS, _RESOLVED, _CLOSED}),
    _RESOLVED: frozenset({_OPEN, _PROGRESS, _CLOSED}),
    # A closed ticket is history: it can only be reopened.
    _CLOSED: frozenset({_OPEN}),
}

UNDONE = (_OPEN, _PROGRESS, _WAITING)
DONE = (_RESOLVED, _CLOSED)


class IllegalMove(Conflict):
    """A status that cannot follow the present one."""

    code = "illegal_status_move"


class TicketDeleted(Conflict):
    """The ticket is deleted; it can only be restored."""

    code = "ticket_deleted"
    default_message = "This ticket is deleted. Restore it first."


def check_move(old: TicketStatus, new: TicketStatus) -> None:
    """Refuse an illegal change of status; the same status again is no change and legal."""
    if new is not old and new not in STATUS_MOVES[old]:
        choices = ", ".join(status.value for status in TicketStatus if status in STATUS_MOVES[old])
        raise IllegalMove(
            f"A ticket cannot go from {old.value} to {new.value}; from there it can go to: {choices}.",
            field="status",
        )


def status_after_reply(current: TicketStatus, *, by_customer: bool) -> TicketStatus:
    """Return where a public reply leaves a ticket: a customer's answer brings it back to the desk."""
    return _OPEN if by_customer and current is not _PROGRESS else current
