"""Open tickets."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.db.direct import first_row, written
from ombud.db.permissions import Permission
from ombud.db.reactions import react
from ombud.db.types import one_of
from ombud.errors import Invalid
from ombud.kit.ids import is_id
from ombud.kit.text import clean_body, clean_title
from ombud.models import Ticket, TicketChannel, TicketPriority, TicketStatus
from ombud.tickets import queries
from ombud.tickets.actions.find import get_assignee, get_team
from ombud.tickets.actions.reply import StoredFile, attach_file
from ombud.tickets.actions.tag import set_tags
from ombud.tickets.events import TicketOpened, TicketsAssigned
from ombud.tickets.policy import require_permission, require_right_in_team, require_writer

TITLE_LIMIT = 500


def open_ticket(
    session: Session,
    *,
    title: str,
    description: str = "",
    requester_id: int | None = None,
    priority: TicketPriority = TicketPriority.MEDIUM,
    status: TicketStatus = TicketStatus.OPEN,
    channel: TicketChannel = TicketChannel.WEB,
    assignee_id: int | None = None,
    team_id: int | None = None,
    tags: Sequence[str] = (),
    files: Sequence[StoredFile] = (),
) -> Ticket:
    """Open a ticket and return it with its number.

    `requester_id` defaults to the actor; the ticket of one who was merged is that of who they are now. A customer opens
    tickets for themselves only and leaves triage (priority above high, assignee, team, tags) to the desk. Raises
    Invalid by field.
    """
    actor = actor_of(session)
    # Before they are compared: the text of a state is equal to it, but not the same.
    priority, status = one_of(TicketPriority, priority), one_of(TicketStatus, status)
    requester = requester_id if requester_id is not None else actor.user_id
    if requester is None:
        raise Invalid(fields={"requester": "must be given."})
    is_routed = assignee_id is not None or team_id is not None or bool(tags)
    if not actor.is_staff:
        _check_customers_part(requester == actor.user_id and not is_routed, priority, status)
    else:
        require_permission(actor, Permission.TICKETS_OPEN)
        if is_routed:
            require_writer(actor)
            require_right_in_team(actor, team_id)
    ticket = _add(
        session,
        requester,
        title=clean_title("title", title, limit=TITLE_LIMIT),
        description=clean_body("description", description, required=False),
        creator_id=actor.user_id if actor.user_id is not None else requester,
        priority=priority,
        status=status,
        channel=one_of(TicketChannel, channel),
        assignee_id=get_assignee(session, assignee_id).id if assignee_id is not None else None,
        team_id=get_team(session, team_id).id if team_id is not None else None,
    )
    if tags:
        set_tags(session, ticket.id, tags)
    for file in files:
        attach_file(session, ticket.id, file)
    react(session, TicketOpened(ticket))
    if ticket.assignee_id is not None:
        react(session, TicketsAssigned((ticket.id,), ticket.assignee_id))
    return ticket


def own_ticket(
    actor: Actor,
    *,
    title: str,
    description: str,
    priority: TicketPriority,
    status: TicketStatus,
    channel: TicketChannel,
) -> tuple[str, ...]:
    """Return what `queries.plain.new_ticket` is given to open a ticket that a member of staff asks for themselves.

    Checks what `open_ticket` checks, which does the same with a session.
    """
    require_permission(actor, Permission.TICKETS_OPEN)
    return (
        clean_title("title", title, limit=TITLE_LIMIT),
        clean_body("description", description, required=False),
        str(actor.user_id),
        priority.value,
        status.value,
        channel.value,
    )


def _add(session: Session, requester: int, **given: Any) -> Ticket:
    """Add the ticket, if its requester is somebody whom the actor sees."""
    parameters = {f"new_{name}": value for name, value in given.items()}
    parameters["new_requester_id"] = requester
    made = first_row(session, queries.ticket_added(), parameters) if is_id(requester) else None
    if made is None:
        raise Invalid(fields={"requester": "does not exist."})
    return written(session, Ticket(**given | dict(zip(queries.MADE, made, strict=True))))


def _check_customers_part(is_plain: bool, priority: TicketPriority, status: TicketStatus) -> None:
    if not is_plain:
        raise Invalid(fields={"requester": "must be yourself; the team routes the ticket."})
    if priority is TicketPriority.URGENT:
        raise Invalid(fields={"priority": "can be high at most; the team decides what is urgent."})
    if status is not TicketStatus.OPEN:
        raise Invalid(fields={"status": "must be open."})
