"""Who read what. The audit log is about changes; this one is about looks."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base
from ombud.db.types import TextEnum, allowed


class AccessKind(StrEnum):
    """How something was read; `denied` means that it was not."""

    VIEW = "view"
    LIST = "list"
    SEARCH = "search"
    DOWNLOAD = "download"
    EXPORT = "export"
    IMPERSONATION = "impersonation"
    """Reserved: working as somebody else, which nothing does yet."""
    DENIED = "denied"


class AccessLog(Base):
    """One look at something: `object` names it, such as `ticket:1042` (its number) or `attachment:4`.

    Partitioned by month of `at`. Application roles add rows; only administrators read them, nobody changes
    one.
    """

    __tablename__ = "access_logs"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), primary_key=True)
    principal: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[int | None]
    kind: Mapped[AccessKind] = mapped_column(TextEnum(AccessKind))
    object: Mapped[str] = mapped_column(String(300))
    request_id: Mapped[str] = mapped_column(String(100))

    __table_args__ = (
        CheckConstraint(allowed("kind", AccessKind), name="kind"),
        # who looked at this
        Index("ix_access_logs_object", "object", "id"),
        # what one person looked at
        Index("ix_access_logs_user_id", "user_id", "id", postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_access_logs_at", "at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (at)"},
    )
