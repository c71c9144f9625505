"""The audit log, written by triggers only, and the checkpoints that seal it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from ombud.db.base import Base, HasId
from ombud.db.types import TextEnum, allowed
from ombud.models.people import User


class AuditAction(StrEnum):
    """What happened to a row."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class AuditLog(Base):
    """One changed row: who, when, in which request, and the differences.

    `changes` maps a column to `[before, after]`. `record_id` is null for tables whose key is not one
    number; `record_key` always holds the whole key. `ticket_id` groups all that belongs to a ticket. `xid`
    is the transaction's number and `leaf` the SHA-256 of all the rest (see `ombud.audit.leaves`).
    Partitioned by month of `created_at`; no application role may change or remove a row.
    """

    __tablename__ = "audit_logs"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), primary_key=True)
    xid: Mapped[int]
    table_name: Mapped[str] = mapped_column(String(63))
    record_id: Mapped[int | None]
    record_key: Mapped[dict[str, Any]] = mapped_column(JSONB)
    ticket_id: Mapped[int | None]
    action: Mapped[AuditAction] = mapped_column(TextEnum(AuditAction))
    actor: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[int | None]
    request_id: Mapped[str] = mapped_column(String(100))
    # Mutable, so that a change in place is flushed, and refused, instead of being lost without a word.
    changes: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(JSONB))
    leaf: Mapped[bytes]

    # No foreign key: a record of what somebody did outlives them.
    user: Mapped[User | None] = relationship(
        primaryjoin=lambda: foreign(AuditLog.user_id) == User.id, viewonly=True, lazy="raise"
    )

    __table_args__ = (
        CheckConstraint(allowed("action", AuditAction), name="action"),
        # a ticket's history
        Index("ix_audit_logs_ticket_id", "ticket_id", "id", postgresql_where=text("ticket_id IS NOT NULL")),
        # the history of a record that belongs to no ticket
        Index(
            "ix_audit_logs_record",
            "table_name",
            "record_id",
            "id",
            postgresql_where=text("ticket_id IS NULL"),
        ),
        # what one person did, what one request did
        Index("ix_audit_logs_user_id", "user_id", "id", postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_audit_logs_request_id", "request_id"),
        # what was removed from a table: anonymising must find what is known by the log alone
        Index("ix_audit_logs_deleted", "table_name", "id", postgresql_where=text("action = 'DELETE'")),
        # what is sealed next; which tickets changed since an open page last looked
        Index("ix_audit_logs_xid", "xid"),
        Index("ix_audit_logs_created_at", "created_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )


class AuditCheckpoint(Base):
    """A signed statement about a closed part of the log; nobody can change it without the key.

    It covers the rows of the transactions `xid_from` (included) to `xid_to` (not included) with ids above
    `after_id`, which is 0 until a backup is restored on a server whose transactions are numbered anew.
    `root` is the rows' Merkle root (RFC 6962), `previous` the hash of the checkpoint before.
    """

    __tablename__ = "audit_checkpoints"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    after_id: Mapped[int]
    xid_from: Mapped[int]
    xid_to: Mapped[int]
    first_id: Mapped[int]
    last_id: Mapped[int]
    row_count: Mapped[int]
    root: Mapped[bytes]
    previous: Mapped[bytes]
    key_id: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes]

    __table_args__ = (CheckConstraint("xid_to >= xid_from", name="window"),)


class AuditRedaction(HasId, Base):
    """A signed statement that personal values of one subject were taken out of the log.

    `digest` is over the redacted rows (see `ombud.audit.redactions`); without the signature they are a forgery.
    """

    __tablename__ = "audit_redactions"

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    subject_id: Mapped[int]
    request_id: Mapped[str] = mapped_column(String(100))
    row_count: Mapped[int]
    digest: Mapped[bytes]
    key_id: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes]


class AuditRedactedRow(Base):
    """A row of the log whose changes were redacted: the SHA-256 of what they were, which its leaf contains, and are."""

    __tablename__ = "audit_redacted_rows"

    # No foreign key: partitions of the log are kept elsewhere in time.
    log_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    redaction_id: Mapped[int] = mapped_column(
        ForeignKey("audit_redactions.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    was: Mapped[bytes]
    is_now: Mapped[bytes]
