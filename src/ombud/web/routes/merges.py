"""Merge tickets: choose which one goes on, see what moves and who will read it, do it. For who changes tickets."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.curation import MergedTickets, merge_tickets
from ombud.curation.preview import TicketSide, problem_of_tickets, strangers, ticket_sides
from ombud.curation.preview.queries import merged_among
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.tickets import Place, TicketFilter
from ombud.tickets import queries as tickets
from ombud.tickets.grammar import understand
from ombud.tickets.policy import require_writer
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at
from ombud.web.views.curation import listed, ticket_side
from ombud.web.wording import STATUS_LABELS
from ombud.web.zone import zone_name

router = APIRouter(prefix="/tickets/merge")

MOST = 50
SHOWN = 15
FOLLOW = {"yes": True, "no": False}


@router.get("")
async def choose(request: Request, visitor: SignedIn) -> Response:
    """Show which tickets end, and either what they could go on in, or what merging them would mean."""
    require_writer(visitor.actor)
    query = request.query_params
    return await _page(
        request, visitor, query.getlist("ticket"), query.get("into", ""), query.get("q", "")[:200]
    )


@router.post("")
async def merge(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Let the conversations go on in one ticket, and go there."""
    require_writer(visitor.actor)
    numbers = [value for value in form.getlist("ticket") if isinstance(value, str)]
    into, follow = text_of(form, "into"), FOLLOW.get(text_of(form, "follow"))
    try:
        done = await visitor.desk.arun(visitor.actor, _merge, _checked(numbers), into, follow)
    except (Invalid, Conflict) as error:
        return await _page(request, visitor, numbers, into, error=error)
    return go_to(request, at(f"/tickets/{quote(into)}?{urlencode({'merged': done.request_id})}"))


def _merge(session: Session, numbers: list[str], into: str, follow: bool | None) -> MergedTickets:
    found = _ids(session, [*numbers, into])
    if len(found) < len({*numbers, into}):
        raise NotFound("There is no such ticket here.")
    sources = [found[number] for number in numbers]
    return merge_tickets(
        session,
        sources,
        found[into],
        across_requesters=follow is not None,
        requesters_follow=bool(follow),
    )


def _ids(session: Session, numbers: list[str]) -> dict[str, int]:
    """Return the ids of those of these tickets that the actor sees, by number."""
    rows = session.execute(tickets.tickets_by_number(actor_of(session), numbers))
    return {row.ticket_number: row.id for row in rows}


def _checked(numbers: list[str]) -> list[str]:
    unique = list(dict.fromkeys(number for number in numbers if len(number) <= 50 and number.isprintable()))
    if len(unique) > MOST:
        raise Invalid(f"Merge at most {MOST} tickets at once.")
    return unique


def _sides(session: Session, numbers: list[str], into: str) -> tuple[list[TicketSide], TicketSide | None]:
    """Return the tickets that end, as far as they can, and the one that goes on."""
    ids = _ids(session, [*numbers, into] if into else numbers)
    sides = {side.number: side for side in ticket_sides(session, ids.values()).values()}
    target = sides.pop(into, None) if into else None
    if into and target is None:
        raise NotFound("There is no such ticket here.")
    return [sides[number] for number in numbers if number in sides], target


def _candidates(session: Session, sources: list[TicketSide], text: str) -> list[Any]:
    """Return tickets that the sources could go on in: what is searched for, or the requester's others."""
    actor = actor_of(session)
    wanted = (
        TicketFilter(text=text, time_zone=zone_name())
        if text
        else TicketFilter(requester_id=sources[0].requester_id)
    )
    rows = session.execute(tickets.inbox(actor, understand(wanted), Place(limit=SHOWN))).all()
    merged = set(session.scalars(merged_among([row.id for row in rows])))
    taken = {side.id for side in sources}
    return [row for row in rows if row.id not in merged | taken][:SHOWN]


async def _page(
    request: Request,
    visitor: Visitor,
    numbers: list[str],
    into: str,
    text: str = "",
    *,
    error: Invalid | Conflict | None = None,
) -> Response:
    numbers = [number for number in _checked(numbers) if number != into]

    def read(session: Session) -> tuple[Any, list[TicketSide], TicketSide | None, list[Any]]:
        around = session.execute(web_queries.surroundings(visitor.actor)).one()
        sources, target = _sides(session, numbers, into) if numbers else ([], None)
        choose = sources and target is None
        return around, sources, target, _candidates(session, sources, text.strip()) if choose else []

    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        row, sources, target, found = await session.run_sync(read)
    context = {
        "frame": make_frame(request, visitor, read_around(row)),
        "sources": [ticket_side(side) for side in sources],
        "numbers": [side.number for side in sources],
        "target": ticket_side(target) if target is not None else None,
        "q": text,
        "choices": [
            _choice(side.number, side.title, side.requester, side.status, sources) for side in sources
        ]
        if len(sources) > 1
        else [],
        "found": [
            _choice(
                row.ticket_number, row.title, row.requester_name or row.requester_email, row.status, sources
            )
            for row in found
        ],
        "problem": problem_of_tickets([*sources, *([target] if target is not None else [])]),
        "strangers": listed([side.requester for side in strangers(sources, target)]) if target else "",
        "turned": _address([target.number], sources[0].number) if target and len(sources) == 1 else "",
        "failure": _said(error),
    }
    return page(request, "pages/merge_tickets.html", context, status=_status(error))


def _choice(
    number: str, title: str, requester: str, status: Any, sources: list[TicketSide]
) -> dict[str, Any]:
    others = [side.number for side in sources if side.number != number]
    return {
        "number": number,
        "title": title,
        "requester": requester,
        "status": status.value,
        "status_label": STATUS_LABELS[status.value],
        "href": _address(others, number),
    }


def _address(numbers: list[str], into: str) -> str:
    return at(f"/tickets/merge?{urlencode([*(('ticket', one) for one in numbers), ('into', into)])}")


def _said(error: Invalid | Conflict | None) -> str:
    if error is None:
        return ""
    fields = getattr(error, "fields", None) or {}
    names = {"tickets": "The tickets", "target": "The other ticket"}
    return " ".join(f"{names.get(name, 'It')} {text}" for name, text in fields.items()) or error.message


def _status(error: Invalid | Conflict | None) -> int:
    return 200 if error is None else 409 if isinstance(error, Conflict) else 422
