"""Tags and their use on tickets."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, says

if TYPE_CHECKING:
    from ombud.models.ticket import Ticket


class TicketTag(Base):
    """One tag on one ticket."""

    __tablename__ = "ticket_tags"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    # tickets that have a tag
    __table_args__ = (Index("ix_ticket_tags_tag_id", "tag_id", "ticket_id"),)


class Tag(HasId, Base):
    """A word to sort tickets by. Its name is unique whatever the case."""

    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(String(100))
    color: Mapped[str] = mapped_column(String(7), server_default="#7a7a72")
    description: Mapped[str] = mapped_column(String(500), server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    tickets: Mapped[list["Ticket"]] = relationship(
        secondary="ombud.ticket_tags", back_populates="tags", lazy="raise", passive_deletes=True
    )

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
        CheckConstraint(
            "color ~ '^#[0-9A-Fa-f]{6}$'",
            name="color_form",
            info=says("color", "must be a colour such as #1f8a8a."),
        ),
        Index(
            "uq_tags_name",
            text("lower(name)"),
            unique=True,
            info=says("name", "is already used by another tag.", conflict=True),
        ),
    )
