"""Kept sums of tickets, and the changes that wait to be added to them. Written by the database only.

How the two are read together is in `ombud.analytics.queries`.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId
from ombud.db.types import TextEnum, allowed


class StatGrain(StrEnum):
    """How long a stretch of days a row of sums stands for. Stretches begin at midnight UTC."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    EVER = "ever"
    """One stretch, which begins with the calendar: what is asked for most."""


class StatDimension(StrEnum):
    """What a row's key is: nothing, a value of the ticket, a duration's bucket, a quarter of an hour."""

    ALL = "all"
    STATUS = "status"
    PRIORITY = "priority"
    CHANNEL = "channel"
    ASSIGNEE = "assignee"
    RESPONSE = "response"
    RESOLUTION = "resolution"
    QUARTER = "quarter"


class TicketStat(Base):
    """Sums over the live tickets that were created in a stretch of days, for one key and one team.

    `team_id` is 0 and an assignee's `key` is empty for none. Durations are milliseconds, so sums of them are
    exact whatever the order of adding and taking away.
    """

    __tablename__ = "ticket_stats"

    # The key's order is that of the queries: a few dimensions, a range of days.
    grain: Mapped[StatGrain] = mapped_column(TextEnum(StatGrain), primary_key=True)
    dimension: Mapped[StatDimension] = mapped_column(TextEnum(StatDimension), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    tickets: Mapped[int]
    responded: Mapped[int]
    response_ms: Mapped[int]
    resolved: Mapped[int]
    resolution_ms: Mapped[int]

    __table_args__ = (
        CheckConstraint(allowed("grain", StatGrain), name="grain"),
        CheckConstraint(allowed("dimension", StatDimension), name="dimension"),
    )


class TicketStatDelta(HasId, Base):
    """A change that is not in the sums yet: so many tickets (fewer than none for less) of these properties."""

    __tablename__ = "ticket_stats_delta"

    weight: Mapped[int]
    created_at: Mapped[datetime]
    status: Mapped[str]
    priority: Mapped[str]
    channel: Mapped[str]
    team_id: Mapped[int]
    assignee_id: Mapped[int | None]
    response_ms: Mapped[int | None]
    resolution_ms: Mapped[int | None]
