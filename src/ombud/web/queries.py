"""What surrounds a page, in one statement: the builders of the slices, put together. Nothing is executed here."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from sqlalchemy import BigInteger, Select, String, bindparam, func, select
from sqlalchemy.orm import aliased, joinedload

from ombud.curation.preview import COUNTED
from ombud.db.actor import Actor, Scope
from ombud.db.made import made_once
from ombud.db.plans import values_follow
from ombud.mail.outgoing import queries as outgoing
from ombud.mail.policy import mail_visible_to
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    AuditLog,
    BouncedAddress,
    Comment,
    Draft,
    InboundMail,
    MailState,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketParticipant,
    TicketTag,
    User,
)
from ombud.notifications import queries as notifications
from ombud.people import queries as people
from ombud.people.policy import people_visible_to
from ombud.tickets import UNDONE
from ombud.tickets import queries as tickets
from ombud.tickets.filters import TicketFilter
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.web.views.frame import COUNT_CAP

STAFF_LIMIT = 200
TAG_LIMIT = 500
OTHERS_LIMIT = 5
MAIL_LIMIT = 200
MERGED_LIMIT = 20
SAID_LENGTH = 300


TICKET = bindparam("ticket", type_=BigInteger())
REQUESTER = bindparam("requester", type_=BigInteger())
"""What statements about one ticket are executed with, by these names."""


def surroundings(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return one row: a counter for each view, and for staff the people, teams and tags of the menus.

    Columns: those of `view_counters`; `staff` (id, name, email, active), `teams` (id, name), `tags` (id, name,
    color) as lists of objects; `unread`, how many notifications they have not read. Every page asks for it, so it
    is built once for each actor.
    """
    return made_once(_key(surroundings, actor), lambda: _surroundings(actor))


def around_list(actor: Actor, wanted: TicketFilter) -> Select[*tuple[Any, ...]]:
    """Return `surroundings` with the columns of `search_weight`: how common what a list searches for is."""
    return _weighed((around_list,), actor, wanted, surroundings)


def around_ticket(actor: Actor, beside: TicketFilter | None) -> Select[*tuple[Any, ...]]:
    """Return `around_list` of the list beside a ticket, null weights without one, and what belongs to the ticket.

    Executed with TICKET and REQUESTER, the ids of the ticket and of who asked it. More columns: `own_tags` (id,
    name, color), `others` (the requester's other tickets), `merged_into` (the number of the ticket where it goes
    on, if the actor sees that one), `merged` (the tickets that go on in it, with their opening words and files),
    `drafts` (is_internal, content; the newest first), `mails` (the newest messages that came to it by mail, with
    what was decided; for staff); for staff also `deliveries` (the mails of its comments) and `audience` (whom a
    reply reaches).
    """
    return _weighed((around_ticket,), actor, beside or TicketFilter(), _with_ticket)


def ticket_numbered(actor: Actor) -> Select[Ticket]:
    """Return `ticket_by_number` without tags; executed with `number`."""
    number = bindparam("number", type_=String())
    return made_once(
        _key(ticket_numbered, actor), lambda: tickets.ticket_by_number(actor, number, tags=False)
    )


def talk(actor: Actor) -> Select[Comment]:
    """Return the end of the `conversation` of TICKET, without files."""
    return made_once(_key(talk, actor), lambda: tickets.conversation(actor, TICKET, files=False))


def files(actor: Actor) -> Select[Attachment]:
    """Return `all_attachments_of` TICKET."""
    return made_once(_key(files, actor), lambda: tickets.all_attachments_of(actor, TICKET))


def log(actor: Actor, limit: int) -> Select[AuditLog]:
    """Return the newest entries of the `history` of TICKET."""
    return made_once(_key((log, limit), actor), lambda: tickets.history(actor, TICKET, limit=limit))


def _weighed(
    what: tuple[Hashable, ...],
    actor: Actor,
    wanted: TicketFilter,
    make: Callable[[Actor], Select[*tuple[Any, ...]]],
) -> Select[*tuple[Any, ...]]:
    def whole() -> Select[*tuple[Any, ...]]:
        weights = tickets.search_weight(wanted).selected_columns
        return make(actor).add_columns(*weights, values_follow().label("plans"))

    if wanted.text is not None or wanted.substring is not None:
        return whole()
    return made_once(_key(what, actor), whole)


def _key(what: Hashable, actor: Actor) -> tuple[Hashable, ...]:
    return (
        what,
        actor.for_request(""),
        visible_to,
        comments_visible_to,
        mail_visible_to,
        tickets.view_counters,
    )


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


