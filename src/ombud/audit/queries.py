"""Reading the log, its checkpoints, and what undo and time travel start from."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Select,
    Text,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import joinedload

from ombud.audit.filters import AccessFilter, LogFilter
from ombud.audit.policy import log_visible_to, looks_visible_to
from ombud.db.actor import Actor
from ombud.db.arrays import one_of
from ombud.models import (
    INCLUDE_DELETED,
    AccessLog,
    Attachment,
    AuditCheckpoint,
    AuditLog,
    AuditRedactedRow,
    AuditRedaction,
    Comment,
    Tag,
    Team,
    Ticket,
    TicketParticipant,
    TicketTag,
    User,
)
from ombud.tickets.policy import visible_to

Rows: TypeAlias = Select[*tuple[Any, ...]]


def partitions_step(months_ahead: int) -> Select[int]:
    """Make the partitions of this month and the next ones; returns how many were missing."""
    return select(func.ombud.ensure_audit_partitions(months_ahead))


def log(actor: Actor, wanted: LogFilter, *, before: int | None = None, limit: int = 100) -> Select[AuditLog]:
    """Return rows of the log, newest first, with who did it; `before` is the last id of the page above."""
    conditions = [
        getattr(AuditLog, column) == value
        for column, value in (
            ("ticket_id", wanted.ticket_id),
            ("table_name", wanted.table),
            ("record_id", wanted.record_id),
            ("actor", wanted.actor),
            ("request_id", wanted.request_id),
        )
        if value is not None
    ]
    user_id = _user_id(wanted.actor)
    if user_id is not None:
        conditions.append(AuditLog.user_id == user_id)  # this one has an index
    if wanted.start is not None:
        conditions.append(AuditLog.created_at >= wanted.start)
    if wanted.end is not None:
        conditions.append(AuditLog.created_at < wanted.end)
    if before is not None:
        conditions.append(AuditLog.id < before)
    return (
        select(AuditLog)
        .options(joinedload(AuditLog.user))
        .where(log_visible_to(actor), *conditions)
        .order_by(AuditLog.id.desc())
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def looks(
    actor: Actor, wanted: AccessFilter, *, before: int | None = None, limit: int = 100
) -> Select[AccessLog]:
    """Return who looked at what, newest first; `before` is the last id of the page above."""
    conditions = [
        column == value
        for column, value in (
            (AccessLog.kind, wanted.kind),
            (AccessLog.principal, wanted.principal),
            (AccessLog.request_id, wanted.request_id),
        )
        if value is not None
    ]
    user_id = _user_id(wanted.principal)
    if user_id is not None:
        conditions.append(AccessLog.user_id == user_id)  # this one has an index
    if wanted.thing is not None:
        below = (AccessLog.object.startswith(f"{wanted.thing}{end}", autoescape=True) for end in "/?")
        conditions.append(or_(AccessLog.object == wanted.thing, *below))
    if wanted.start is not None:
        conditions.append(AccessLog.at >= wanted.start)
    if wanted.end is not None:
        conditions.append(AccessLog.at < wanted.end)
    if before is not None:
        conditions.append(AccessLog.id < before)
    return (
        select(AccessLog)
        .where(looks_visible_to(actor), *conditions)
        .order_by(AccessLog.id.desc())
        .limit(limit)
    )


def _user_id(principal: str | None) -> int | None:
    named = principal is not None and principal.startswith("user:") and principal[5:].isdecimal()
    return int(principal[5:]) if named and principal is not None else None


# Sealing and verifying


def finished_before() -> Select[int]:
    """Return the transaction number below which everything has ended, committed or not."""
    return select(_number(func.pg_snapshot_xmin(func.pg_current_snapshot())))


def not_begun_from() -> Select[int]:
    """Return the transaction number from which on nothing has been written."""
    return select(_number(func.pg_snapshot_xmax(func.pg_current_snapshot())))


def seal_lock(key: int) -> Select[bool]:
    """Take the lock of sealing until the transaction ends; false when somebody else has it."""
    return select(func.pg_try_advisory_xact_lock(key))


def last_checkpoint() -> Select[AuditCheckpoint]:
    """Return the newest checkpoint."""
    return select(AuditCheckpoint).order_by(AuditCheckpoint.number.desc()).limit(1)


def checkpoints(*, after: int = 0) -> Select[AuditCheckpoint]:
    """Return the checkpoints after number `after`, oldest first."""
    return select(AuditCheckpoint).where(AuditCheckpoint.number > after).order_by(AuditCheckpoint.number)


def redactions() -> Select[AuditRedaction]:
    """Return what was redacted, oldest first."""
    return select(AuditRedaction).order_by(AuditRedaction.id)


def redaction_ids() -> Select[int]:
    """Return the numbers of all redactions."""
    return select(AuditRedaction.id)


def redacted_rows(redaction_id: int) -> Select[int, bytes, bytes]:
    """Return id and hashes of the rows of one redaction."""
    return (
        select(AuditRedactedRow.log_id, AuditRedactedRow.was, AuditRedactedRow.is_now)
        .where(AuditRedactedRow.redaction_id == redaction_id)
        .order_by(AuditRedactedRow.log_id)
    )


def rows_of_no_redaction() -> Select[int]:
    """Return how many redacted rows belong to nothing; the database forbids it, a superuser can."""
    known = select(AuditRedaction.id)
    return (
        select(func.count()).select_from(AuditRedactedRow).where(AuditRedactedRow.redaction_id.not_in(known))
    )


def leaves(after_id: int, xid_from: int, xid_to: int) -> Rows:
    """Return id and stored hash of the rows that a checkpoint with this window seals, in its order."""
    return (
        select(AuditLog.id, AuditLog.leaf)
        .where(AuditLog.id > after_id, AuditLog.xid >= xid_from, AuditLog.xid < xid_to)
        .order_by(AuditLog.id)
    )


def unsealed_edge(last: AuditCheckpoint) -> Rows:
    """Return the highest id and transaction of the rows that `last` and those before it leave unsealed."""
    return select(func.max(AuditLog.id), func.max(AuditLog.xid)).where(
        AuditLog.id > last.after_id, AuditLog.xid >= last.xid_to
    )


def last_sealed_id() -> Select[int]:
    """Return the highest id that any checkpoint seals."""
    return select(func.max(AuditCheckpoint.last_id))


def rows_to_prove(ids: tuple[int | None, int | None], transactions: tuple[int | None, int | None]) -> Rows:
    """Return all that is hashed of rows, with the stored hash, by id.

    Ids are above the first and up to the second, transactions from the first to before the second.
    """
    statement: Rows = select(
        AuditLog.id,
        AuditLog.created_at,
        AuditLog.xid,
        AuditLog.table_name,
        AuditLog.record_id,
        cast(AuditLog.record_key, Text).label("record_key_text"),
        AuditLog.ticket_id,
        cast(AuditLog.action, Text).label("action"),
        AuditLog.actor,
        AuditLog.user_id,
        AuditLog.request_id,
        cast(AuditLog.changes, Text).label("changes_text"),
        AuditLog.leaf,
    )
    above, up_to = ids
    start, end = transactions
    if above is not None:
        statement = statement.where(AuditLog.id > above)
    if up_to is not None:
        statement = statement.where(AuditLog.id <= up_to)
    if start is not None:
        statement = statement.where(AuditLog.xid >= start)
    if end is not None:
        statement = statement.where(AuditLog.xid < end)
    return statement.order_by(AuditLog.id, AuditLog.created_at)


# Time travel and undo


def ticket_of(actor: Actor, number: str) -> Select[Ticket]:
    """Return the ticket of that number as it is now, a deleted one included."""
    return (
        select(Ticket)
        .where(Ticket.ticket_number == number, visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def comments_of(ticket_ids: Collection[int]) -> Select[Comment]:
    """Return everything said on tickets."""
    return select(Comment).where(Comment.ticket_id.in_(ticket_ids))


def files_of(ticket_ids: Collection[int]) -> Select[Attachment]:
    """Return the records of all files of tickets."""
    return select(Attachment).where(Attachment.ticket_id.in_(ticket_ids))


def tags_on(ticket_id: int) -> Select[TicketTag]:
    """Return which tags are on a ticket."""
    return select(TicketTag).where(TicketTag.ticket_id == ticket_id)


def participants_of(ticket_id: int) -> Select[TicketParticipant]:
    """Return who follows a ticket."""
    return select(TicketParticipant).where(TicketParticipant.ticket_id == ticket_id)


def tags_by_id(ids: Collection[int]) -> Select[Tag]:
    """Return these tags."""
    return select(Tag).where(Tag.id.in_(ids))


def names_of(ids: Collection[int]) -> Select[int, Any]:
    """Return id and name (the address where there is none) of these people."""
    return select(User.id, func.coalesce(func.nullif(User.full_name, ""), User.email)).where(User.id.in_(ids))


def changes_since(
    actor: Actor, ticket_id: int, at: datetime, others: Collection[int] = ()
) -> Select[AuditLog]:
    """Return what was written about a ticket (and others that it exchanged comments with) after `at`, newest first.

    A transaction is dated by its beginning, so one that began before `at` may have written after another
    that began later; the ids, given while the row was locked, tell the true order.
    """
    first = (
        select(func.min(AuditLog.id))
        .where(AuditLog.ticket_id.in_([ticket_id, *others]), AuditLog.created_at > at)
        .scalar_subquery()
    )
    return (
        select(AuditLog)
        .where(AuditLog.ticket_id.in_([ticket_id, *others]), AuditLog.id >= first, log_visible_to(actor))
        .order_by(AuditLog.id.desc())
        .execution_options(**{INCLUDE_DELETED: True})
    )


def tag_changes_since(ids: Collection[int], at: datetime) -> Select[AuditLog]:
    """Return what was done to these tags after `at`, newest first."""
    return (
        select(AuditLog)
        .where(AuditLog.ticket_id.is_(None), AuditLog.table_name == "tags", AuditLog.record_id.in_(ids))
        .where(AuditLog.created_at > at)
        .order_by(AuditLog.id.desc())
    )


def changes_of_request(actor: Actor, request_id: str) -> Select[AuditLog]:
    """Return what one request wrote, as far as `actor` may see it, oldest first."""
    return (
        select(AuditLog)
        .where(AuditLog.request_id == request_id, log_visible_to(actor))
        .order_by(AuditLog.id)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def count_changes_of_request(request_id: str) -> Select[int]:
    """Return how many rows one request wrote, whoever may see them."""
    return select(func.ombud.count_request_changes(request_id))


def tickets_for_undo(actor: Actor, ids: Collection[int]) -> Rows:
    """Return the tickets as they are, locked in one order until the transaction ends."""
    return (
        select(Ticket.__table__)
        .where(one_of(Ticket.id, ids), visible_to(actor))
        .order_by(Ticket.id)
        .with_for_update()
        .execution_options(**{INCLUDE_DELETED: True})
    )


def links_on(model: type[TicketTag] | type[TicketParticipant], ids: Collection[int]) -> Rows:
    """Return which tags (or people) are on these tickets, as pairs."""
    other = TicketTag.tag_id if model is TicketTag else TicketParticipant.user_id
    return select(model.ticket_id, other).where(one_of(model.ticket_id, ids))


def existing(model: type[Tag] | type[User], ids: Collection[int]) -> Select[int]:
    """Return which of these ids exist."""
    return select(model.id).where(one_of(model.id, ids))


def records_for_undo(model: Any, names: Collection[str], ids: Collection[int]) -> Rows:
    """Return these columns of rows by id, locked in one order until the transaction ends."""
    columns = [getattr(model, name) for name in names]
    return select(model.id, *columns).where(one_of(model.id, ids)).order_by(model.id).with_for_update()


def tags_named(names: Collection[str]) -> Select[int, str]:
    """Return the tags of these names, whatever the case."""
    return select(Tag.id, Tag.name).where(func.lower(Tag.name).in_(_lowered(names)))


def teams_named(names: Collection[str]) -> Select[str]:
    """Return those of these names that teams have, whatever the case."""
    return select(Team.name).where(func.lower(Team.name).in_(_lowered(names)))


def _lowered(names: Collection[str]) -> Select[str]:
    # What is lower case is for the database to say: its unique indexes are on that.
    return select(
        func.lower(func.unnest(bindparam(None, list(names), type_=ARRAY(Text))).column_valued("given"))
    )


def unmerge_people_step(sources: list[int], target: int) -> Select[Any]:
    """Remove what merging people copied."""
    return select(func.ombud.unmerge_people(sources, target))


def set_curating(*, on: bool) -> Select[str]:
    """Tell the database, until the transaction ends or it is told otherwise, that what changes moves no times."""
    return select(func.set_config("ombud.curating", "on" if on else "", True))


def set_undoing(*, on: bool) -> Select[str]:
    """Tell the database, until the transaction ends or it is told otherwise, that a request is taken back."""
    return select(func.set_config("ombud.undoing", "on" if on else "off", True))


def _number(xid8: Any) -> Any:
    return cast(cast(xid8, Text), BigInteger)
