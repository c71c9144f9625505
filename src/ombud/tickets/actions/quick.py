"""Tickets that programs open all the time: one round trip, by `Desk.aquick`.

What it checks is what `open_ticket` and `add_comment` check.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.permissions import Permission
from ombud.db.quick import Quick
from ombud.db.types import one_of
from ombud.kit.ids import is_id
from ombud.kit.text import clean_body, clean_title, clean_words
from ombud.models import TicketChannel, TicketPriority
from ombud.tickets.actions.open import TITLE_LIMIT, open_ticket
from ombud.tickets.actions.reply import add_comment
from ombud.tickets.policy import require_permission
from ombud.tickets.queries.opening import Part, commented, opened


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket that was opened, and its first comment."""

    ticket_id: int
    ticket_number: str
    comment_id: int | None = None


def quick_opening(
    actor: Actor,
    *,
    title: str,
    description: str = "",
    requester_id: int | None = None,
    priority: TicketPriority = TicketPriority.MEDIUM,
    channel: TicketChannel = TicketChannel.WEB,
    reply: str | None = None,
    is_internal: bool = False,
) -> Quick[Opened]:
    """Open a ticket, and say `reply` on it: for `Desk.aquick`.

    Raises what `open_ticket` and `add_comment` raise. Assignee, team, tags and files are theirs.
    """

    def usual(session: DeskSession) -> Opened:
        ticket = open_ticket(
            session,
            title=title,
            description=description,
            requester_id=requester_id,
            priority=priority,
            channel=channel,
        )
        if reply is None:
            return Opened(ticket.id, ticket.ticket_number)
        comment = add_comment(session, ticket.id, reply, is_internal=is_internal)
        return Opened(ticket.id, ticket.ticket_number, comment.id)

    requester = requester_id if requester_id is not None else actor.user_id
    if not actor.is_staff or actor.user_id is None or requester is None or not is_id(requester):
        return Quick((), (), _result, usual)
    require_permission(actor, Permission.TICKETS_OPEN)
    if reply is not None:
        require_permission(actor, Permission.NOTES_WRITE if is_internal else Permission.TICKETS_REPLY)
    texts = (
        clean_title("title", title, limit=TITLE_LIMIT),
        clean_body("description", description, required=False),
        str(actor.user_id),
        str(requester),
        one_of(TicketPriority, priority).value,
        one_of(TicketChannel, channel).value,
        None if reply is None else clean_words("content", reply),
        "true" if is_internal else "false",
    )
    steps = (opened(),) if reply is None else (opened(), commented())
    return Quick(steps, texts, _result, usual)


def _result(found: Sequence[str | None]) -> Opened:
    """Read what the last step handed on: ids and a number that it has just made."""
    ticket, number, *comment = (str(text) for text in found[Part.INTERNAL :])
    return Opened(int(ticket), number, int(comment[0]) if comment else None)
