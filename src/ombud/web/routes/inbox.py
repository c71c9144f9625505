"""The list of tickets, its counters, and the ticket that is open beside it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ombud.errors import Invalid
from ombud.tickets import TicketFilter
from ombud.tickets import queries as tickets
from ombud.tickets.policy import require_askable
from ombud.tickets.suggestions import suggest
from ombud.web import queries
from ombud.web.addresses import ListAddress, read_address, read_before
from ombud.web.answers import Toast, is_htmx, page, wants
from ombud.web.around import home_of, make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.listing import make_list
from ombud.web.place import at
from ombud.web.ticket_view import load_ticket, make_ticket

router = APIRouter()


@router.get("/")
async def home(visitor: SignedIn) -> Response:
    """Begin with the list that is one's own."""
    return RedirectResponse(home_of(visitor), 303)


@router.get("/tickets")
async def inbox(request: Request, visitor: SignedIn) -> Response:
    """Show a list; for its own refresh only the rows."""
    try:
        address = read_address(request.query_params)
        require_askable(visitor.actor, address.asked)
    except Invalid as error:
        if is_htmx(request) or not request.query_params.get("q"):
            raise
        return await _search_page(request, visitor, request.query_params["q"], error.message)
    async with visitor.listing(address.wanted) as session:
        statement = queries.around_list(visitor.actor, address.wanted)
        row = (await session.execute(statement)).one()
        found = await _found(session, visitor, address, row)
        names = await _names(session, visitor, address)
        total = None if wants(request, "rows") else await _total(session, visitor, address, found, row)
        meant = () if found else await _meant(session, address)
    around = read_around(row)
    listed = make_list(visitor, around, address, found, names=names, total=total, meant=meant)
    frame = make_frame(request, visitor, around, _current(address))
    template = "partials/rows.html" if wants(request, "rows") else "pages/inbox.html"
    return page(request, template, {"frame": frame, "list": listed, "ticket": None})


@router.get("/counters")
async def counters(request: Request, visitor: SignedIn, current: str = "") -> Response:
    """Show the views with their counters, for the sidebar's refresh."""
    async with visitor.desk.aread(visitor.actor, by_key=True) as session:
        row = (await session.execute(queries.surroundings(visitor.actor))).one()
    frame = make_frame(request, visitor, read_around(row), current if current.isprintable() else "")
    return page(request, "partials/counters.html", {"frame": frame})


@router.get("/tickets/search")
async def search(request: Request, visitor: SignedIn) -> Response:
    """Show a page for searching: for small screens, and to learn what can be asked."""
    return await _search_page(request, visitor)


async def _search_page(request: Request, visitor: Visitor, query: str = "", error: str = "") -> Response:
    """Show the search box alone; with what was typed and what is wrong with it, so that it can be put right."""
    async with visitor.desk.aread(visitor.actor, by_key=True) as session:
        row = (await session.execute(queries.surroundings(visitor.actor))).one()
    context = {
        "frame": make_frame(request, visitor, read_around(row), "search"),
        "q": query[:500],
        "error": error[:1].upper() + error[1:],
    }
    return page(request, "pages/search.html", context, status=422 if error else 200)


async def ticket_page(request: Request, visitor: Visitor, number: str) -> Response:
    """Show a ticket: beside its list, or alone when the list is on the page already."""
    address = read_address(request.query_params)
    require_askable(visitor.actor, address.asked)
    alone = wants(request, "ticket")
    beside = None if alone else address.wanted
    async with visitor.listing(beside or TicketFilter()) as session:
        before = read_before(request.query_params)
        loaded = await load_ticket(session, visitor, number, before=before, beside=beside)
        found = [] if alone else await _found(session, visitor, address, loaded.row)
    frame = make_frame(request, visitor, loaded.around, _current(address))
    context: dict[str, Any] = {"frame": frame, "ticket": make_ticket(visitor, loaded, address)}
    if alone:
        return page(request, "partials/ticket_alone.html", context)
    context["list"] = make_list(visitor, loaded.around, address, found, current=number)
    context["toast"] = _merged_toast(request, visitor)
    return page(request, "pages/inbox.html", context)


def _merged_toast(request: Request, visitor: Visitor) -> Toast | None:
    """Return the word about a merge that led here, with the way back."""
    request_id = request.query_params.get("merged", "")
    if not request_id or not visitor.is_staff:
        return None
    return Toast("Merged: the conversation goes on here.", at("/undo"), {"request": request_id[:64]})


async def _found(session: Any, visitor: Visitor, address: ListAddress, row: Any) -> list[Any]:
    """Return the rows of the list; `row` says how common its words are (`queries.around_list`)."""
    statement = tickets.inbox(visitor.actor, address.wanted, address.place, common=_common(row))
    return list((await session.execute(statement)).all())


async def _total(
    session: Any, visitor: Visitor, address: ListAddress, found: list[Any], row: Any
) -> int | None:
    """Return how many tickets a search found, up to one more than the cap; a statement if it fills a page."""
    if not address.query or address.cursor:
        return None
    if len(found) <= address.place.limit:
        return len(found)
    statement = tickets.count_matching(visitor.actor, address.wanted, common=_common(row))
    total: int = (await session.execute(statement)).scalar_one()
    return total


async def _meant(session: Any, address: ListAddress) -> tuple[str, ...]:
    """Return what may have been meant by a search for words that found nothing."""
    if address.wanted.text is None or address.cursor:
        return ()
    meant: tuple[str, ...] = await session.run_sync(suggest, address.query, address.wanted)
    return meant


def _common(row: Any) -> tickets.Common:
    return tickets.Common.of(row.words_weight, row.substring_weight)


async def _names(session: Any, visitor: Visitor, address: ListAddress) -> Any:
    """Look up how the people in the address are called; a statement only where there are any."""
    wanted = address.wanted
    if wanted.requester_id is None and wanted.organization_id is None:
        return None
    statement = queries.names_of(visitor.actor, wanted.requester_id, wanted.organization_id)
    return (await session.execute(statement)).one()


def _current(address: ListAddress) -> str:
    teams = [value for name, value in address.values if name == "team"]
    if len(address.values) == len(teams) == 1:
        return f"team:{teams[0]}"
    return "" if address.values else address.view.value
