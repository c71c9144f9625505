"""The guide's mapping: its tables, columns, loader options and session settings, in our words.

Only what keeps it from running is put right: a driver is named, there is a least Attachment, the broken hybrids and
audit listeners are left out. The SQL that it sends is the guide's own but for the labels of columns.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Enum, ForeignKey, Integer, String, Table, Text, func
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The guide's tables, apart from Ombud's."""


class Status(enum.Enum):
    """As the guide stores it: by name."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING_ON_CUSTOMER = "waiting_on_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(enum.Enum):
    """As the guide stores it: by name."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


def _time(**more: Any) -> Any:
    return mapped_column(DateTime(timezone=True), **more)


def _now(**more: Any) -> Any:
    return _time(server_default=func.now(), nullable=False, **more)


class User(Base):
    """Customers and staff."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True, index=True)
    full_name: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    is_staff: Mapped[bool] = mapped_column(Boolean, default=False)
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now(onupdate=func.now())
    last_login: Mapped[datetime | None] = _time()
    tickets_created: Mapped[list[Ticket]] = relationship(
        back_populates="creator", foreign_keys="Ticket.creator_id", cascade="all, delete-orphan"
    )
    tickets_assigned: Mapped[list[Ticket]] = relationship(
        back_populates="assignee", foreign_keys="Ticket.assignee_id"
    )
    comments: Mapped[list[Comment]] = relationship(back_populates="author", cascade="all, delete-orphan")


ticket_tags = Table(
    "ticket_tags",
    Base.metadata,
    Column("ticket_id", ForeignKey("tickets.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("created_at", DateTime(timezone=True), server_default=func.now()),
)


class Ticket(Base):
    """A ticket; `deleted_at` hides it."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    ticket_number: Mapped[str] = mapped_column(String(50), unique=True, index=True)
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(Text)
    status: Mapped[Status] = mapped_column(Enum(Status, name="ticketstatus"), default=Status.OPEN, index=True)
    priority: Mapped[Priority] = mapped_column(
        Enum(Priority, name="ticketpriority"), default=Priority.MEDIUM, index=True
    )
    creator_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    deleted_at: Mapped[datetime | None] = _time()
    created_at: Mapped[datetime] = _now(index=True)
    updated_at: Mapped[datetime] = _now(onupdate=func.now())
    resolved_at: Mapped[datetime | None] = _time()
    creator: Mapped[User] = relationship(back_populates="tickets_created", foreign_keys=[creator_id])
    assignee: Mapped[User | None] = relationship(
        back_populates="tickets_assigned", foreign_keys=[assignee_id]
    )
    comments: Mapped[list[Comment]] = relationship(
        back_populates="ticket", cascade="all, delete-orphan", order_by="Comment.created_at"
    )
    attachments: Mapped[list[Attachment]] = relationship(
        back_populates="ticket", cascade="all, delete-orphan"
    )
    tags: Mapped[list[Tag]] = relationship(secondary=ticket_tags, back_populates="tickets")


class Comment(Base):
    """What somebody said on a ticket."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    is_internal: Mapped[bool] = mapped_column(Boolean, default=False)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now(onupdate=func.now())
    ticket: Mapped[Ticket] = relationship(back_populates="comments")
    author: Mapped[User] = relationship(back_populates="comments")


class Attachment(Base):
    """Named by the guide and never defined there: the least that lets it map."""

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    filename: Mapped[str] = mapped_column(String(255))
    ticket: Mapped[Ticket] = relationship(back_populates="attachments")


class Tag(Base):
    """A label on tickets."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True, index=True)
    color: Mapped[str] = mapped_column(String(7))
    description: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = _now()
    tickets: Mapped[list[Ticket]] = relationship(secondary=ticket_tags, back_populates="tags")


def sessions(url: str) -> tuple[AsyncEngine, async_sessionmaker[AsyncSession]]:
    """Return the guide's engine and session factory."""
    engine = create_async_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    return engine, async_sessionmaker(engine, class_=AsyncSession, autoflush=False, expire_on_commit=False)
