"""Pairs that look alike and are not one: what somebody of the team said of them, so that nobody is asked again."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base


class DistinctPeople(Base):
    """Two customers who are two people. The lower id comes first, so that each pair is there once."""

    __tablename__ = "distinct_people"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("user_id < other_id", name="in_order"),)


class DistinctTickets(Base):
    """Two tickets that are two matters; the lower id first."""

    __tablename__ = "distinct_tickets"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("ticket_id < other_id", name="in_order"),)
