"""Reading comments and tags page by page: builders that return a Select."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from ombud.db.actor import Actor
from ombud.kit.cursor import decode_cursor, encode_cursor
from ombud.models import Comment, Tag
from ombud.tickets.policy import comments_visible_to

ORDER = "created"


def comments_page(actor: Actor, ticket_id: int, *, limit: int, cursor: str | None = None) -> Select[Comment]:
    """Return comments of a ticket with authors and files, oldest first, one more than `limit`; two statements."""
    statement = comments(actor).where(Comment.ticket_id == ticket_id)
    if cursor is not None:
        values = decode_cursor(cursor, sort=ORDER, types=(datetime, int))
        columns = (Comment.__table__.c.created_at, Comment.__table__.c.id)
        there = tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))
        statement = statement.where(tuple_(*columns) > there)
    return statement.order_by(Comment.created_at, Comment.id).limit(limit + 1)


def cursor_after(comment: Comment) -> str:
    """Return the cursor of the page after `comment`."""
    return encode_cursor(ORDER, (comment.created_at, comment.id))


def comment_by_id(actor: Actor, ticket_id: int, comment_id: int) -> Select[Comment]:
    """Return one comment of a ticket with its author and files."""
    return comments(actor).where(Comment.ticket_id == ticket_id, Comment.id == comment_id)


def comments(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return the comments that `actor` may read, of tickets that they see (which the caller makes sure of)."""
    return (
        select(Comment)
        .options(joinedload(Comment.author), selectinload(Comment.attachments))
        .where(comments_visible_to(actor))
    )


def tags(text: str = "", *, after: str = "", limit: int = 50) -> Select[Tag]:
    """Return tags by name (whatever the case) after the name `after`, whose name contains `text`."""
    name = func.lower(Tag.name)
    return (
        select(Tag)
        .where(name > func.lower(after), Tag.name.icontains(text.strip(), autoescape=True))
        .order_by(name)
        .limit(limit)
    )
