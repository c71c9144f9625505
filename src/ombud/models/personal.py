"""What an agent's own view of the desk remembers: what they have read, what they are writing."""

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base


class TicketRead(Base):
    """When a user last looked at a ticket; older than its last activity means unread."""

    __tablename__ = "ticket_reads"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Draft(Base):
    """An unsent reply or note, kept until it is sent or thrown away."""

    __tablename__ = "drafts"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    is_internal: Mapped[bool] = mapped_column(primary_key=True)
    content: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
