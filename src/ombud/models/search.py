"""The full-text documents of tickets, kept by triggers apart from the tickets themselves."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base


class TicketSearch(Base):
    """What a ticket can be found by: everything for staff, `public_document` for customers.

    A fresh row is `is_indexed = false`: found by walking the small index of such rows. The worker turns them
    to true in batches, and only that touches the GIN index, so no writer ever waits for it.
    """

    __tablename__ = "ticket_search"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    document: Mapped[str] = mapped_column(TSVECTOR)
    public_document: Mapped[str] = mapped_column(TSVECTOR)
    is_indexed: Mapped[bool] = mapped_column(server_default=false())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # search: words
        Index(
            "ix_ticket_search_document",
            "document",
            postgresql_using="gin",
            postgresql_where=text("is_indexed"),
            postgresql_with={"fastupdate": "off"},
        ),
        # search: what is not in the GIN index yet; the worker's batches
        Index("ix_ticket_search_tail", "ticket_id", postgresql_where=text("NOT is_indexed")),
    )
