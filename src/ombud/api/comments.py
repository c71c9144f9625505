"""A ticket's conversation and its history."""

from collections.abc import Sequence

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ombud.api import lookup
from ombud.api.calls import CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link, WhichPage, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import BIGINT_MAX, Page, PathId, TicketNumber
from ombud.api.schemas.conversation import Comment, HistoryEntry, NewComment
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.mail.outgoing.actions import take_back
from ombud.models import AuditLog, User
from ombud.models import Comment as CommentRow
from ombud.tickets import Delivery, add_comment, queries
from ombud.tickets.paging import queries as pages
from ombud.tickets.policy import require_staff

router = api_router("Conversation")


@router.get("/tickets/{number}/comments")
async def list_comments(
    number: TicketNumber, page: WhichPage, call: CurrentCall, link: Link
) -> Page[Comment]:
    """List a ticket's comments, oldest first. Customers get the public ones."""
    rows = await call.read(_comments, number, page.limit, page.cursor)
    return link.page(rows, page.limit, Comment.of, pages.cursor_after)


@router.post("/tickets/{number}/comments", status_code=201, responses=problems(409, 413, 415))
async def create_comment(
    number: TicketNumber, body: NewComment, call: CurrentCall, created: Created
) -> Comment:
    """Answer publicly, or write an internal note."""
    comment = await call.write(_add, number, body)
    created.at(f"/tickets/{number}/comments/{comment.id}")
    return comment


@router.get("/tickets/{number}/comments/{comment_id}")
async def read_comment(number: TicketNumber, comment_id: PathId, call: CurrentCall) -> Comment:
    """Read a comment."""
    return await call.read(_comment, number, comment_id)


@router.post("/tickets/{number}/comments/{comment_id}/retraction", status_code=204, responses=problems(409))
async def retract_comment(number: TicketNumber, comment_id: PathId, call: CurrentCall) -> None:
    """Take a reply of one's own back that has not begun to go out: its words become a draft."""
    await call.write(_retract, number, comment_id)


@router.get("/tickets/{number}/history")
async def list_history(
    number: TicketNumber, page: WhichPage, call: CurrentCall, link: Link
) -> Page[HistoryEntry]:
    """List what was done to a ticket and all that belongs to it, newest first. For the team only."""
    before = page.after_id("-history", start=BIGINT_MAX)
    rows = await call.read(_history, number, before, page.limit + 1)
    return link.page(rows, page.limit, HistoryEntry.of, lambda entry: cursor_at("-history", entry.id))


def _comments(session: Session, number: str, limit: int, cursor: str | None) -> Sequence[CommentRow]:
    found = lookup.ticket_id(session, number)
    return session.scalars(pages.comments_page(actor_of(session), found, limit=limit, cursor=cursor)).all()


def _comment(session: Session, number: str, comment_id: int) -> Comment:
    return _show(session, lookup.ticket_id(session, number), comment_id)


def _add(session: Session, number: str, body: NewComment) -> Comment:
    given = body.delivery
    delivery = None
    if given is not None:
        delivery = Delivery(
            to=tuple(given.to) if given.to is not None else None,
            cc=tuple(given.cc) if given.cc is not None else None,
            not_before=given.not_before,
        )
    comment = add_comment(
        session,
        number,
        body.content,
        is_internal=body.is_internal,
        status=body.status_after,
        delivery=delivery,
    )
    # It is new, and its author sees it: nothing but the author's name is to be read.
    set_committed_value(comment, "author", session.get_one(User, comment.author_id))
    set_committed_value(comment, "attachments", [])
    return Comment.of(comment)


def _retract(session: Session, number: str, comment_id: int) -> None:
    _show(session, lookup.ticket_id(session, number), comment_id)
    take_back(session, comment_id)


def _show(session: Session, ticket_id: int, comment_id: int) -> Comment:
    statement = pages.comment_by_id(actor_of(session), ticket_id, comment_id)
    comment = session.scalar(statement.execution_options(populate_existing=True))
    if comment is None:
        raise NotFound("There is no such comment here.")
    return Comment.of(comment)


def _history(session: Session, number: str, before: int, limit: int) -> Sequence[AuditLog]:
    actor, found = actor_of(session), lookup.ticket_id(session, number)
    require_staff(actor)
    return session.scalars(queries.history(actor, found, before=before, limit=limit)).all()
