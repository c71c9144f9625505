"""What stands here twice, side by side: merge it, or say that it is not one. For the team."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud import curation
from ombud.curation.preview import person_sides, ticket_sides
from ombud.errors import Invalid, NotFound
from ombud.kit.cursor import decode_cursor, encode_cursor
from ombud.tickets.policy import require_staff
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, id_of, text_of
from ombud.web.place import at
from ombud.web.routes.customers import may_keep
from ombud.web.views.curation import REASONS, Side, person_side, ticket_side

router = APIRouter(prefix="/duplicates")

PAGE = 20
PEOPLE, TICKETS = "people", "tickets"
APART = {PEOPLE: curation.keep_people_apart, TICKETS: curation.keep_tickets_apart}
AGAIN = {PEOPLE: curation.compare_people_again, TICKETS: curation.compare_tickets_again}


@dataclass(frozen=True, slots=True)
class PairView:
    """Two that may be one: how likely in percent, why, and where they are merged (empty for who may not)."""

    one: Side
    other: Side
    ids: tuple[int, int]
    percent: int = 0
    why: str = ""
    merge_href: str = ""


Part: TypeAlias = tuple[list[PairView], str]
"""The pairs of a page, and the cursor after them; empty on the last page."""


@router.get("")
async def show(request: Request, visitor: SignedIn, of: str = PEOPLE, cursor: str = "") -> Response:
    """Show pairs that may be one, the likeliest first."""
    after = _place(cursor)

    def read(session: Session, kind: str) -> Part:
        find = curation.duplicate_people if kind == PEOPLE else curation.duplicate_tickets
        found: Sequence[Any] = find(session, limit=PAGE + 1, after=after)
        further = encode_cursor("likeness", curation.place_of(found[PAGE - 1])) if len(found) > PAGE else ""
        return _pairs(session, visitor, kind, found[:PAGE]), further

    return await _page(request, visitor, of, read)


@router.get("/apart")
async def show_apart(request: Request, visitor: SignedIn, of: str = PEOPLE, cursor: str = "") -> Response:
    """Show pairs of which somebody said that they are not one."""
    after = _pair(cursor)

    def read(session: Session, kind: str) -> Part:
        find = curation.people_kept_apart if kind == PEOPLE else curation.tickets_kept_apart
        found = find(session, after=after, limit=PAGE + 1)
        further = encode_cursor("pair", found[PAGE - 1]) if len(found) > PAGE else ""
        return _views(session, kind, found[:PAGE]), further

    return await _page(request, visitor, of, read, apart=True)


@router.post("/apart")
async def keep_apart(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Remember that two are not one."""
    require_staff(visitor.actor)
    kind, one, other = _given(form)
    await visitor.desk.arun(visitor.actor, APART[kind], one, other)
    return go_to(request, at(f"/duplicates?{urlencode({'of': kind, 'kept': f'{one}-{other}'})}"))


@router.post("/apart/removal")
async def compare_again(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Let two be looked at again."""
    require_staff(visitor.actor)
    kind, one, other = _given(form)
    await visitor.desk.arun(visitor.actor, AGAIN[kind], one, other)
    return go_to(request, at(f"/duplicates?{urlencode({'of': kind})}"))


async def _page(
    request: Request, visitor: Visitor, of: str, read: Callable[[Session, str], Part], *, apart: bool = False
) -> Response:
    require_staff(visitor.actor)
    kind = _kind(of)

    def around_and_part(session: Session) -> tuple[Any, Part]:
        return session.execute(web_queries.surroundings(visitor.actor)).one(), read(session, kind)

    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        row, (pairs, further) = await session.run_sync(around_and_part)
    here = "/duplicates/apart" if apart else "/duplicates"
    context = {
        "frame": make_frame(request, visitor, read_around(row), "customers"),
        "of": kind,
        "apart": apart,
        "pairs": pairs,
        "next_href": at(f"{here}?{urlencode({'of': kind, 'cursor': further})}") if further else "",
        "can_settle": _can_settle(visitor, kind),
        "kept": None if apart else _kept(request),
    }
    return page(request, "pages/duplicates.html", context)


def _pairs(session: Session, visitor: Visitor, kind: str, found: Sequence[Any]) -> list[PairView]:
    ids = [(one.person.id if kind == PEOPLE else one.ticket.id, one.other.id) for one in found]
    likeness = dict(zip(ids, (one.likeness for one in found), strict=True))
    return [
        replace(
            view,
            percent=round(likeness[view.ids].score * 100),
            why=", ".join(REASONS[reason] for reason in likeness[view.ids].reasons),
            merge_href=_merge_href(visitor, kind, view),
        )
        for view in _views(session, kind, ids)
    ]


def _views(session: Session, kind: str, pairs: Sequence[tuple[int, int]]) -> list[PairView]:
    sides = _sides(session, kind, pairs)
    # A ticket that is deleted is not shown; it comes back with its pair.
    return [PairView(sides[a], sides[b], (a, b)) for a, b in pairs if a in sides and b in sides]


def _sides(session: Session, kind: str, pairs: Sequence[tuple[int, int]]) -> dict[int, Side]:
    ids = {one for pair in pairs for one in pair}
    if not ids:
        return {}
    if kind == PEOPLE:
        return {key: person_side(side) for key, side in person_sides(session, ids).items()}
    return {key: ticket_side(side) for key, side in ticket_sides(session, ids).items()}


def _merge_href(visitor: Visitor, kind: str, pair: PairView) -> str:
    one, other = pair.ids
    if kind == PEOPLE:
        return at(f"/customers/{one}/merge?other={other}") if visitor.actor.is_admin else ""
    words = urlencode({"ticket": pair.other.number, "into": pair.one.number})
    return at(f"/tickets/merge?{words}") if visitor.can_write else ""


def _can_settle(visitor: Visitor, kind: str) -> bool:
    return may_keep(visitor) if kind == PEOPLE else visitor.can_write


def _kind(of: str) -> str:
    if of not in (PEOPLE, TICKETS):
        raise Invalid(fields={"of": "must be people or tickets."})
    return of


def _given(form: Any) -> tuple[str, int, int]:
    one, other = id_of(form, "one"), id_of(form, "other")
    if one is None or other is None:
        raise NotFound("There is no such pair here.")
    return _kind(text_of(form, "of")), one, other


def _kept(request: Request) -> tuple[str, str] | None:
    """Return the pair that was just kept apart, for the way back."""
    one, _, other = request.query_params.get("kept", "").partition("-")
    return (one, other) if all(x.isascii() and x.isdigit() and len(x) < 19 for x in (one, other)) else None


def _place(cursor: str) -> tuple[float, int, int] | None:
    if not cursor:
        return None
    score, one, other = decode_cursor(cursor, sort="likeness", types=(float, int, int))
    return float(str(score)), int(str(one)), int(str(other))


def _pair(cursor: str) -> tuple[int, int]:
    if not cursor:
        return (0, 0)
    one, other = decode_cursor(cursor, sort="pair", types=(int, int))
    return int(str(one)), int(str(other))