def _with_ticket(actor: Actor) -> Select[*tuple[Any, ...]]:
    statement = surroundings(actor)
    others = (
        select(Ticket.ticket_number, Ticket.title, Ticket.status, Ticket.last_activity_at)
        .where(Ticket.requester_id == REQUESTER, Ticket.id != TICKET, Ticket.deleted_at.is_(None))
        .where(visible_to(actor))
        .order_by(Ticket.id.desc())
        .limit(OTHERS_LIMIT)
    )
    own = (
        select(Tag.id, Tag.name, Tag.color)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == TICKET)
        .order_by(Tag.name)
    )
    drafts = (
        tickets.drafts_of(actor, TICKET)
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
        .where(InboundMail.ticket_id == TICKET, InboundMail.state == MailState.ACCEPTED)
        .where(mail_visible_to(actor))
        .order_by(InboundMail.id.desc())
        .limit(MAIL_LIMIT)
    )
    statement = statement.add_columns(
        _as_list(own).label("own_tags"),
        _as_list(others).label("others"),
        tickets.goes_on_in(actor, TICKET).scalar_subquery().label("merged_into"),
        _as_list(_merged_into_it(actor)).label("merged"),
        _as_list(drafts).label("drafts"),
        _as_list(mails).label("mails"),
    )
    if not actor.is_staff:
        return statement
    return statement.add_columns(
        _as_list(outgoing.deliveries_of(TICKET)).label("deliveries"),
        _as_list(outgoing.audience(TICKET)).label("audience"),
    )


def _merged_into_it(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return the tickets that were merged into TICKET, as far as the actor sees them: their words stay theirs."""
    own = (
        select(Attachment.id, Attachment.file_name, Attachment.content_type, Attachment.size)
        .where(Attachment.ticket_id == Ticket.id, Attachment.comment_id.is_(None))
        .order_by(Attachment.id)
        .correlate(Ticket)
    )
    return (
        select(
            Ticket.ticket_number,
            Ticket.title,
            Ticket.description,
            Ticket.created_at,
            User.full_name,
            User.email,
            User.is_active,
            User.is_staff,
            _as_list(own).label("files"),
        )
        .join(User, User.id == Ticket.requester_id)
        .where(Ticket.merged_into_id == TICKET, Ticket.deleted_at.is_(None), visible_to(actor))
        .order_by(Ticket.id.desc())
        .limit(MERGED_LIMIT)
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


def customer(actor: Actor, person_id: int) -> Select[*tuple[Any, ...]]:
    """Return a person with their organization, and what belongs to them, in one row.

    More columns: `open`, `tickets`, `said`, `followed` (counted up to COUNTED, of what the actor sees), `stubs`
    (addresses of those who were merged into them), `survivor` (name or address of who they were merged into),
    `bounces`.
    """
    asked = select(Ticket.id).where(
        Ticket.requester_id == User.id, Ticket.deleted_at.is_(None), visible_to(actor)
    )
    said = select(Comment.id).where(Comment.author_id == User.id, comments_visible_to(actor))
    followed = select(TicketParticipant.ticket_id).where(TicketParticipant.user_id == User.id)
    if actor.scope is not Scope.ALL:  # where there is nothing to leave out, nothing is looked up
        seen = select(Ticket.id).where(visible_to(actor))
        said = said.where(Comment.ticket_id.in_(seen))
        followed = followed.where(TicketParticipant.ticket_id.in_(seen))
    stub, survivor = aliased(User), aliased(User)
    stubs = (
        select(stub.email)
        .where(stub.merged_into_id == User.id)
        .order_by(stub.id)
        .limit(OTHERS_LIMIT)
        .correlate(User)
    )
    return (
        select(
            User,
            _counted(asked.where(Ticket.status.in_(UNDONE))).label("open"),
            _counted(asked).label("tickets"),
            _counted(said).label("said"),
            _counted(followed).label("followed"),
            func.array(stubs.scalar_subquery()).label("stubs"),
            func.coalesce(func.nullif(survivor.full_name, ""), survivor.email).label("survivor"),
            select(BouncedAddress.email)
            .where(BouncedAddress.email == User.email_norm)
            .exists()
            .label("bounces"),
        )
        .outerjoin(survivor, survivor.id == User.merged_into_id)
        .options(joinedload(User.organization))
        .where(User.id == person_id, people_visible_to(actor))
    )


def last_words(actor: Actor, person_id: int, limit: int) -> Select[*tuple[Any, ...]]:
    """Return what a person wrote last: id, beginning, time, whether it is a note; number and title of the ticket."""
    return (
        select(
            Comment.id,
            func.left(Comment.content, SAID_LENGTH).label("content"),
            Comment.created_at,
            Comment.is_internal,
            Ticket.ticket_number,
            Ticket.title,
        )
        .join(Ticket, Ticket.id == Comment.ticket_id)
        .where(Comment.author_id == person_id, comments_visible_to(actor))
        .where(Ticket.deleted_at.is_(None), visible_to(actor))
        .order_by(Comment.id.desc())
        .limit(limit)
    )


def organization_named(name: str) -> Select[int]:
    """Return the id of the organization of a name, whatever the case."""
    return select(Organization.id).where(func.lower(Organization.name) == func.lower(name.strip()))


def _counted(some: Select[*tuple[Any, ...]]) -> Any:
    return (
        select(func.count())
        .select_from(some.limit(COUNTED).correlate(User).subquery().lateral())
        .scalar_subquery()
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
