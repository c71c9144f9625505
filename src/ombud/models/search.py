"""What tickets are found by, kept apart from the tickets themselves: documents, texts, words to suggest."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, false, func, text
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
    texts_missing: Mapped[bool] = mapped_column(server_default=false())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # search: words
        Index(
            "ix_ticket_search_document",
            "document",
            postgresql_using="gin",
            postgresql_where=text("is_indexed"),
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": "65536"},
        ),
        # search: what is not in the GIN index yet; the worker's batches
        Index("ix_ticket_search_tail", "ticket_id", postgresql_where=text("NOT is_indexed")),
        # the worker: documents from before texts were kept
        Index("ix_ticket_search_texts_missing", "ticket_id", postgresql_where=text("texts_missing")),
    )


class TicketText(Base):
    """One text of a ticket, for finding exact parts: part 0 is number, title and description, others comments.

    Only the worker writes here, when it empties the tail of fresh documents; what it has not read yet is read
    from the tickets themselves.
    """

    __tablename__ = "ticket_texts"

    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("ticket_search.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[int] = mapped_column(primary_key=True)
    is_internal: Mapped[bool] = mapped_column(server_default=false())
    body: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        # search: exact parts
        Index(
            "ix_ticket_texts_body",
            "body",
            postgresql_using="gin",
            postgresql_ops={"body": "ombud.gin_trgm_ops"},
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": "65536"},
        ),
    )


class SearchWord(Base):
    """A word that some document has, for suggestions; `seen` is roughly in how many, up to a hundred or so."""

    __tablename__ = "search_words"

    word: Mapped[str] = mapped_column(String(40), primary_key=True)
    seen: Mapped[int] = mapped_column(server_default="1")
    checked_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # search: words like what was typed
        Index(
            "ix_search_words_word",
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "ombud.gin_trgm_ops"},
        ),
        # the worker: words not looked at for longest
        Index("ix_search_words_checked_at", "checked_at"),
    )


class SearchQueueEntry(Base):
    """A ticket of a bulk load whose document is not written yet; the worker takes them in batches."""

    __tablename__ = "search_queue"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
