"""What surrounds a page, in one statement: the builders of the slices, put together. Nothing is executed here."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select

from ombud.db.actor import Actor
from ombud.mail.outgoing import queries as outgoing
from ombud.mail.policy import mail_visible_to
from ombud.models import (
    INCLUDE_DELETED,
    Draft,
    InboundMail,
    MailState,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketTag,
    User,
)
from ombud.notifications import queries as notifications
from ombud.people import queries as people
from ombud.tickets import queries as tickets
from ombud.tickets.filters import TicketFilter
from ombud.tickets.policy import visible_to
from ombud.web.views.frame import COUNT_CAP

STAFF_LIMIT = 200
TAG_LIMIT = 500
OTHERS_LIMIT = 5
MAIL_LIMIT = 200


def surroundings(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return one row: a counter for each view, and for staff the people, teams and tags of the menus.

    Columns: those of `view_counters`; `staff` (id, name, email, active), `teams` (id, name), `tags` (id, name,
    color) as lists of objects; `unread`, how many notifications they have not read. Every page asks for it, so it
    is built once for each actor.
    """
    return _surroundings(actor.for_request(""))


def weighed(statement: Select[*tuple[Any, ...]], wanted: TicketFilter | None) -> Select[*tuple[Any, ...]]:
    """Add the columns of `search_weight`: how common what a list searches for is; null without a list."""
    weight = tickets.search_weight(wanted or TicketFilter())
    return statement.add_columns(*weight.selected_columns)


@lru_cache(maxsize=256)
def _surroundings(actor: Actor) -> Select[*tuple[Any, ...]]:
    counters = tickets.view_counters(actor)
    if not actor.is_staff:
        return counters
    staff = (
        select(User.id, User.full_name.label("name"), User.email, User.is_active.label("active"))
        .where(User.is_staff.is_(True))
        .order_by(User.full_name, User.id)
        .limit(STAFF_LIMIT)
    )
    teams = people.teams().with_only_columns(Team.id, Team.name)
    tags = tickets.all_tags().with_only_columns(Tag.id, Tag.name, Tag.color).limit(TAG_LIMIT)
    unread = notifications.unread_count(actor.user_id or 0, COUNT_CAP + 1).scalar_subquery()
    return counters.add_columns(
        _as_list(staff).label("staff"),
        _as_list(teams).label("teams"),
        _as_list(tags).label("tags"),
        unread.label("unread"),
    )


def with_ticket(
    statement: Select[*tuple[Any, ...]], actor: Actor, ticket: Ticket
) -> Select[*tuple[Any, ...]]:
    """Add what belongs to one ticket.

    `own_tags` (id, name, color), `others` (the requester's other tickets), `drafts` (is_internal, content; the
    newest first), `mails` (the newest messages that came to it by mail, with what was decided; for staff);
    for staff also `deliveries` (the mails of its comments) and `audience` (whom a reply reaches).
    """
    others = (
        select(Ticket.ticket_number, Ticket.title, Ticket.status, Ticket.last_activity_at)
        .where(
            Ticket.requester_id == ticket.requester_id, Ticket.id != ticket.id, Ticket.deleted_at.is_(None)
        )
        .where(visible_to(actor))
        .order_by(Ticket.id.desc())
        .limit(OTHERS_LIMIT)
    )
    own = (
        select(Tag.id, Tag.name, Tag.color)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == ticket.id)
        .order_by(Tag.name)
    )
    drafts = (
        tickets.drafts_of(actor, ticket.id)
        .with_only_columns(Draft.is_internal, Draft.content)
        .order_by(Draft.updated_at.desc())
    )
    mails = (
        select(
            InboundMail.id,
            InboundMail.comment_id,
            InboundMail.classification,
            InboundMail.verified,
            InboundMail.decision,
            InboundMail.decided_at,
            InboundMail.steps,
        )
        .where(InboundMail.ticket_id == ticket.id, InboundMail.state == MailState.ACCEPTED)
        .where(mail_visible_to(actor))
        .order_by(InboundMail.id.desc())
        .limit(MAIL_LIMIT)
    )
    statement = statement.add_columns(
        _as_list(own).label("own_tags"),
        _as_list(others).label("others"),
        _as_list(drafts).label("drafts"),
        _as_list(mails).label("mails"),
    )
    if not actor.is_staff:
        return statement
    return statement.add_columns(
        _as_list(outgoing.deliveries_of(ticket.id)).label("deliveries"),
        _as_list(outgoing.audience(ticket.id)).label("audience"),
    )


def names_of(actor: Actor, requester_id: int | None, organization_id: int | None) -> Select[*tuple[Any, ...]]:
    """Return one row with `requester` and `organization`: the names of an address's filters, or null."""
    person = people.user_by_id(actor, requester_id or 0).with_only_columns(
        func.coalesce(func.nullif(User.full_name, ""), User.email)
    )
    organization = select(Organization.name).where(Organization.id == (organization_id or 0))
    return select(
        person.options().scalar_subquery().label("requester"),
        organization.scalar_subquery().label("organization"),
    )


def visible_among(actor: Actor, ticket_ids: frozenset[int]) -> Select[int]:
    """Return which of these tickets the actor may know of."""
    return (
        select(Ticket.id)
        .where(Ticket.id.in_(ticket_ids), visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def schema_revision() -> Select[*tuple[Any, ...]]:
    """Return the revision that the database is at."""
    from sqlalchemy import column, table

    return select(column("version_num")).select_from(table("alembic_version", schema="ombud"))


def _as_list(statement: Select[*tuple[Any, ...]]) -> Any:
    rows = statement.subquery()
    return select(
        func.coalesce(func.json_agg(rows.table_valued()), func.json_build_array())
    ).scalar_subquery()
