"""Fill the collections of many tickets at once, each from one statement: what the actor may read, and not more."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ombud.db.context import actor_of
from ombud.models import Comment, Ticket
from ombud.tickets.reads import queries

COMMENTS_EACH = 50
FILES_EACH = 50


_PEOPLE = {"requester": "requester_id", "creator": "creator_id", "assignee": "assignee_id"}


def tickets_of(session: Session, ids: Sequence[int]) -> list[Ticket]:
    """Return these tickets in this order, with team and organization; `put_people` adds the people."""
    found = {
        ticket.id: ticket for ticket in session.scalars(queries.tickets_among(), {queries.IDS: list(ids)})
    }
    return [found[one] for one in ids if one in found]


def put_people(session: Session, tickets: Sequence[Ticket], comments: Sequence[Comment] = ()) -> None:
    """Fill requester, creator and assignee, and the authors of comments; who is out of sight becomes None.

    One statement, and each person is read once, however many tickets and comments name them.
    """
    ids = {getattr(ticket, column) for ticket in tickets for column in _PEOPLE.values()}
    ids |= {comment.author_id for comment in comments}
    wanted = sorted(ids - {None})
    found = session.scalars(queries.people_among(), {queries.IDS: wanted}) if wanted else ()
    people = {one.id: one for one in found}
    for ticket in tickets:
        for name, column in _PEOPLE.items():
            set_committed_value(ticket, name, people.get(getattr(ticket, column)))
    for comment in comments:
        set_committed_value(comment, "author", people.get(comment.author_id))


def put_tags(session: Session, tickets: Sequence[Ticket]) -> None:
    """Fill `tags`."""
    if tickets:
        rows = session.execute(queries.tags_on(actor_of(session)), _ids(tickets))
        _fill(tickets, "tags", ((ticket_id, tag) for ticket_id, tag in rows))


def put_comments(session: Session, tickets: Sequence[Ticket]) -> Sequence[Comment]:
    """Fill `comments` with the last COMMENTS_EACH of each, oldest first, and return them; no authors yet."""
    if not tickets:
        return ()
    statement = queries.newest_comments(actor_of(session), COMMENTS_EACH)
    comments = session.scalars(statement, _ids(tickets)).all()
    _fill(tickets, "comments", ((comment.ticket_id, comment) for comment in comments))
    return comments


def put_attachments(session: Session, tickets: Sequence[Ticket]) -> None:
    """Fill `attachments` with the first FILES_EACH of each."""
    if tickets:
        rows = session.scalars(queries.first_attachments(actor_of(session), FILES_EACH), _ids(tickets))
        _fill(tickets, "attachments", ((file.ticket_id, file) for file in rows))


def _ids(tickets: Sequence[Ticket]) -> dict[str, list[int]]:
    return {queries.IDS: sorted({ticket.id for ticket in tickets})}


def _fill(tickets: Sequence[Ticket], name: str, parts: Iterable[tuple[int, Any]]) -> None:
    by_ticket: dict[int, list[Any]] = defaultdict(list)
    for ticket_id, part in parts:
        by_ticket[ticket_id].append(part)
    for ticket in tickets:
        # As if it had been loaded: no change to be written, nothing to be fetched.
        set_committed_value(ticket, name, by_ticket[ticket.id])
