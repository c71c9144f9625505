"""One ticket with the beginning of its conversation as plain rows, each statement made once for all tickets.

What `ombud.tickets.queries.one` and `ombud.tickets.paging` load as objects; `tests/api` compares the answers. Executed
with the ticket's number as the parameter NUMBER.
"""

from typing import Any

from sqlalchemy import Select, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from ombud.db.actor import Actor
from ombud.db.made import made_once
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    Comment,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketTag,
    User,
)
from ombud.tickets.policy import comments_visible_to, visible_to

NUMBER = "ticket_number"
_REQUESTER, _CREATOR, _ASSIGNEE, _AUTHOR = (
    aliased(User, name=name) for name in ("requester", "creator", "assignee", "author")
)


def ticket_row(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return the ticket NUMBER, deleted or not, with people, team, organization and tags (JSON); for staff."""
    return made_once((ticket_row, actor.for_request(""), visible_to), lambda: _ticket_row(actor))


def comment_rows(actor: Actor, limit: int) -> Select[*tuple[Any, ...]]:
    """Return the first comments of the ticket NUMBER that `actor` may read, with author and files (JSON)."""
    key = (comment_rows, actor.for_request(""), limit, visible_to, comments_visible_to)
    return made_once(key, lambda: _comment_rows(actor, limit))


def _ticket_row(actor: Actor) -> Select[*tuple[Any, ...]]:
    people = [
        column
        for name, person in (("requester", _REQUESTER), ("creator", _CREATOR), ("assignee", _ASSIGNEE))
        for column in _person(name, person)
    ]
    return (
        select(
            *Ticket.__table__.columns,
            *people,
            Team.name.label("team_name"),
            Organization.name.label("organization_name"),
            _tags().label("tags"),
        )
        .select_from(Ticket)
        .outerjoin(_REQUESTER, Ticket.requester_id == _REQUESTER.id)
        .outerjoin(_CREATOR, Ticket.creator_id == _CREATOR.id)
        .outerjoin(_ASSIGNEE, Ticket.assignee_id == _ASSIGNEE.id)
        .outerjoin(Team, Ticket.team_id == Team.id)
        .outerjoin(Organization, Ticket.organization_id == Organization.id)
        .where(Ticket.ticket_number == bindparam(NUMBER, type_=Text), visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _comment_rows(actor: Actor, limit: int) -> Select[*tuple[Any, ...]]:
    found = select(Ticket.id).where(Ticket.ticket_number == bindparam(NUMBER, type_=Text), visible_to(actor))
    return (
        select(
            Comment.id,
            Comment.content,
            Comment.is_internal,
            Comment.created_at,
            Comment.updated_at,
            Comment.author_id,
            *_person("author", _AUTHOR),
            _files().label("files"),
        )
        .join(_AUTHOR, Comment.author_id == _AUTHOR.id)
        .where(Comment.ticket_id == found.scalar_subquery(), comments_visible_to(actor))
        .order_by(Comment.created_at, Comment.id)
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _person(name: str, person: Any) -> tuple[Any, ...]:
    return (
        person.full_name.label(f"{name}_name"),
        person.email.label(f"{name}_email"),
        person.is_staff.label(f"{name}_is_staff"),
    )


def _tags() -> Any:
    tag = func.json_build_object("id", Tag.id, "name", Tag.name, "color", Tag.color)
    return (
        select(func.json_agg(aggregate_order_by(tag, Tag.name)))
        .select_from(Tag)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == Ticket.id)
        .correlate(Ticket)
        .scalar_subquery()
    )


def _files() -> Any:
    names = ("id", "file_name", "content_type", "size", "checksum", "comment_id", "created_at")
    file = func.json_build_object(*(part for name in names for part in (name, getattr(Attachment, name))))
    return (
        select(func.json_agg(aggregate_order_by(file, Attachment.id)))
        .where(Attachment.comment_id == Comment.id)
        .correlate(Comment)
        .scalar_subquery()
    )
