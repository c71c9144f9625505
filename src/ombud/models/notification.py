"""Words to agents about tickets, and how each of them wants to be told."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId
from ombud.db.types import TextEnum, allowed

if TYPE_CHECKING:
    from ombud.models.comment import Comment
    from ombud.models.people import User
    from ombud.models.ticket import Ticket


class NotificationKind(StrEnum):
    """What an agent is told of."""

    ASSIGNED = "assigned"
    """Somebody gave them a ticket."""
    REPLIED = "replied"
    """Somebody wrote publicly on a ticket of theirs."""
    MENTIONED = "mentioned"
    """A colleague named them in a note."""


class Notification(HasId, Base):
    """A word to one agent. `in_page` and `by_mail` are their settings at that time; read ones stay."""

    __tablename__ = "notifications"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(TextEnum(NotificationKind))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    cause_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    in_page: Mapped[bool] = mapped_column(server_default=true())
    by_mail: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    """When it was turned into a mail, or found not to need one."""

    user: Mapped["User"] = relationship(lazy="raise", foreign_keys=[user_id])
    cause: Mapped["User | None"] = relationship(lazy="raise", foreign_keys=[cause_id])
    ticket: Mapped["Ticket"] = relationship(lazy="raise")
    comment: Mapped["Comment | None"] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint(allowed("kind", NotificationKind), name="kind"),
        # one's list, newest first
        Index("ix_notifications_user_id", "user_id", "id"),
        # the bell's number
        Index("ix_notifications_unread", "user_id", postgresql_where=text("read_at IS NULL AND in_page")),
        # what is to become mail
        Index("ix_notifications_unmailed", "id", postgresql_where=text("by_mail AND mailed_at IS NULL")),
        # foreign keys; "read" when its ticket is looked at
        Index("ix_notifications_ticket_id", "ticket_id", "user_id"),
        Index("ix_notifications_comment_id", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
        Index("ix_notifications_cause_id", "cause_id", postgresql_where=text("cause_id IS NOT NULL")),
    )


class NotificationSetting(Base):
    """How one agent wants to be told of one kind; without a row, both ways."""

    __tablename__ = "notification_settings"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[NotificationKind] = mapped_column(TextEnum(NotificationKind), primary_key=True)
    in_page: Mapped[bool] = mapped_column(server_default=true())
    by_mail: Mapped[bool] = mapped_column(server_default=true())

    __table_args__ = (CheckConstraint(allowed("kind", NotificationKind), name="kind"),)
