"""Keeping data clean: duplicates, merging people, tickets and tags, forgetting people. For the team only."""

import asyncio
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy.orm import Session

from ombud import curation
from ombud.api import lookup
from ombud.api.calls import CurrentCall
from ombud.api.paging import Limit
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import PathId, TicketNumber
from ombud.api.schemas.curation import (
    Forget,
    Forgotten,
    FoundPeople,
    FoundTickets,
    LikePeople,
    LikeTickets,
    MergeDone,
    MergePeople,
    MergeTags,
    MergeTickets,
    Normalise,
    Normalised,
    NormalTag,
    TagPatch,
)
from ombud.api.schemas.tags import TagDetails
from ombud.audit.keys import signing_key
from ombud.db.context import actor_of
from ombud.db.open import data_dir
from ombud.people.accounts import require_fresh
from ombud.people.policy import require_admin
from ombud.tickets.actions.tag import get_tag
from ombud.tickets.filters import DEFAULT_PAGE
from ombud.tickets.policy import require_staff

router = api_router("Curation")


class HowMany(BaseModel):
    """How many pairs at most."""

    limit: Limit = DEFAULT_PAGE


@router.get("/users/{user_id}/duplicates")
async def list_users_like(
    user_id: PathId, page: Annotated[HowMany, Query()], call: CurrentCall
) -> FoundPeople:
    """List customers who may be this person."""
    return await call.read(_people_like, user_id, page.limit)


@router.get("/tickets/{number}/duplicates")
async def list_tickets_like(
    number: TicketNumber, page: Annotated[HowMany, Query()], call: CurrentCall
) -> FoundTickets:
    """List tickets of the same requester that may be the same matter."""
    return await call.read(_tickets_like, number, page.limit)


@router.post("/users/{user_id}/merges", responses=problems(409, 413, 415))
async def merge_users(user_id: PathId, body: MergePeople, call: CurrentCall) -> MergeDone:
    """Make customers one with this one. For administrators; goes back by undo."""
    require_admin(call.actor)
    require_fresh(call.principal)
    return await call.write(_merge_people, user_id, body)


@router.post("/tickets/{number}/merges", responses=problems(409, 413, 415))
async def merge_other_tickets(number: TicketNumber, body: MergeTickets, call: CurrentCall) -> MergeDone:
    """Let the conversations of other tickets go on in this one. Goes back by undo."""
    return await call.write(_merge_tickets, number, body)


@router.get("/tags/{tag_id}")
async def read_tag(tag_id: PathId, call: CurrentCall) -> TagDetails:
    """Read a tag."""
    return await call.read(_tag, tag_id)


@router.patch("/tags/{tag_id}", responses=problems(409, 413, 415))
async def update_tag(tag_id: PathId, body: TagPatch, call: CurrentCall) -> TagDetails:
    """Rename a tag, or change its colour or what it is for."""
    return await call.write(_change_tag, tag_id, body)


@router.post("/tags/{tag_id}/merges", responses=problems(409, 413, 415))
async def merge_other_tags(tag_id: PathId, body: MergeTags, call: CurrentCall) -> MergeDone:
    """Put this tag in the place of others. Goes back by undo."""
    return await call.write(_merge_tags, tag_id, body)


@router.delete("/tags/{tag_id}", status_code=204, responses=problems(409))
async def delete_tag(tag_id: PathId, call: CurrentCall) -> None:
    """Take a tag off every ticket and remove it. Goes back by undo."""
    await call.write(curation.delete_tag, tag_id)


@router.post("/tags/normalisation", responses=problems(409, 413, 415))
async def normalise_all_tags(body: Normalise, call: CurrentCall) -> Normalised:
    """Write every tag in lower case with hyphens, and merge those that are then the same. Goes back by undo."""
    return await call.write(_normalise_tags, dry_run=body.dry_run)


@router.post("/users/{user_id}/anonymisation", responses=problems(409, 413, 415))
async def anonymise_user(user_id: PathId, body: Forget, call: CurrentCall) -> Forgotten:
    """Forget a person for good: records, mails, files, search and the audit log. For administrators."""
    require_admin(call.actor)
    require_fresh(call.principal)
    folder = data_dir(call.runtime.settings) / "keys"
    key = await asyncio.to_thread(signing_key, folder)
    done = await call.write(
        lambda session: curation.anonymise_person(session, key, user_id, texts=body.texts)
    )
    return Forgotten(redacted_rows=done.redacted_rows)


def _people_like(session: Session, user_id: int, limit: int) -> FoundPeople:
    return FoundPeople(
        items=[LikePeople.of(one) for one in curation.people_like(session, user_id, limit=limit)]
    )


def _tickets_like(session: Session, number: str, limit: int) -> FoundTickets:
    found = curation.tickets_like(session, lookup.ticket_id(session, number), limit=limit)
    return FoundTickets(items=[LikeTickets.of(one) for one in found])


def _merge_people(session: Session, user_id: int, body: MergePeople) -> MergeDone:
    return MergeDone(request_id=curation.merge_people(session, body.user_ids, user_id).request_id)


def _merge_tickets(session: Session, number: str, body: MergeTickets) -> MergeDone:
    target = lookup.ticket_id(session, number)
    sources = [lookup.ticket_id(session, one) for one in body.numbers]
    merged = curation.merge_tickets(
        session,
        sources,
        target,
        across_requesters=body.across_requesters,
        requesters_follow=body.requesters_follow,
    )
    return MergeDone(request_id=merged.request_id)


def _tag(session: Session, tag_id: int) -> TagDetails:
    require_staff(actor_of(session))
    return TagDetails.of(get_tag(session, tag_id))


def _change_tag(session: Session, tag_id: int, body: TagPatch) -> TagDetails:
    return TagDetails.of(curation.change_tag(session, tag_id, **body.given()))


def _merge_tags(session: Session, tag_id: int, body: MergeTags) -> MergeDone:
    curation.merge_tags(session, body.tag_ids, tag_id)
    return MergeDone(request_id=actor_of(session).request_id)


def _normalise_tags(session: Session, *, dry_run: bool) -> Normalised:
    changed = curation.normalise_tags(session, dry_run=dry_run)
    return Normalised(
        items=[NormalTag(name=name, was=list(was)) for name, was in changed],
        request_id=None if dry_run else actor_of(session).request_id,
    )
