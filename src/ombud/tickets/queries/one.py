"""One ticket and all that belongs to it: conversation, files, history, drafts; tags."""

from collections.abc import Collection, Sequence

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Text,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased, joinedload, selectinload

from ombud.db.actor import Actor, Scope
from ombud.db.made import Given
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    AuditLog,
    Comment,
    Draft,
    Tag,
    Ticket,
    User,
)
from ombud.tickets.policy import comments_visible_to, visible_to

CONVERSATION_PAGE = 200


def ticket_by_number(actor: Actor, number: str | BindParameter[str], *, tags: bool = True) -> Select[Ticket]:
    """Return the ticket of that number with its people, team and tags; deleted ones included for staff.

    Without `tags` it is one statement, for callers that get them another way.
    """
    return ticket_details(tags=tags).where(Ticket.ticket_number == number, visible_to(actor))


def goes_on_in(actor: Actor, ticket_id: int | BindParameter[int]) -> Select[str]:
    """Return the number of the ticket that this one was merged into; nothing where the actor does not see it."""
    ended = aliased(Ticket)
    return (
        select(Ticket.ticket_number)
        .join(ended, Ticket.id == ended.merged_into_id)
        .where(ended.id == ticket_id, Ticket.deleted_at.is_(None), visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def ticket_by_id(actor: Actor, ticket_id: int) -> Select[Ticket]:
    """Return the ticket of that id, as `ticket_by_number`."""
    return ticket_details().where(Ticket.id == ticket_id, visible_to(actor))


def visible_id(actor: Actor, ticket_id: int) -> Select[int]:
    """Return the id itself, if `actor` may know of that ticket, deleted or not."""
    return (
        select(Ticket.id)
        .where(Ticket.id == ticket_id, visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def ticket_id(actor: Actor, number: str) -> Select[int]:
    """Return the id of the ticket of that number; deleted ones included for staff."""
    return (
        select(Ticket.id)
        .where(Ticket.ticket_number == number, visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def met_by(actor: Actor, ticket_ids: Collection[int]) -> Select[int, int | None]:
    """Return id and team of those of these tickets that somebody sees, or asked for; deleted ones included."""
    return (
        select(Ticket.id, Ticket.team_id)
        .where(
            Ticket.id.in_(sorted(ticket_ids)), or_(visible_to(actor), Ticket.requester_id == actor.user_id)
        )
        .execution_options(**{INCLUDE_DELETED: True})
    )


def tickets_by_number(actor: Actor, numbers: Sequence[str]) -> Select[int, str]:
    """Return id and number of those of these tickets that the actor sees, by id: locks are taken in one order."""
    return (
        select(Ticket.id, Ticket.ticket_number)
        .where(Ticket.ticket_number.in_(numbers), visible_to(actor))
        .order_by(Ticket.id)
    )


def ticket_details(*, tags: bool = True) -> Select[Ticket]:
    """Return tickets with all that a reader of one needs, in two statements."""
    return (
        select(Ticket)
        .options(
            joinedload(Ticket.requester).joinedload(User.organization),
            joinedload(Ticket.creator),
            joinedload(Ticket.assignee),
            joinedload(Ticket.team),
            joinedload(Ticket.organization),
            *([selectinload(Ticket.tags)] if tags else []),
        )
        .execution_options(**{INCLUDE_DELETED: True})
    )


def ticket_for_change(actor: Actor, ticket: int | str) -> Select[Ticket]:
    """Return the ticket with this id, or number (a text), locked until the transaction ends, whatever its state."""
    is_it = Ticket.ticket_number == ticket if isinstance(ticket, str) else Ticket.id == ticket
    return (
        select(Ticket)
        .where(is_it, visible_to(actor))
        .with_for_update(of=Ticket)
        .execution_options(**{INCLUDE_DELETED: True}, populate_existing=True)
    )


def conversation(
    actor: Actor, ticket_id: Given, *, before: int | None = None, files: bool = True
) -> Select[Comment]:
    """Return the last CONVERSATION_PAGE comments (before comment `before`), newest first, in two statements.

    Without `files` it is one statement; `all_attachments_of` brings them for the whole ticket.
    """
    options = [joinedload(Comment.author), *([selectinload(Comment.attachments)] if files else [])]
    statement = (
        select(Comment)
        .options(*options)
        .where(Comment.ticket_id == ticket_id, comments_visible_to(actor), _sees(actor, ticket_id))
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(CONVERSATION_PAGE)
        .execution_options(**{INCLUDE_DELETED: True})
    )
    if before is not None:
        edge = select(Comment.created_at, Comment.id).where(Comment.id == before).scalar_subquery()
        statement = statement.where(tuple_(Comment.created_at, Comment.id) < edge)
    return statement


def attachments_of(actor: Actor, ticket_id: int) -> Select[Attachment]:
    """Return a ticket's own files (those of comments come with the comments), oldest first."""
    return (
        select(Attachment)
        .where(Attachment.ticket_id == ticket_id, Attachment.comment_id.is_(None))
        .where(_sees(actor, ticket_id))
        .order_by(Attachment.id)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def all_attachments_of(actor: Actor, ticket_id: Given) -> Select[Attachment]:
    """Return the files of a ticket and of those of its comments that the actor may read, oldest first."""
    return (
        select(Attachment)
        .outerjoin(Comment, Attachment.comment_id == Comment.id)
        .where(Attachment.ticket_id == ticket_id, _sees(actor, ticket_id))
        .where(or_(Attachment.comment_id.is_(None), comments_visible_to(actor)))
        .order_by(Attachment.id)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def attachment_by_id(actor: Actor, attachment_id: int) -> Select[Attachment]:
    """Return one file's record, if `actor` sees its ticket and its comment."""
    return (
        select(Attachment)
        .join(Ticket, Attachment.ticket_id == Ticket.id)
        .outerjoin(Comment, Attachment.comment_id == Comment.id)
        .where(Attachment.id == attachment_id, visible_to(actor))
        .where(or_(Attachment.comment_id.is_(None), comments_visible_to(actor)))
    )


def history(actor: Actor, ticket_id: Given, *, before: int = 2**63 - 1, limit: int = 200) -> Select[AuditLog]:
    """Return what was done to a ticket and all that belongs to it, newest first, with who did it.

    `before` is the id of an entry, to see further back.
    """
    return (
        select(AuditLog)
        .options(joinedload(AuditLog.user))
        .where(AuditLog.ticket_id == ticket_id, AuditLog.id < before)
        .where(true() if actor.is_staff else false())
        .where(_sees(actor, ticket_id))
        .order_by(AuditLog.id.desc())
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def other_tickets(actor: Actor, ticket: Ticket, *, limit: int = 5) -> Select[Ticket]:
    """Return the requester's other tickets, newest first."""
    return (
        select(Ticket)
        .where(Ticket.requester_id == ticket.requester_id, Ticket.id != ticket.id, visible_to(actor))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )


def drafts_of(actor: Actor, ticket_id: Given) -> Select[Draft]:
    """Return the actor's unsent reply and note of a ticket."""
    return select(Draft).where(Draft.user_id == actor.user_id, Draft.ticket_id == ticket_id)


def tags_by_name(names: tuple[str, ...]) -> Select[str, Tag]:
    """Return, for each of these names that has one, the name and its tag, whatever the case.

    PostgreSQL compares: Python lowers some letters (İ, ẞ) in another way.
    """
    wanted = func.unnest(literal(list(names), ARRAY(Text))).table_valued("name", name="wanted")
    return select(wanted.c.name, Tag).join(Tag, func.lower(Tag.name) == func.lower(wanted.c.name))


def all_tags() -> Select[Tag]:
    """Return every tag by name."""
    return select(Tag).order_by(func.lower(Tag.name))


def _sees(actor: Actor, ticket_id: Given) -> ColumnElement[bool]:
    """Whether the ticket itself is visible, asked once and not for each row that belongs to it."""
    if actor.scope is Scope.ALL:
        return true()
    return select(Ticket.id).where(Ticket.id == ticket_id, visible_to(actor)).exists()
