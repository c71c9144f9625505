"""Users (customers and staff), organizations and teams."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Computed, FetchedValue, ForeignKey, Index, String, false, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, HasTimes, says
from ombud.db.types import TextEnum, allowed

if TYPE_CHECKING:
    from ombud.models.comment import Comment
    from ombud.models.role import CustomRole
    from ombud.models.ticket import Ticket


class UserRole(StrEnum):
    """What a user is to the desk. A light agent reads and writes internal notes."""

    ADMIN = "admin"
    AGENT = "agent"
    LIGHT_AGENT = "light_agent"
    CUSTOMER = "customer"


class Organization(HasId, HasTimes, Base):
    """A customer's company. With `shares_tickets`, its people see each other's tickets."""

    __tablename__ = "organizations"

    name: Mapped[str] = mapped_column(String(255))
    notes: Mapped[str] = mapped_column(server_default="")
    shares_tickets: Mapped[bool] = mapped_column(server_default=false())

    domains: Mapped[list["OrganizationDomain"]] = relationship(
        back_populates="organization", lazy="raise", passive_deletes=True, cascade="all, delete-orphan"
    )
    members: Mapped[list["User"]] = relationship(
        back_populates="organization", lazy="raise", passive_deletes="all"
    )

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
        # get_or_create by name; two organizations of one name cannot be told apart in a menu.
        Index(
            "uq_organizations_name",
            text("lower(name)"),
            unique=True,
            info=says("name", "is already used by another organization.", conflict=True),
        ),
    )


class OrganizationDomain(Base):
    """A mail domain whose senders belong to an organization. Stored in lower case."""

    __tablename__ = "organization_domains"

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)
    organization_id: Mapped[int] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )

    organization: Mapped[Organization] = relationship(back_populates="domains", lazy="raise")

    __table_args__ = (
        CheckConstraint(
            "domain = lower(domain) AND domain LIKE '%_._%'",
            name="domain_form",
            info=says("domain", "must be a domain such as example.com, in lower case."),
        ),
    )


class TeamMember(Base):
    """A user's place in a team. With `reads_only` they see its tickets, write notes, and change none."""

    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    reads_only: Mapped[bool] = mapped_column(server_default=false())


class Team(HasId, HasTimes, Base):
    """A group of agents that tickets are routed to."""

    __tablename__ = "teams"

    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(500), server_default="")

    members: Mapped[list["User"]] = relationship(
        secondary="ombud.team_members", back_populates="teams", lazy="raise"
    )

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
        Index(
            "uq_teams_name",
            text("lower(name)"),
            unique=True,
            info=says("name", "is already used by another team.", conflict=True),
        ),
    )


# Who may be the same as another; indexes on these, with what their keys are made of, need no look at the rows.
_COMPARED = "role = 'customer' AND merged_into_id IS NULL AND anonymised_at IS NULL"
_NAMED = "role = 'customer' AND merged_into_id IS NULL AND anonymised_at IS NULL AND full_name <> ''"


