"""What an export reads, with names in the place of ids: builders that return a Select."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, aliased

from ombud.db.actor import Actor, Scope
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    Comment,
    CustomRole,
    DistinctPeople,
    DistinctTickets,
    ExternalRef,
    Organization,
    OrganizationDomain,
    Tag,
    Team,
    TeamMember,
    Ticket,
    TicketLink,
    TicketParticipant,
    TicketTag,
    User,
)
from ombud.tickets.policy import visible_to

Rows: TypeAlias = Select[*tuple[Any, ...]]


def organizations() -> Rows:
    """Return organizations with their domains."""
    domains = (
        select(func.array_agg(aggregate_order_by(OrganizationDomain.domain, OrganizationDomain.domain)))
        .where(OrganizationDomain.organization_id == Organization.id)
        .scalar_subquery()
    )
    return select(
        Organization.name,
        Organization.notes,
        Organization.shares_tickets,
        func.coalesce(domains, []).label("domains"),
        Organization.created_at,
        Organization.updated_at,
    ).order_by(Organization.id)


def roles() -> Rows:
    """Return custom roles."""
    return select(
        CustomRole.name,
        CustomRole.description,
        CustomRole.permissions,
        CustomRole.created_at,
        CustomRole.updated_at,
    ).order_by(CustomRole.id)


def users() -> Rows:
    """Return people; those who were merged last, because they name who they are now."""
    survivor = aliased(User)
    return (
        select(
            User.email,
            User.full_name,
            cast(User.role, Text).label("role"),
            User.is_active,
            User.sees_all_teams,
            CustomRole.name.label("custom_role"),
            User.theme,
            User.new_browser_letters,
            Organization.name.label("organization"),
            User.last_login,
            User.anonymised_at,
            User.created_at,
            User.updated_at,
            survivor.email.label("merged_into"),
        )
        .outerjoin(Organization, Organization.id == User.organization_id)
        .outerjoin(CustomRole, CustomRole.id == User.custom_role_id)
        .outerjoin(survivor, survivor.id == User.merged_into_id)
        .order_by(User.merged_into_id.is_not(None), User.id)
    )


def teams() -> Rows:
    """Return teams with the addresses of their members, and of those who only read."""
    return select(
        Team.name,
        Team.description,
        _members(reads_only=False).label("members"),
        _members(reads_only=True).label("readers"),
        Team.created_at,
        Team.updated_at,
    ).order_by(Team.id)


def _members(*, reads_only: bool) -> ColumnElement[list[str]]:
    found = (
        select(func.array_agg(aggregate_order_by(User.email, User.id)))
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(TeamMember.team_id == Team.id, TeamMember.reads_only.is_(reads_only))
        .scalar_subquery()
    )
    return func.coalesce(found, [])


def tags() -> Rows:
    """Return tags."""
    return select(Tag.name, Tag.color, Tag.description, Tag.created_at).order_by(Tag.id)


def distinct_people() -> Rows:
    """Return pairs of people that are kept apart, by address."""
    one, other = aliased(User), aliased(User)
    return (
        select(*_pair(one.email, other.email), DistinctPeople.created_at)
        .join(one, one.id == DistinctPeople.user_id)
        .join(other, other.id == DistinctPeople.other_id)
        .order_by(*_pair(one.email, other.email))
    )


SMALL: tuple[tuple[str, Callable[[], Rows]], ...] = (
    ("organization", organizations),
    ("role", roles),
    ("user", users),
    ("team", teams),
    ("tag", tags),
    ("distinct_people", distinct_people),
)


def files(actor: Actor, after: str, limit: int) -> Rows:
    """Return each file of the store that a ticket which `actor` sees refers to, once, by checksum."""
    return (
        select(Attachment.checksum, func.min(Attachment.storage_key), func.min(Attachment.size))
        .where(Attachment.checksum > after, _seen(actor, Attachment.ticket_id))
        .group_by(Attachment.checksum)
        .order_by(Attachment.checksum)
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def ticket_count(actor: Actor, *, deleted: bool) -> Select[int]:
    """Return how many tickets `actor` sees, with or without deleted ones."""
    counted = select(func.count()).select_from(Ticket).where(visible_to(actor))
    return counted.execution_options(**{INCLUDE_DELETED: deleted})


def tickets(actor: Actor, after: int, limit: int, *, merged: bool) -> Rows:
    """Return tickets that `actor` sees by id, deleted ones too; only merged ones or only the others.

    One that was merged into a ticket which `actor` does not see is left out.
    """
    requester, creator, assignee = aliased(User), aliased(User), aliased(User)
    survivor = aliased(Ticket)
    return (
        select(
            Ticket.id,
            Ticket.ticket_number.label("number"),
            Ticket.title,
            Ticket.description,
            cast(Ticket.status, Text).label("status"),
            cast(Ticket.priority, Text).label("priority"),
            cast(Ticket.channel, Text).label("channel"),
            requester.email.label("requester"),
            creator.email.label("creator"),
            assignee.email.label("assignee"),
            Team.name.label("team"),
            Organization.name.label("organization"),
            Ticket.version,
            Ticket.created_at,
            Ticket.updated_at,
            Ticket.last_activity_at,
            Ticket.first_response_at,
            Ticket.resolved_at,
            Ticket.deleted_at,
            survivor.ticket_number.label("merged_into"),
        )
        .join(requester, requester.id == Ticket.requester_id)
        .join(creator, creator.id == Ticket.creator_id)
        .outerjoin(assignee, assignee.id == Ticket.assignee_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .outerjoin(Organization, Organization.id == Ticket.organization_id)
        .outerjoin(survivor, survivor.id == Ticket.merged_into_id)
        .where(
            Ticket.id > after,
            visible_to(actor),
            _seen(actor, Ticket.merged_into_id) if merged else Ticket.merged_into_id.is_(None),
        )
        .order_by(Ticket.id)
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _comments(ids: Collection[int]) -> Rows:
    return (
        select(
            Comment.ticket_id,
            Comment.id,
            User.email.label("author"),
            Comment.content,
            Comment.is_internal,
            Comment.created_at,
            Comment.updated_at,
        )
        .join(User, User.id == Comment.author_id)
        .where(Comment.ticket_id.in_(ids))
        .order_by(Comment.id)
    )


def _files(ids: Collection[int]) -> Rows:
    return (
        select(
            Attachment.ticket_id,
            Attachment.comment_id,
            User.email.label("uploader"),
            Attachment.file_name,
            Attachment.content_type,
            Attachment.size,
            Attachment.checksum,
            Attachment.created_at,
        )
        .join(User, User.id == Attachment.uploader_id)
        .where(Attachment.ticket_id.in_(ids))
        .order_by(Attachment.id)
    )


def _tags(ids: Collection[int]) -> Rows:
    return (
        select(TicketTag.ticket_id, Tag.name, TicketTag.created_at)
        .join(Tag, Tag.id == TicketTag.tag_id)
        .where(TicketTag.ticket_id.in_(ids))
        .order_by(Tag.name)
    )


def _participants(ids: Collection[int]) -> Rows:
    return (
        select(TicketParticipant.ticket_id, User.email, TicketParticipant.created_at)
        .join(User, User.id == TicketParticipant.user_id)
        .where(TicketParticipant.ticket_id.in_(ids))
        .order_by(User.id)
    )


def _references(ids: Collection[int]) -> Rows:
    return (
        select(ExternalRef.ticket_id, ExternalRef.source, ExternalRef.key, ExternalRef.created_at)
        .where(ExternalRef.ticket_id.in_(ids))
        .order_by(ExternalRef.source, ExternalRef.key)
    )


PARTS: Mapping[str, Callable[[Collection[int]], Rows]] = {
    "comments": _comments,
    "files": _files,
    "tags": _tags,
    "participants": _participants,
    "references": _references,
}


def links(actor: Actor) -> Rows:
    """Return which tickets follow which, by number, where `actor` sees both."""
    follows = aliased(Ticket)
    return (
        select(
            Ticket.ticket_number.label("number"),
            follows.ticket_number.label("follows"),
            TicketLink.created_at,
        )
        .join(Ticket, Ticket.id == TicketLink.ticket_id)
        .join(follows, follows.id == TicketLink.follows_id)
        .where(visible_to(actor), _seen(actor, TicketLink.follows_id))
        .order_by(TicketLink.ticket_id, TicketLink.follows_id)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def distinct_tickets(actor: Actor) -> Rows:
    """Return pairs of tickets that are kept apart, by number, where `actor` sees both."""
    other = aliased(Ticket)
    return (
        select(*_pair(Ticket.ticket_number, other.ticket_number), DistinctTickets.created_at)
        .select_from(DistinctTickets)
        .join(Ticket, Ticket.id == DistinctTickets.ticket_id)
        .join(other, other.id == DistinctTickets.other_id)
        .where(visible_to(actor), _seen(actor, DistinctTickets.other_id))
        .order_by(*_pair(Ticket.ticket_number, other.ticket_number))
        .execution_options(**{INCLUDE_DELETED: True})
    )


AT_THE_END: tuple[tuple[str, Callable[[Actor], Rows]], ...] = (
    ("link", links),
    ("distinct_tickets", distinct_tickets),
)


def rows(actor: Actor, after: int, limit: int) -> Rows:
    """Return tickets that `actor` sees and that are not deleted, one row each, for a spreadsheet."""
    requester, assignee = aliased(User), aliased(User)
    names = (
        select(func.string_agg(Tag.name, aggregate_order_by(literal(", "), Tag.name)))
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == Ticket.id)
        .correlate(Ticket)
        .scalar_subquery()
    )
    said = select(func.count()).where(Comment.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()
    return (
        select(
            Ticket.id,
            Ticket.ticket_number.label("number"),
            Ticket.title,
            cast(Ticket.status, Text).label("status"),
            cast(Ticket.priority, Text).label("priority"),
            cast(Ticket.channel, Text).label("channel"),
            requester.email.label("requester"),
            requester.full_name.label("requester_name"),
            assignee.email.label("assignee"),
            Team.name.label("team"),
            Organization.name.label("organization"),
            names.label("tags"),
            Ticket.created_at,
            Ticket.last_activity_at,
            Ticket.first_response_at,
            Ticket.resolved_at,
            said.label("comments"),
            Ticket.description,
        )
        .join(requester, requester.id == Ticket.requester_id)
        .outerjoin(assignee, assignee.id == Ticket.assignee_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .outerjoin(Organization, Organization.id == Ticket.organization_id)
        .where(Ticket.id > after, visible_to(actor))
        .order_by(Ticket.id)
        .limit(limit)
    )


def _pair(one: Any, other: Any) -> tuple[Any, Any]:
    """Return both by name, and the same way at every desk: ids differ from one to the next."""
    first, second = func.least(one, other), func.greatest(one, other)
    return first.label("one"), second.label("other")


def _seen(actor: Actor, ticket_id: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the condition that this is the id of a ticket, and one that `actor` sees."""
    if actor.scope is Scope.ALL:
        return ticket_id.is_not(None)
    return ticket_id.in_(select(Ticket.id).where(visible_to(actor)).correlate(None))
