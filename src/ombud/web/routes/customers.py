"""Customers: find them, see who one is and what they asked, keep what is known of them. For the team."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.cursor import encode_cursor
from ombud.models import TicketStatus, User, UserRole
from ombud.people import queries
from ombud.people.actions import change_user, deactivate_user, get_user, reactivate_user
from ombud.people.changes import UserChanges
from ombud.people.policy import require_admin, require_right_to_keep, sees_all
from ombud.tickets import UNDONE, Place, TicketFilter
from ombud.tickets import queries as tickets
from ombud.tickets.policy import require_staff
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, field_errors, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.views.customers import CustomerRow, CustomerView, said_lines, ticket_lines

router = APIRouter(prefix="/customers")

PAGE = 50
TICKETS = 20
SAID = 8
DONE = tuple(status for status in TicketStatus if status not in UNDONE)
_FIELDS = {"full_name": "The name", "email": "The address", "organization": "The company"}


@router.get("")
async def list_customers(request: Request, visitor: SignedIn, q: str = "", after: str = "0") -> Response:
    """Show customers whose name or address contains some text."""
    require_staff(visitor.actor)
    start = _number(after) if after != "0" else 0
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        statement = queries.users(visitor.actor, text=q[:200], staff=False, after=start, limit=PAGE + 1)
        rows = (await session.scalars(statement)).all()
    further = {"q": q[:200], "after": rows[PAGE - 1].id} if len(rows) > PAGE else {}
    context = {
        "frame": make_frame(request, visitor, around, "customers"),
        "q": q[:200],
        "rows": [CustomerRow.of(user) for user in rows[:PAGE]],
        "next_href": at(f"/customers?{urlencode(further)}") if further else "",
    }
    return page(request, "pages/customers.html", context)


@router.get("/{user_id}")
async def show_customer(request: Request, visitor: SignedIn, user_id: str, cursor: str = "") -> Response:
    """Show who somebody is, their tickets (what is open first), and what they wrote last."""
    require_staff(visitor.actor)
    return await customer_page(request, visitor, _number(user_id), cursor=cursor or None)


@router.post("/{user_id}")
async def change(request: Request, visitor: SignedIn, form: SignedForm, user_id: str) -> Response:
    """Change a customer's name, address and company; who sees some teams only has the name to change."""
    require_right_to_keep(visitor.actor, UserRole.CUSTOMER)
    person = _number(user_id)
    values = {
        name: text_of(form, name).strip() for name in _FIELDS if name in form or sees_all(visitor.actor)
    }
    try:
        await visitor.desk.arun(visitor.actor, _change, visitor, person, values)
    except (Invalid, Conflict) as error:
        return await customer_page(request, visitor, person, values=values, error=error)
    return go_to(request, at(f"/customers/{person}"))


@router.post("/{user_id}/deactivation")
async def deactivate(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Sign a customer out everywhere, and keep them out."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    await visitor.desk.arun(visitor.actor, _deactivate, _number(user_id))
    return go_to(request, at(f"/customers/{_number(user_id)}"))


@router.post("/{user_id}/reactivation")
async def reactivate(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Let a customer in again."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    await visitor.desk.arun(visitor.actor, _reactivate, _number(user_id))
    return go_to(request, at(f"/customers/{_number(user_id)}"))


def _deactivate(session: Session, person: int) -> None:
    deactivate_user(session, get_customer(session, person).id)


def _reactivate(session: Session, person: int) -> None:
    reactivate_user(session, get_customer(session, person).id)


def get_customer(session: Session, person: int) -> User:
    """Return a customer; Forbidden for one of the team, whose account is kept elsewhere."""
    user = get_user(session, person)
    if user.is_staff:
        raise Forbidden("This is one of the team: see Settings, People.")
    return user


def _change(session: Session, visitor: Visitor, person: int, values: dict[str, str]) -> None:
    user = get_customer(session, person)
    wanted: dict[str, str | int | None] = {**values}
    if "organization" in wanted:
        named = wanted.pop("organization")
        organization = session.scalar(web_queries.organization_named(str(named))) if named else None
        if named and organization is None:
            raise Invalid(fields={"organization": "must be the name of a company that is known here."})
        wanted["organization_id"] = organization
    changes: UserChanges = {name: value for name, value in wanted.items() if getattr(user, name) != value}  # type: ignore[assignment]  # the fields of UserChanges, by name
    if "email" in changes:
        # Whoever has the address can have a link sent there that signs in.
        visitor.require_fresh()
    if changes:
        change_user(session, person, changes)


async def customer_page(
    request: Request,
    visitor: Visitor,
    person: int,
    *,
    cursor: str | None = None,
    values: dict[str, str] | None = None,
    error: Invalid | Conflict | None = None,
) -> Response:
    """Show a customer; with what was typed and what is wrong with it, after a form that was refused."""
    actor = visitor.actor
    first = Place(limit=TICKETS)
    place = Place(limit=TICKETS, cursor=cursor)
    async with visitor.desk.aread(actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(actor))).one())
        row = (await session.execute(web_queries.customer(actor, person))).one_or_none()
        if row is None:
            raise NotFound("There is no such person here.")
        undone = []
        if cursor is None:
            wanted = TicketFilter(requester_id=person, statuses=tuple(UNDONE))
            undone = list((await session.execute(tickets.inbox(actor, wanted, first))).all())
        wanted = TicketFilter(requester_id=person, statuses=DONE)
        done = list((await session.execute(tickets.inbox(actor, wanted, place))).all())
        said = (await session.execute(web_queries.last_words(actor, person, SAID))).all()
    shown = CustomerView.of(row)
    errors = field_errors(error, _FIELDS) if isinstance(error, Invalid) else dict.fromkeys(_FIELDS, "")
    more = ""
    if len(done) > TICKETS:
        more = encode_cursor(place.order_name, tickets.cursor_values(done[TICKETS - 1], place))
    context = {
        "frame": make_frame(request, visitor, around, "customers"),
        "customer": shown,
        "undone": ticket_lines(undone[:TICKETS]),
        "undone_more": at(f"/tickets?view=open&requester={person}") if len(undone) > TICKETS else "",
        "done": ticket_lines(done[:TICKETS]),
        "next_href": at(f"/customers/{person}?{urlencode({'cursor': more})}") if more else "",
        "is_further": cursor is not None,
        "said": said_lines(said),
        "values": values
        or {"full_name": shown.full_name, "email": shown.email, "organization": shown.organization},
        "errors": errors,
        "failure": error.message if error is not None and not any(errors.values()) else "",
        "is_fresh": visitor.is_fresh,
        "sees_all": sees_all(actor),
        "can_keep": may_keep(visitor) and shown.is_person and not shown.is_staff,
        "can_end": actor.is_admin and not shown.is_staff,
        "merged": request.query_params.get("merged", "")[:64],
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "pages/customer.html", context, status=status)


def may_keep(visitor: Visitor) -> bool:
    """Tell whether a visitor may change what is known of customers."""
    try:
        require_right_to_keep(visitor.actor, UserRole.CUSTOMER)
    except Forbidden:
        return False
    return True
