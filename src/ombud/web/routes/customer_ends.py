"""Make two customers one, and forget a customer: what is asked, shown and confirmed before. For administrators."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.audit.keys import signing_key
from ombud.curation import LikePeople, anonymise_person, merge_people, people_like
from ombud.curation.preview import PersonSide, person_sides, problem_of_people
from ombud.db.context import actor_of
from ombud.db.open import data_dir
from ombud.errors import Conflict, Invalid, NotFound
from ombud.models import User
from ombud.people import queries
from ombud.people.policy import require_admin
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at
from ombud.web.routes.customers import get_customer
from ombud.web.routes.mail import _number
from ombud.web.views.curation import REASONS, person_side
from ombud.web.views.people import PersonView

router = APIRouter(prefix="/customers/{user_id}")

SHOWN = 15


@router.get("/merge")
async def choose(request: Request, visitor: SignedIn, user_id: str, other: str = "", q: str = "") -> Response:
    """Show who could become this customer, or what merging them would mean."""
    require_admin(visitor.actor)
    return await _page(request, visitor, _number(user_id), _number(other) if other else None, q[:200])


@router.post("/merge")
async def merge(request: Request, visitor: SignedIn, form: SignedForm, user_id: str) -> Response:
    """Make another customer one with this one, and go there."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    target, other = _number(user_id), _number(text_of(form, "other"))
    try:
        done = await visitor.desk.arun(visitor.actor, merge_people, [other], target)
    except (Invalid, Conflict) as error:
        return await _page(request, visitor, target, other, error=error)
    return go_to(request, at(f"/customers/{target}?{urlencode({'merged': done.request_id})}"))


@router.get("/anonymisation")
async def warn(request: Request, visitor: SignedIn, user_id: str) -> Response:
    """Say what forgetting this customer means."""
    require_admin(visitor.actor)
    return await _warning(request, visitor, _number(user_id))


@router.post("/anonymisation")
async def anonymise(request: Request, visitor: SignedIn, form: SignedForm, user_id: str) -> Response:
    """Forget a customer for good, when their address was typed to confirm it."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    person, typed, texts = _number(user_id), text_of(form, "confirm"), bool(text_of(form, "texts"))
    key = await asyncio.to_thread(signing_key, data_dir(visitor.parts.runtime.settings) / "keys")

    def forget(session: Session) -> None:
        if get_customer(session, person).email.lower() != typed.strip().lower():
            raise Invalid(fields={"confirm": "must be the address of this person."})
        anonymise_person(session, key, person, texts=texts)

    try:
        await visitor.desk.arun(visitor.actor, forget)
    except (Invalid, Conflict) as error:
        return await _warning(request, visitor, person, error)
    return go_to(request, at(f"/customers/{person}"))


async def _page(
    request: Request,
    visitor: Visitor,
    person: int,
    other: int | None,
    text: str = "",
    *,
    error: Invalid | Conflict | None = None,
) -> Response:
    def read(session: Session) -> tuple[Any, dict[int, PersonSide], list[LikePeople], list[User]]:
        around = session.execute(web_queries.surroundings(visitor.actor)).one()
        sides = person_sides(session, {person} if other is None else {person, other})
        if person not in sides or (other is not None and other not in sides):
            raise NotFound("There is no such person here.")
        if other is not None:
            return around, sides, [], []
        return around, sides, *_candidates(session, person, text.strip())

    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        row, sides, like, found = await session.run_sync(read)
    ends = sides.get(other) if other is not None else None
    context = {
        "frame": make_frame(request, visitor, read_around(row), "customers"),
        "customer": person_side(sides[person]),
        "id": person,
        "other": person_side(ends) if ends is not None else None,
        "other_id": other,
        "like": [_likely(one, person) for one in like],
        "found": [_choice(user, person) for user in found],
        "q": text,
        "problem": _problem(sides.values(), same=person == other),
        "weaker": ends is not None and ends.has_second_factor and not sides[person].has_second_factor,
        "is_fresh": visitor.is_fresh,
        "failure": error.message if error is not None else "",
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "pages/merge_customers.html", context, status=status)


def _candidates(session: Session, person: int, text: str) -> tuple[list[LikePeople], list[User]]:
    """Return who may be this person, or after a search whom it found."""
    if not text:
        return people_like(session, person, limit=SHOWN), []
    wanted = queries.users(actor_of(session), text=text, staff=False, limit=SHOWN + 1)
    users = session.scalars(wanted.where(User.merged_into_id.is_(None), User.anonymised_at.is_(None)))
    return [], [user for user in users if user.id != person][:SHOWN]


def _likely(one: LikePeople, person: int) -> dict[str, Any]:
    return {
        "person": PersonView.of(one.other.full_name, one.other.email),
        "why": ", ".join(REASONS[reason] for reason in one.likeness.reasons),
        "href": _address(person, one.other.id),
    }


def _choice(user: User, person: int) -> dict[str, Any]:
    return {"person": PersonView.of(user.full_name, user.email), "why": "", "href": _address(person, user.id)}


def _address(person: int, other: int) -> str:
    return at(f"/customers/{person}/merge?other={other}")


def _problem(sides: Collection[PersonSide], *, same: bool) -> str:
    return "This is the same person already." if same else problem_of_people(sides)


async def _warning(
    request: Request, visitor: Visitor, person: int, error: Invalid | Conflict | None = None
) -> Response:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        side = (await session.run_sync(person_sides, {person})).get(person)
    if side is None:
        raise NotFound("There is no such person here.")
    fields = getattr(error, "fields", None) or {}
    context = {
        "frame": make_frame(request, visitor, around, "customers"),
        "customer": person_side(side),
        "id": person,
        "email": side.email,
        "possible": not (side.is_staff or side.is_merged or side.is_anonymised),
        "is_fresh": visitor.is_fresh,
        "error": f"What you typed {fields['confirm']}" if "confirm" in fields else "",
        "failure": error.message if error is not None and "confirm" not in fields else "",
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "pages/anonymise.html", context, status=status)
