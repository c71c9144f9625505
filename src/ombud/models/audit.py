"""The audit log, written by triggers only."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from ombud.db.base import Base
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
    number; `record_key` always holds the whole key. `ticket_id` groups all that belongs to a ticket.
    Partitioned by month of `created_at`; no application role may change or remove a row.
    """

    __tablename__ = "audit_logs"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), primary_key=True)
    table_name: Mapped[str] = mapped_column(String(63))
    record_id: Mapped[int | None]
    record_key: Mapped[dict[str, Any]] = mapped_column(JSONB)
    ticket_id: Mapped[int | None]
    action: Mapped[AuditAction] = mapped_column(TextEnum(AuditAction))
    actor: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[int | None]
    request_id: Mapped[str] = mapped_column(String(100))
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)

    # No foreign key: a record of what somebody did outlives them.
    user: Mapped[User | None] = relationship(
        primaryjoin=lambda: foreign(AuditLog.user_id) == User.id, viewonly=True, lazy="raise"
    )

    __table_args__ = (
        CheckConstraint(allowed("action", AuditAction), name="action"),
        # a ticket's history
        Index("ix_audit_logs_ticket_id", "ticket_id", "id", postgresql_where=text("ticket_id IS NOT NULL")),
        # a record's history
        Index("ix_audit_logs_record", "table_name", "record_id", "id"),
        # what one person did, what one request did
        Index("ix_audit_logs_user_id", "user_id", "id", postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_audit_logs_request_id", "request_id"),
        Index("ix_audit_logs_created_at", "created_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )
