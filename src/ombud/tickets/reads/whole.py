"""Tickets as objects, with people, team, organization and tags, and what else is wanted: what the actor may read."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.objects import columns_of, objects_of, put_many, put_one
from ombud.models import Ticket
from ombud.tickets.reads import queries
from ombud.tickets.reads.queries import Extent

COMMENTS_EACH = 50
FILES_EACH = 50


def whole_tickets(session: Session, ids: Sequence[int], extent: Extent) -> list[Ticket]:
    """Return these tickets in this order, in one statement. Execute it inside `by_key`, with nothing left to flush."""
    statement = queries.tickets_among(actor_of(session), extent)
    tickets = _told(session, statement, {queries.IDS: list(ids)}, extent)
    found = {ticket.id: ticket for ticket in tickets}
    return [found[one] for one in ids if one in found]


def whole_ticket(session: Session, number: str, extent: Extent) -> Ticket | None:
    """Return the ticket of that number, as `whole_tickets`, or None where the actor may not know of it."""
    statement = queries.ticket_of_number(actor_of(session), extent)
    tickets = _told(session, statement, {queries.NUMBER: number}, extent)
    return tickets[0] if tickets else None


def _told(session: Session, statement: Any, parameters: dict[str, Any], extent: Extent) -> list[Ticket]:
    row = session.connection().execute(statement, parameters).one()
    kinds = extent.kinds(actor_of(session))
    found: dict[str, list[Any]] = {}
    at = 0
    for kind, model in kinds.items():
        end = at + len(columns_of(model))
        found[kind] = objects_of(session, model, row[at:end])
        if kind == "tags":
            tagged = row[end] or ()
            end += 1
        at = end
    tickets: list[Ticket] = found["tickets"]
    people, organizations = _by_id(found["people"]), _by_id(found["organizations"])
    teams = _by_id(found["teams"])
    for ticket in tickets:
        for name, column in queries.PEOPLE.items():
            put_one(ticket, name, people.get(getattr(ticket, column)))
        put_one(ticket, "team", teams.get(ticket.team_id))
        put_one(ticket, "organization", organizations.get(ticket.organization_id))
    if extent.homes:
        for one in found["people"]:
            put_one(one, "organization", organizations.get(one.organization_id))
    _fill(tickets, "tags", zip(tagged, found["tags"], strict=True) if "tags" in kinds else ())
    if "comments" in kinds:
        for comment in found["comments"]:
            put_one(comment, "author", people.get(comment.author_id))
        _fill(tickets, "comments", ((comment.ticket_id, comment) for comment in found["comments"]))
    if "files" in kinds:
        _fill(tickets, "attachments", ((file.ticket_id, file) for file in found["files"]))
    return tickets


def _by_id(things: Iterable[Any]) -> dict[int | None, Any]:
    return {thing.id: thing for thing in things}


def _fill(tickets: Sequence[Ticket], name: str, parts: Iterable[tuple[int, Any]]) -> None:
    by_ticket: dict[int, list[Any]] = defaultdict(list)
    for ticket_id, part in parts:
        by_ticket[ticket_id].append(part)
    for ticket in tickets:
        put_many(ticket, name, by_ticket.get(ticket.id, ()))
