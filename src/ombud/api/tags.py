"""Tags, and their use on tickets. For the team only."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path
from sqlalchemy.orm import Session

from ombud.api import lookup
from ombud.api.calls import CurrentCall
from ombud.api.paging import Link, WhichFound, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, TicketNumber
from ombud.api.schemas.tags import NewTag, Tag, TagDetails
from ombud.db.context import actor_of
from ombud.models import Tag as TagRow
from ombud.tickets import add_tags, create_tag, queries, remove_tag
from ombud.tickets.paging import queries as pages
from ombud.tickets.policy import require_staff, require_writer

router = api_router("Tags")

TagPath = Annotated[str, Path(min_length=1, max_length=100, pattern=r"\S", description="The tag's name.")]


@router.get("/tags")
async def list_tags(page: WhichFound, call: CurrentCall, link: Link) -> Page[TagDetails]:
    """List tags by name."""
    rows = await call.read(_tags, page.q, page.after_name("tags"), page.limit + 1)
    return link.page(rows, page.limit, TagDetails.of, lambda tag: cursor_at("tags", tag.name))


@router.post("/tags", status_code=201, responses=problems(409, 413, 415))
async def create_new_tag(body: NewTag, call: CurrentCall) -> TagDetails:
    """Create a tag."""
    return await call.write(_create, body)


@router.put("/tickets/{number}/tags/{name:path}", responses=problems(409))
async def tag_ticket(number: TicketNumber, name: TagPath, call: CurrentCall) -> Tag:
    """Put a tag on a ticket, made if there is none of that name. Doing so twice is harmless."""
    return await call.write(_add, number, name)


@router.delete("/tickets/{number}/tags/{name:path}", status_code=204, responses=problems(409))
async def untag_ticket(number: TicketNumber, name: TagPath, call: CurrentCall) -> None:
    """Take a tag off a ticket. Doing so twice is harmless."""
    await call.write(_remove, number, name)


def _tags(session: Session, text: str, after: str, limit: int) -> Sequence[TagRow]:
    require_staff(actor_of(session))
    return session.scalars(pages.tags(text, after=after, limit=limit)).all()


def _create(session: Session, body: NewTag) -> TagDetails:
    return TagDetails.of(create_tag(session, body.name, color=body.color, description=body.description))


def _add(session: Session, number: str, name: str) -> Tag:
    (tag,) = add_tags(session, lookup.ticket_id(session, number), [name])
    return Tag.of(tag)


def _remove(session: Session, number: str, name: str) -> None:
    ticket_id = lookup.ticket_id(session, number)
    require_writer(actor_of(session))
    found = session.execute(queries.tags_by_name((name,))).first()
    if found is not None:
        remove_tag(session, ticket_id, found.Tag.id)
