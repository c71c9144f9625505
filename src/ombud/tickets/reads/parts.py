"""Fill the collections of many tickets at once, each from one statement: what the actor may read, and not more."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ombud.db.context import actor_of
from ombud.models import Ticket
from ombud.tickets.reads import queries

COMMENTS_EACH = 50
FILES_EACH = 50


def put_tags(session: Session, tickets: Sequence[Ticket]) -> None:
    """Fill `tags`."""
    if tickets:
        rows = session.execute(queries.tags_on(actor_of(session), [ticket.id for ticket in tickets]))
        _fill(tickets, "tags", ((ticket_id, tag) for ticket_id, tag in rows))


def put_comments(session: Session, tickets: Sequence[Ticket]) -> None:
    """Fill `comments` with the last COMMENTS_EACH of each, oldest first, with their authors."""
    if tickets:
        ids = sorted({ticket.id for ticket in tickets})
        rows = session.scalars(queries.newest_comments(actor_of(session), ids, COMMENTS_EACH))
        _fill(tickets, "comments", ((comment.ticket_id, comment) for comment in rows))


def put_attachments(session: Session, tickets: Sequence[Ticket]) -> None:
    """Fill `attachments` with the first FILES_EACH of each."""
    if tickets:
        ids = [ticket.id for ticket in tickets]
        rows = session.scalars(queries.first_attachments(actor_of(session), ids, FILES_EACH))
        _fill(tickets, "attachments", ((file.ticket_id, file) for file in rows))


def _fill(tickets: Sequence[Ticket], name: str, parts: Iterable[tuple[int, Any]]) -> None:
    by_ticket: dict[int, list[Any]] = defaultdict(list)
    for ticket_id, part in parts:
        by_ticket[ticket_id].append(part)
    for ticket in tickets:
        # As if it had been loaded: no change to be written, nothing to be fetched.
        set_committed_value(ticket, name, by_ticket[ticket.id])
