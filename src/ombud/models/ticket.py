"""Tickets and those who take part in them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    FetchedValue,
    Float,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    and_,
    cast,
    extract,
    func,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud import clock
from ombud.db.base import Base, HasId, HasTimes, says
from ombud.db.types import TextEnum, allowed

if TYPE_CHECKING:
    from ombud.models.comment import Attachment, Comment
    from ombud.models.people import Organization, Team, User
    from ombud.models.tag import Tag


class TicketStatus(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING_ON_CUSTOMER = "waiting_on_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_done(self) -> bool:
        """True when nobody has to act any more."""
        return self in (TicketStatus.RESOLVED, TicketStatus.CLOSED)


class TicketPriority(StrEnum):
    """How urgent a ticket is. `rank` orders them, 1 is the lowest."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """1 for low to 4 for urgent."""
        return list(TicketPriority).index(self) + 1


class TicketChannel(StrEnum):
    """How a ticket reached the desk."""

    WEB = "web"
    EMAIL = "email"
    API = "api"
    PHONE = "phone"
    CHAT = "chat"
    SOCIAL = "social"


OVERDUE_AFTER = timedelta(days=7)
ESCALATE_AFTER = 24.0

_LIVE = text("deleted_at IS NULL")
_UNDONE = text("deleted_at IS NULL AND status IN ('open', 'in_progress', 'waiting_on_customer')")

# What row security asks of a ticket besides: with it in an index, tickets are counted without being read.
_ASKED_BY_POLICIES = ["team_id", "requester_id", "organization_id", "deleted_at"]


class Ticket(HasId, HasTimes, Base):
    """A customer's request and all that is known about its course.

    The database keeps `ticket_number`, `updated_at`, `version`, `resolved_at`, `first_response_at` (first
    public reply by staff) and `last_activity_at`, whatever program writes. `requester` is whose problem it
    is; `creator` wrote it down and is the same person unless staff did so for them.
    """

    __tablename__ = "tickets"

    ticket_number: Mapped[str] = mapped_column(
        String(50), server_default=text("ombud.next_ticket_number()"), unique=True
    )
    title: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(server_default="")
    status: Mapped[TicketStatus] = mapped_column(TextEnum(TicketStatus), server_default="open")
    priority: Mapped[TicketPriority] = mapped_column(TextEnum(TicketPriority), server_default="medium")
    # Text sorts high, low, medium, urgent; this sorts by severity.
    priority_rank: Mapped[int] = mapped_column(
        SmallInteger,
        Computed(
            "CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 4 END",
            persisted=True,
        ),
    )
    channel: Mapped[TicketChannel] = mapped_column(TextEnum(TicketChannel), server_default="web")
    requester_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    creator_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), server_default=FetchedValue()
    )
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="RESTRICT"))
    organization_id: Mapped[int | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="SET NULL"), server_default=FetchedValue()
    )
    version: Mapped[int] = mapped_column(server_default="1", server_onupdate=FetchedValue())
    last_activity_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), server_onupdate=FetchedValue()
    )
    first_response_at: Mapped[datetime | None] = mapped_column(
        server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    resolved_at: Mapped[datetime | None] = mapped_column(
        server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    deleted_at: Mapped[datetime | None]
    # The ticket that the conversation went on in; this one stays closed and takes no comment.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))

    requester: Mapped["User"] = relationship(
        foreign_keys=[requester_id], back_populates="tickets_requested", lazy="raise"
    )
    creator: Mapped["User"] = relationship(
        foreign_keys=[creator_id], back_populates="tickets_created", lazy="raise"
    )
    assignee: Mapped["User | None"] = relationship(
        foreign_keys=[assignee_id], back_populates="tickets_assigned", lazy="raise"
    )
    team: Mapped["Team | None"] = relationship(lazy="raise")
    organization: Mapped["Organization | None"] = relationship(lazy="raise")
    comments: Mapped[list["Comment"]] = relationship(
        back_populates="ticket",
        lazy="raise",
        passive_deletes=True,
        cascade="all, delete-orphan",
        order_by="Comment.created_at, Comment.id",
    )
    attachments: Mapped[list["Attachment"]] = relationship(
        back_populates="ticket",
        lazy="raise",
        passive_deletes=True,
        cascade="all, delete-orphan",
        order_by="Attachment.id",
    )
    tags: Mapped[list["Tag"]] = relationship(
        secondary="ombud.ticket_tags", back_populates="tickets", lazy="raise", order_by="Tag.name"
    )

    __table_args__ = (
        CheckConstraint(
            allowed("status", TicketStatus), name="status", info=says("status", "is not a status.")
        ),
        CheckConstraint(
            allowed("priority", TicketPriority), name="priority", info=says("priority", "is not a priority.")
        ),
        CheckConstraint(
            allowed("channel", TicketChannel), name="channel", info=says("channel", "is not a channel.")
        ),
        CheckConstraint(r"title ~ '\S'", name="title_not_blank", info=says("title", "must not be blank.")),
        CheckConstraint(
            r"ticket_number ~ '\S'", name="number_not_blank", info=says("ticket_number", "is blank.")
        ),
        CheckConstraint(
            "(status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)",
            name="resolved_at",
            info=says("resolved_at", "belongs to resolved and closed tickets only."),
        ),
        CheckConstraint(
            "merged_into_id IS NULL OR (status = 'closed' AND merged_into_id <> id)",
            name="merged_is_closed",
            info=says("status", "stays closed: this ticket was merged into another.", conflict=True),
        ),
        # what was merged into a ticket
        Index(
            "ix_tickets_merged_into_id", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")
        ),
        # retention: what was deleted long enough ago
        Index("ix_tickets_deleted_at", "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
        # inbox "All open" and its counter: what is not done, latest activity first
        Index("ix_tickets_undone", "last_activity_at", "id", postgresql_where=_UNDONE),
        # inbox by status, and its counters
        Index("ix_tickets_status", "status", "last_activity_at", "id", postgresql_where=_LIVE),
        # inbox "All"
        Index("ix_tickets_live", "last_activity_at", "id", postgresql_where=_LIVE),
        # inbox "Unassigned" and its counter: IS NULL on a leading column would not keep the order
        Index(
            "ix_tickets_unassigned_undone",
            "last_activity_at",
            "id",
            postgresql_where=text(
                "deleted_at IS NULL AND status IN ('open', 'in_progress', 'waiting_on_customer')"
                " AND assignee_id IS NULL"
            ),
            postgresql_include=["status", "created_at", "assignee_id", *_ASKED_BY_POLICIES],
        ),
        # inbox "Mine", and its counter; somebody's tickets of a status, by age
        Index(
            "ix_tickets_assignee_undone",
            "assignee_id",
            "last_activity_at",
            "id",
            postgresql_where=_UNDONE,
            postgresql_include=["status", "created_at", *_ASKED_BY_POLICIES],
        ),
        # an agent's whole history; foreign key. Without the id equal keys share an entry, here and below: 36 to 39 MB
        # were 10 to 13 then, at a million tickets (docs/performance.md)
        Index("ix_tickets_assignee_id", "assignee_id"),
        # a team's queue
        Index("ix_tickets_team_undone", "team_id", "last_activity_at", "id", postgresql_where=_UNDONE),
        Index("ix_tickets_team_id", "team_id"),
        # a customer's tickets (portal, "other tickets of the requester")
        Index("ix_tickets_requester_id", "requester_id", "id"),
        # merging and forgetting people; foreign key
        Index("ix_tickets_creator_id", "creator_id"),
        # an organization's tickets
        Index(
            "ix_tickets_organization_id",
            "organization_id",
            postgresql_where=text("organization_id IS NOT NULL"),
        ),
        # created ranges and sort by age
        Index("ix_tickets_created_at", "created_at", "id", postgresql_where=_LIVE),
        # sort by priority within what is not done
        Index(
            "ix_tickets_priority_undone", "priority_rank", "last_activity_at", "id", postgresql_where=_UNDONE
        ),
    )

    @hybrid_property
    def is_overdue(self) -> bool:
        """True when the ticket is not done and older than OVERDUE_AFTER."""
        return not self.status.is_done and self.created_at < clock.now() - OVERDUE_AFTER

    @is_overdue.inplace.expression
    @classmethod
    def _is_overdue(cls) -> ColumnElement[bool]:
        # Spelled as the partial indexes are, so that they serve it.
        undone = [status for status in TicketStatus if not status.is_done]
        return and_(cls.status.in_(undone), cls.created_at < func.now() - OVERDUE_AFTER)

    @hybrid_property
    def response_time_hours(self) -> float | None:
        """Hours from creation to the first public reply by staff; None while there is none."""
        if self.first_response_at is None:
            return None
        return (self.first_response_at - self.created_at).total_seconds() / 3600

    @response_time_hours.inplace.expression
    @classmethod
    def _response_time_hours(cls) -> ColumnElement[Any]:
        return cast(extract("epoch", cls.first_response_at - cls.created_at), Float(53)) / 3600

    @hybrid_method
    def is_priority_escalation_needed(self, hours: float = ESCALATE_AFTER) -> bool:
        """Return whether the ticket is still open, untouched by the team, after `hours`."""
        return self.status is TicketStatus.OPEN and self.created_at < clock.now() - timedelta(hours=hours)

    @is_priority_escalation_needed.expression
    @classmethod
    def _is_priority_escalation_needed(cls, hours: float = ESCALATE_AFTER) -> ColumnElement[bool]:
        return and_(cls.status == TicketStatus.OPEN, cls.created_at < func.now() - timedelta(hours=hours))


class TicketParticipant(Base):
    """A customer who follows a ticket that somebody else requested, and so may see it."""

    __tablename__ = "ticket_participants"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
