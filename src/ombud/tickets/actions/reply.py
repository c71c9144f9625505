"""Say something on a ticket: public replies, internal notes, files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.direct import first_row, seen, written
from ombud.db.permissions import Permission
from ombud.db.reactions import react
from ombud.db.types import one_of
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_line, clean_words
from ombud.models import Attachment, Comment, Ticket, TicketStatus
from ombud.tickets import queries
from ombud.tickets.actions.find import check_change, get_ticket_for_change
from ombud.tickets.events import CommentAdded, Delivery
from ombud.tickets.policy import (
    require_own_verdict,
    require_permission,
    require_right_in_team,
    require_writer,
)
from ombud.tickets.rules import check_move, status_after_reply


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose bytes are in the store already (see `ombud.files`); `size` in bytes, SHA-256 in hex."""

    file_name: str
    content_type: str
    size: int
    checksum: str
    storage_key: str


def reply(
    session: Session,
    ticket_id: int,
    content: str,
    *,
    status: TicketStatus | None = None,
    files: Sequence[StoredFile] = (),
) -> Comment:
    """Answer publicly. A customer's answer reopens a ticket that waited for them or was done."""
    return add_comment(session, ticket_id, content, is_internal=False, status=status, files=files)


def note(
    session: Session,
    ticket_id: int,
    content: str,
    *,
    status: TicketStatus | None = None,
    files: Sequence[StoredFile] = (),
) -> Comment:
    """Write an internal note, which no customer ever sees."""
    return add_comment(session, ticket_id, content, is_internal=True, status=status, files=files)


def add_comment(
    session: Session,
    ticket_id: int | str,
    content: str,
    *,
    is_internal: bool = False,
    status: TicketStatus | None = None,
    files: Sequence[StoredFile] = (),
    author_id: int | None = None,
    created_at: datetime | None = None,
    delivery: Delivery | None = None,
) -> Comment:
    """Add a comment to the ticket with this id, or number (a text), and return it; `status` moves the ticket, too.

    The author is the actor; only the system (imports, mail) names another one, or a time. What was said now, and
    not at a given time, reaches people as the desk's reactions see to it, by `delivery`. A customer moves their own
    ticket to resolved or open only. Raises NotFound, Forbidden, TicketDeleted, IllegalMove, Invalid.
    """
    actor = actor_of(session)
    if actor.user_id is not None and (author_id not in (None, actor.user_id) or created_at is not None):
        raise Forbidden("You can only write as yourself, and now.")
    author = author_id if author_id is not None else actor.user_id
    if author is not None and not is_id(author):
        raise Invalid(fields={"author": "does not exist."})
    if author is None:
        raise Invalid(fields={"author": "must be given: a system speaks for nobody."})
    if is_internal:
        require_permission(actor, Permission.NOTES_WRITE)
    elif actor.is_staff:
        require_permission(actor, Permission.TICKETS_REPLY)
    given: dict[str, Any] = {
        "author_id": author,
        "content": clean_words("content", content),
        "is_internal": is_internal,
    }
    ticket, comment = _say(session, ticket_id, given | ({"created_at": created_at} if created_at else {}))
    for file in files:
        _attach(session, ticket, file, comment)
    _move(session, ticket, status, is_internal=is_internal)
    if created_at is None:
        react(session, CommentAdded(ticket, comment, delivery or Delivery()))
    return comment


def _say(session: Session, ticket_id: int | str, given: dict[str, Any]) -> tuple[Ticket, Comment]:
    """Add a comment to a ticket, which stays locked until the end of the transaction, in one statement.

    Raises what `get_ticket_for_change` raises.
    """
    actor, is_note = actor_of(session), given["is_internal"]
    row = None
    if isinstance(ticket_id, str) or is_id(ticket_id):
        statement = queries.comment_added(
            actor,
            by_number=isinstance(ticket_id, str),
            for_note=is_note,
            at_a_time="created_at" in given,
        )
        parameters = {f"new_{name}": value for name, value in given.items()}
        row = first_row(session, statement, {"ticket": ticket_id, **parameters})
    if row is None:
        raise NotFound("There is no such ticket here.")
    ticket = seen(session, Ticket, dict(zip(queries.TICKET, row, strict=False)))
    check_change(actor, ticket, for_note=is_note)
    made = dict(zip(queries.SAID, row[len(queries.TICKET) :], strict=True))
    return ticket, written(session, Comment(ticket_id=ticket.id, **given | made))


def attach_file(
    session: Session, ticket_id: int, file: StoredFile, *, comment_id: int | None = None
) -> Attachment:
    """Attach a stored file to a ticket itself, or to a comment that the actor wrote."""
    ticket = get_ticket_for_change(session, ticket_id, for_note=comment_id is not None)
    check_right_to_attach(session, ticket_id, comment_id)
    comment = session.get(Comment, comment_id) if comment_id is not None else None
    return _attach(session, ticket, file, comment)


def remove_attachment(session: Session, attachment_id: int) -> None:
    """Take a file off its ticket or comment, for good: the log keeps its name, size and checksum, the worker removes
    its bytes once nothing else has them.

    For who changes tickets, and for who put it there. A mail that it came with keeps its original. Raises NotFound,
    TicketDeleted, Forbidden.
    """
    actor = actor_of(session)
    found = session.scalar(queries.attachment_by_id(actor, attachment_id)) if is_id(attachment_id) else None
    if found is None:
        raise NotFound("There is no such file here.")
    is_own = actor.user_id is not None and found.uploader_id == actor.user_id
    if not is_own:
        require_writer(actor)
    get_ticket_for_change(session, found.ticket_id, for_note=is_own)
    session.delete(found)
    session.flush()


def check_right_to_attach(session: Session, ticket_id: int, comment_id: int | None) -> None:
    """Refuse what `attach_file` would refuse, before the bytes are stored."""
    actor = actor_of(session)
    if comment_id is None:
        if actor.is_staff:
            require_writer(actor)
        return
    comment = session.get(Comment, comment_id) if is_id(comment_id) else None
    if comment is None or comment.ticket_id != ticket_id or (comment.is_internal and not actor.is_staff):
        raise NotFound("There is no such comment here.")
    if actor.user_id not in (None, comment.author_id):
        raise Forbidden("Only who wrote a comment adds files to it.")


def _attach(session: Session, ticket: Ticket, file: StoredFile, comment: Comment | None) -> Attachment:
    actor = actor_of(session)
    uploader = actor.user_id or (comment.author_id if comment is not None else ticket.requester_id)
    attachment = Attachment(
        ticket_id=ticket.id,
        comment_id=comment.id if comment is not None else None,
        uploader_id=uploader,
        file_name=clean_line("file_name", file.file_name, limit=255),
        content_type=clean_line("content_type", file.content_type, limit=255),
        size=file.size,
        checksum=file.checksum,
        storage_key=file.storage_key,
    )
    session.add(attachment)
    session.flush()
    return attachment


def _move(session: Session, ticket: Ticket, status: TicketStatus | None, *, is_internal: bool) -> None:
    actor = actor_of(session)
    if status is not None:
        status = one_of(TicketStatus, status)
        if not actor.is_staff:
            require_own_verdict(actor, ticket.requester_id, status)
        elif is_internal:
            require_writer(actor)
        require_right_in_team(actor, ticket.team_id)
    if status is None and not is_internal:
        status = status_after_reply(ticket.status, by_customer=not actor.is_staff)
    if status is not None and status is not ticket.status:
        check_move(ticket.status, status)
        ticket.status = status
        session.flush()