class User(HasId, HasTimes, Base):
    """A person. Never deleted while anything refers to them: deactivate or anonymise instead.

    `password_hash` cannot be read back by the application's database role; signing in compares it through
    `ombud.credentials(email)`. `is_staff` follows `role`, whichever of the two a writer sets.
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str] = mapped_column(String(255), server_default="")
    is_active: Mapped[bool] = mapped_column(server_default=true())
    is_staff: Mapped[bool] = mapped_column(server_default=false(), server_onupdate=FetchedValue())
    role: Mapped[UserRole] = mapped_column(
        TextEnum(UserRole), server_default="customer", server_onupdate=FetchedValue()
    )
    sees_all_teams: Mapped[bool] = mapped_column(server_default=true())
    # What an agent may do where that is less than all; None: all that agents do.
    custom_role_id: Mapped[int | None] = mapped_column(
        ForeignKey("roles.id", ondelete="RESTRICT"), server_onupdate=FetchedValue()
    )
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organizations.id", ondelete="SET NULL"))
    password_hash: Mapped[str | None] = mapped_column(
        String(255), deferred=True, deferred_raiseload=True, server_default=None
    )
    theme: Mapped[str] = mapped_column(String(10), server_default="system")
    # Whether a letter tells of a sign-in from a browser that is new.
    new_browser_letters: Mapped[bool] = mapped_column(server_default=true())
    last_login: Mapped[datetime | None]
    # The person that this one turned out to be: a stub, whose address still leads there.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    anonymised_at: Mapped[datetime | None]
    # lower() is not leakproof: row security would keep the planner off an index on it. Text equality is.
    email_norm: Mapped[str] = mapped_column(String(255), Computed("lower(email)", persisted=True))

    organization: Mapped[Organization | None] = relationship(back_populates="members", lazy="raise")
    custom_role: Mapped["CustomRole | None"] = relationship(lazy="raise")
    teams: Mapped[list[Team]] = relationship(
        secondary="ombud.team_members", back_populates="members", lazy="raise"
    )
    tickets_created: Mapped[list["Ticket"]] = relationship(
        back_populates="creator", foreign_keys="Ticket.creator_id", lazy="raise", passive_deletes="all"
    )
    tickets_requested: Mapped[list["Ticket"]] = relationship(
        back_populates="requester", foreign_keys="Ticket.requester_id", lazy="raise", passive_deletes="all"
    )
    tickets_assigned: Mapped[list["Ticket"]] = relationship(
        back_populates="assignee", foreign_keys="Ticket.assignee_id", lazy="raise", passive_deletes="all"
    )
    comments: Mapped[list["Comment"]] = relationship(
        back_populates="author", lazy="raise", passive_deletes="all"
    )

    __table_args__ = (
        CheckConstraint(allowed("role", UserRole), name="role", info=says("role", "is not a role.")),
        CheckConstraint("is_staff = (role <> 'customer')", name="staff_role"),
        CheckConstraint(
            "custom_role_id IS NULL OR role = 'agent'",
            name="custom_role_of_agents",
            info=says("custom_role", "is for agents only."),
        ),
        CheckConstraint(
            r"email ~ '^[^@\s]+@[^@\s]+$'",
            name="email_form",
            info=says("email", "must be an address such as ann@example.com."),
        ),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
        # sign-in, matching a sender, "already in use"
        Index(
            "uq_users_email_norm",
            "email_norm",
            unique=True,
            info=says("email", "is already in use.", conflict=True),
        ),
        CheckConstraint(
            "merged_into_id IS NULL OR (NOT is_active AND merged_into_id <> id)",
            name="merged_is_inactive",
            info=says("is_active", "cannot be: this person was merged into another.", conflict=True),
        ),
        CheckConstraint(
            "anonymised_at IS NULL OR NOT is_active",
            name="anonymised_is_inactive",
            info=says("is_active", "cannot be: this person was anonymised.", conflict=True),
        ),
        # what was merged into a person
        Index(
            "ix_users_merged_into_id", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")
        ),
        # duplicates: the same inbox, the same name, a similar name
        Index(
            "ix_users_address_key",
            text("ombud.address_key(email_norm)"),
            postgresql_include=["id", "email_norm"],
            postgresql_where=text(_COMPARED),
        ),
        Index(
            "ix_users_name_key",
            text("ombud.name_key(full_name)"),
            postgresql_include=["id", "full_name"],
            postgresql_where=text(_NAMED),
        ),
        Index(
            "ix_users_local_part",
            text("split_part(ombud.address_key(email_norm), '@', 1)"),
            postgresql_where=text(_NAMED),
        ),
        Index(
            "ix_users_full_name_trgm",
            "full_name",
            postgresql_using="gin",
            postgresql_ops={"full_name": "ombud.gin_trgm_ops"},
            postgresql_where=text("role = 'customer' AND merged_into_id IS NULL"),
        ),
        # who has a role
        Index(
            "ix_users_custom_role_id",
            "custom_role_id",
            postgresql_where=text("custom_role_id IS NOT NULL"),
        ),
        # an organization's people
        Index("ix_users_organization_id", "organization_id"),
        # the assignee menu: active staff by name
        Index("ix_users_staff", "full_name", "id", postgresql_where=text("is_staff AND is_active")),
    )

    @property
    def display_name(self) -> str:
        """The full name, or the address's first part where no name is known."""
        return self.full_name.strip() or self.email.partition("@")[0]
