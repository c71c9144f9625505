"""Tickets: list, open, read, change, delete, restore."""

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from sqlalchemy.orm import Session

from ombud.api import lookup, plain
from ombud.api.calls import CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link
from ombud.api.routing import api_router, problems
from ombud.api.schemas.audit import TicketAsOf
from ombud.api.schemas.base import Moment, TicketNumber
from ombud.api.schemas.conversation import Attachment, Comment
from ombud.api.schemas.tickets import (
    CustomerTicket,
    CustomerTicketRow,
    NewTicket,
    Suggestions,
    Ticket,
    TicketPage,
    TicketPatch,
    TicketRow,
)
from ombud.api.ticket_query import TicketQuery
from ombud.api.versions import IfMatch, version_of
from ombud.audit import as_of as ticket_as_of
from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.people.actions import find_or_create_customer
from ombud.tickets import (
    TicketFilter,
    change_ticket,
    listing,
    open_ticket,
    queries,
    restore_ticket,
    soft_delete_ticket,
)
from ombud.tickets.grammar import understand
from ombud.tickets.paging import queries as pages
from ombud.tickets.policy import require_askable
from ombud.tickets.suggestions import suggest

router = api_router("Tickets")

AsOf = Annotated[Moment | None, Query(description="A moment in the past.")]
SearchText = Annotated[str, Query(max_length=500, description="What was typed.")]
IncludeName = Literal["comments", "attachments"]
Include = Annotated[
    list[IncludeName] | None,
    Query(
        max_length=2, description="Also the first 50 comments, or the ticket's own files. Repeat it for both."
    ),
]


@router.get("/tickets", response_model_exclude_unset=True)
async def list_tickets(
    wanted: Annotated[TicketQuery, Query()], call: CurrentCall, link: Link
) -> TicketPage[TicketRow] | TicketPage[CustomerTicketRow]:
    """List tickets."""
    asked = wanted.filter_for(call.actor)
    if asked.is_search:
        found = await call.search(listing.list_tickets, asked, wanted.place, counted=wanted.count)
    else:
        found = await call.read(listing.list_tickets, asked, wanted.place, counted=wanted.count)
        if wanted.fields is None and not wanted.count:
            plain.remember(link, call.actor, asked, wanted.place)
    kind = TicketRow if call.actor.is_staff else CustomerTicketRow
    rows: list[Any] = [kind.of(row) for row in found.rows]
    return TicketPage.of(link.items(rows, found.next_cursor), found)


@router.get("/search/suggestions")
async def suggest_searches(q: SearchText, call: CurrentCall) -> Suggestions:
    """Suggest what to search for instead of words that find nothing: up to three texts that find something."""
    require_askable(call.actor, understand(TicketFilter(text=q)))
    return Suggestions(items=list(await call.search(suggest, q)))


@router.post(
    "/tickets", status_code=201, responses=problems(409, 413, 415), response_model_exclude_unset=True
)
async def create_ticket(
    body: NewTicket, call: CurrentCall, created: Created, response: Response
) -> Ticket | CustomerTicket:
    """Open a ticket."""
    ticket = await call.write(_create, body)
    created.at(f"/tickets/{ticket.number}")
    return _tagged(response, ticket)


@router.get("/tickets/{number}", response_model_exclude_unset=True)
async def read_ticket(
    number: TicketNumber,
    call: CurrentCall,
    response: Response,
    *,
    as_of: AsOf = None,
    include: Include = None,
) -> Ticket | CustomerTicket | TicketAsOf:
    """Read a ticket; with `as_of`, as it was then, with what had been said on it. That is for the team only."""
    if as_of is not None:
        if include is not None:
            raise Invalid(fields={"parameter:as_of": "stands alone: it shows all that there was."})
        return TicketAsOf.of(as_of, await call.read(ticket_as_of, number, as_of))
    more = frozenset(include or ())
    return _tagged(response, await call.read(_read_with, number, more))


@router.patch("/tickets/{number}", responses=problems(409, 412, 413, 415), response_model_exclude_unset=True)
async def update_ticket(
    number: TicketNumber, body: TicketPatch, call: CurrentCall, response: Response, if_match: IfMatch = None
) -> Ticket | CustomerTicket:
    """Change a ticket. With `If-Match`, nothing is overwritten that the caller has not seen."""
    return _tagged(response, await call.write(_change, number, body, version_of(if_match)))


@router.delete("/tickets/{number}", status_code=204)
async def delete_ticket(number: TicketNumber, call: CurrentCall) -> None:
    """Delete a ticket so that it can come back. Doing so twice is harmless."""
    await call.write(_delete, number)


@router.post("/tickets/{number}/restoration", response_model_exclude_unset=True)
async def restore_deleted_ticket(
    number: TicketNumber, call: CurrentCall, response: Response
) -> Ticket | CustomerTicket:
    """Bring a deleted ticket back as it was. Doing so twice is harmless."""
    return _tagged(response, await call.write(_restore, number))


def _read(session: Session, number: str) -> Ticket | CustomerTicket:
    actor = actor_of(session)
    # what was loaded before a change would hide what the database made of it
    statement = queries.ticket_by_number(actor, number).execution_options(populate_existing=True)
    ticket = session.scalar(statement)
    if ticket is None:
        raise NotFound("There is no such ticket here.")
    into = None
    if ticket.merged_into_id is not None:
        into = session.scalar(queries.goes_on_in(actor, ticket.id))
    return Ticket.of(ticket, into) if actor.is_staff else CustomerTicket.of(ticket, into)


def _read_with(session: Session, number: str, include: frozenset[IncludeName]) -> Ticket | CustomerTicket:
    ticket = _read(session, number)
    actor, more = actor_of(session), dict[str, Any]()
    if "comments" in include:
        page = pages.comments_page(actor, ticket.id, limit=plain.INCLUDED - 1)
        more["comments"] = [Comment.of(one) for one in session.scalars(page)]
    if "attachments" in include:
        own = session.scalars(queries.attachments_of(actor, ticket.id))
        more["attachments"] = [Attachment.of(one) for one in own]
    return ticket.model_copy(update=more)


def _create(session: Session, body: NewTicket) -> Ticket | CustomerTicket:
    ticket = open_ticket(
        session,
        title=body.title,
        description=body.description,
        requester_id=_requester_id(session, body),
        priority=body.priority,
        status=body.status,
        channel=body.channel,
        assignee_id=body.assignee_id,
        team_id=body.team_id,
        tags=body.tags,
    )
    return _read(session, ticket.ticket_number)


def _requester_id(session: Session, body: NewTicket) -> int | None:
    if body.requester is None:
        return body.requester_id
    if body.requester_id is not None:
        raise Invalid(fields={"requester_id": "is either given, or `requester` is."})
    customer = find_or_create_customer(
        session, email=body.requester.email, full_name=body.requester.full_name
    )
    return customer.id


def _change(session: Session, number: str, body: TicketPatch, version: int | None) -> Ticket | CustomerTicket:
    change_ticket(session, lookup.ticket_id(session, number), body.given(), expected_version=version)  # type: ignore[arg-type] # TicketPatch has the fields of TicketChanges
    return _read(session, number)


def _delete(session: Session, number: str) -> None:
    soft_delete_ticket(session, lookup.ticket_id(session, number))


def _restore(session: Session, number: str) -> Ticket | CustomerTicket:
    restore_ticket(session, lookup.ticket_id(session, number))
    return _read(session, number)


def _tagged(response: Response, ticket: Ticket | CustomerTicket) -> Ticket | CustomerTicket:
    response.headers["ETag"] = f'"{ticket.version}"'
    return ticket
