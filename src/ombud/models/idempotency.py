"""Answers to unsafe calls that came with an idempotency key, kept so that a repetition gets the same one."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId


class KeptAnswer(HasId, Base):
    """What one person's call to one route under one key was answered. Written with the effect, or not at all.

    `request_hash` is the SHA-256 of what was sent, so that a key used for something else is noticed.
    """

    __tablename__ = "kept_answers"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    route: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # a call's own key; also all of a person's, when the person is removed
        UniqueConstraint("user_id", "route", "key"),
        # the hourly removal of what is a day old
        Index("ix_kept_answers_created_at", "created_at"),
    )
