"""Settings: the tags of the desk, kept few and well written. For the team; changed by who sees every ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.curation import change_tag, delete_tag, merge_tags, normalise_tags, queries
from ombud.db.actor import Scope
from ombud.errors import Conflict, Invalid
from ombud.tickets import View
from ombud.tickets.policy import require_staff
from ombud.web import queries as web_queries
from ombud.web.answers import page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.settings import enter

router = APIRouter(prefix="/settings/tags")

PAGE = 50


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag with on how many tickets it is, in words, and where those are."""

    id: int
    name: str
    color: str
    description: str
    used: str
    href: str


@dataclass(frozen=True, slots=True)
class Done:
    """What a form of this page did, and the request that undo takes back."""

    text: str
    request_id: str


@router.get("")
async def list_tags(request: Request, visitor: SignedIn, q: str = "", after: str = "") -> Response:
    """Show the tags by name, with on how many tickets each is."""
    enter(visitor.actor, "tags")
    return await _list(request, visitor, q=q[:200], after=after[:100])


@router.get("/normalisation")
async def preview(request: Request, visitor: SignedIn) -> Response:
    """Show what would come of writing all tags in one way."""
    require_staff(visitor.actor)
    # A look only: the rows are locked while it lasts, as they are for the change itself.
    changed = await visitor.desk.arun(visitor.actor, normalise_tags, dry_run=True)
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
    context = {"frame": make_frame(request, visitor, around, "settings"), "changed": changed}
    return page(request, "pages/tags_normal.html", context)


@router.post("/normalisation")
async def normalise(request: Request, visitor: SignedIn, _signed: SignedForm) -> Response:
    """Write all tags in one way, and merge those that are then the same."""
    require_staff(visitor.actor)
    changed = await visitor.desk.arun(visitor.actor, normalise_tags)
    said = f"{len(changed)} {'tag is' if len(changed) == 1 else 'tags are'} written in one way now."
    return await _list(request, visitor, done=_done(visitor, said))


@router.post("/{tag_id}")
async def change(request: Request, visitor: SignedIn, form: SignedForm, tag_id: str) -> Response:
    """Give a tag another name, or say what it is for."""
    require_staff(visitor.actor)
    given = {"name": text_of(form, "name"), "description": text_of(form, "description")}
    try:
        await visitor.desk.arun(visitor.actor, change_tag, _number(tag_id), **given)
    except (Invalid, Conflict) as error:
        return await _list(request, visitor, error=error)
    return await _list(request, visitor, done=_done(visitor, "The tag is changed."))


@router.post("/{tag_id}/merge")
async def merge(request: Request, visitor: SignedIn, form: SignedForm, tag_id: str) -> Response:
    """Put another tag, named in the form, in the place of this one."""
    require_staff(visitor.actor)
    try:
        name = await visitor.desk.arun(visitor.actor, _merge_into, _number(tag_id), text_of(form, "into"))
    except (Invalid, Conflict) as error:
        return await _list(request, visitor, error=error)
    return await _list(request, visitor, done=_done(visitor, f"It is {name} now, on every ticket."))


@router.post("/{tag_id}/deletion")
async def delete(request: Request, visitor: SignedIn, _signed: SignedForm, tag_id: str) -> Response:
    """Take a tag off every ticket and remove it."""
    require_staff(visitor.actor)
    await visitor.desk.arun(visitor.actor, delete_tag, _number(tag_id))
    return await _list(request, visitor, done=_done(visitor, "The tag is deleted."))


def _merge_into(session: Session, tag_id: int, name: str) -> str:
    target = session.scalar(queries.tag_by_name(name.strip())) if name.strip() else None
    if target is None:
        raise Invalid(fields={"into": "must be the name of a tag."})
    kept = target.name
    merge_tags(session, [tag_id], target.id)
    return kept


def _done(visitor: Visitor, text: str) -> Done:
    return Done(text, visitor.actor.request_id)


async def _list(
    request: Request,
    visitor: Visitor,
    *,
    q: str = "",
    after: str = "",
    done: Done | None = None,
    error: Invalid | Conflict | None = None,
) -> Response:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        found = (await session.execute(queries.tags_in_use(q, after=after, limit=PAGE + 1))).all()
    rows = [_row(tag, count) for tag, count in found[:PAGE]]
    further = {"q": q, "after": rows[-1].name} if len(found) > PAGE else {}
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "q": q,
        "rows": rows,
        "next_href": at(f"/settings/tags?{urlencode(further)}") if further else "",
        "can_keep": visitor.can_write and visitor.actor.scope is Scope.ALL,
        "done": done,
        "failure": _said(error) if error is not None else "",
    }
    return page(request, "pages/tags.html", context, status=422 if error is not None else 200)


def _row(tag: Any, count: int) -> TagRow:
    used = "999+ tickets" if count >= queries.COUNTED else f"{count} {'ticket' if count == 1 else 'tickets'}"
    where = urlencode({"view": View.ALL.value, "tag": tag.name})
    return TagRow(
        tag.id, tag.name, tag.color, tag.description, used, at(f"/tickets?{where}") if count else ""
    )


def _said(error: Invalid | Conflict) -> str:
    fields = getattr(error, "fields", None) or {}
    names = {
        "name": "The name",
        "into": "The other tag",
        "target": "The other tag",
        "description": "The description",
    }
    return " ".join(f"{names.get(field, 'It')} {text}" for field, text in fields.items()) or error.message
