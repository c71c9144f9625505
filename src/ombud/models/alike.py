"""Pairs that may be one, as the worker found them last. Written by the database only; what is new since is looked for.

How the two are read together is in `ombud.curation.queries`. No foreign keys: a row would hold its people or tickets
from being changed for as long as the worker looks. What is gone goes with the next look.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, desc
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base
from ombud.db.types import TextEnum, allowed


class AlikeKind(StrEnum):
    """What there are pairs of."""

    PEOPLE = "people"
    TICKETS = "tickets"


class AlikePeople(Base):
    """Two customers who may be one person, the lower id first; `names` is how similar those are, 0 to 1."""

    __tablename__ = "alike_people"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    other_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    names: Mapped[float]
    score: Mapped[float]

    __table_args__ = (
        CheckConstraint("user_id < other_id", name="in_order"),
        Index("ix_alike_people_score", desc("score"), "user_id", "other_id"),
    )


class AlikeTickets(Base):
    """Two tickets of one requester that may be one matter, the one that was opened first before the other.

    `titles` and `texts` are how similar those are, 0 to 1; `hours` is the time between them.
    """

    __tablename__ = "alike_tickets"

    ticket_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    other_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    titles: Mapped[float]
    texts: Mapped[float]
    hours: Mapped[float]
    score: Mapped[float]

    __table_args__ = (Index("ix_alike_tickets_score", desc("score"), "ticket_id", "other_id"),)


class AlikeFinds(Base):
    """When pairs of a kind were found last, how many seconds it took, from which score on, and the last id seen."""

    __tablename__ = "alike_finds"

    kind: Mapped[AlikeKind] = mapped_column(TextEnum(AlikeKind), primary_key=True)
    found_at: Mapped[datetime]
    seconds: Mapped[float]
    least: Mapped[float]
    last_id: Mapped[int]

    __table_args__ = (CheckConstraint(allowed("kind", AlikeKind), name="kind"),)
