"""Which tickets a filter means: conditions, for whatever list they are put to."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    any_,
    exists,
    false,
    func,
    or_,
    select,
)

from ombud.db.actor import Actor
from ombud.models import (
    Attachment,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketSearch,
    TicketTag,
    User,
)
from ombud.tickets.filters import ME, UNASSIGNED, Assignee, TicketFilter
from ombud.tickets.grammar import understand
from ombud.tickets.policy import visible_to


def tickets_matching(
    actor: Actor, wanted: TicketFilter, *, common: bool = False
) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter, the actor's visibility among them.

    `common` says that many tickets have the words wanted (see `search_weight`): they are then looked for
    while the list is walked, instead of being gathered first.
    """
    wanted = understand(wanted)
    return [
        visible_to(actor),
        Ticket.deleted_at.is_not(None) if wanted.deleted else Ticket.deleted_at.is_(None),
        *_of_values(wanted),
        *([_assigned_to(actor, wanted.assignees)] if wanted.assignees is not None else []),
        *([_tagged(wanted.tags)] if wanted.tags is not None else []),
        *_between(Ticket.created_at, wanted.created_from, wanted.created_to),
        *_between(Ticket.last_activity_at, wanted.updated_from, wanted.updated_to),
        *_between(Ticket.resolved_at, wanted.resolved_from, wanted.resolved_to),
        *_named(wanted),
        *_of_kind(wanted),
        *([_has_words(actor, wanted.text, common=common)] if wanted.text is not None else []),
    ]


def search_weight(text: str) -> Select[int]:
    """Return about how many tickets have the words of `text`, without reading them."""
    return select(func.ombud.search_weight(text))


def _of_values(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    any_of: tuple[tuple[Any, tuple[Any, ...] | None], ...] = (
        (Ticket.status, wanted.statuses),
        (Ticket.priority, wanted.priorities),
        (Ticket.channel, wanted.channels),
        (Ticket.team_id, wanted.team_ids),
    )
    exactly = ((Ticket.requester_id, wanted.requester_id), (Ticket.organization_id, wanted.organization_id))
    return [
        *(column.in_(values) for column, values in any_of if values is not None),
        *(column == value for column, value in exactly if value is not None),
    ]


def _of_kind(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.overdue:
        conditions.append(and_(Ticket.is_overdue))
    if wanted.has_attachment:
        conditions.append(exists().where(Attachment.ticket_id == Ticket.id))
    return conditions


def _assigned_to(actor: Actor, wanted: tuple[Assignee, ...]) -> ColumnElement[bool]:
    ids = [actor.user_id if one == ME else one for one in wanted if one != UNASSIGNED]
    conditions = (
        [Ticket.assignee_id == one for one in ids] if len(ids) == 1 else [Ticket.assignee_id.in_(ids)]
    )
    if UNASSIGNED in wanted:
        conditions = [*(conditions if ids else []), Ticket.assignee_id.is_(None)]
    return or_(*conditions)


def _tagged(names: tuple[str, ...]) -> ColumnElement[bool]:
    """All of the tags; a semi-join each, so that no row is multiplied. No tag named matches nothing."""
    if not names:
        return false()
    return and_(
        *(
            exists()
            .where(TicketTag.ticket_id == Ticket.id, TicketTag.tag_id == Tag.id)
            .where(func.lower(Tag.name) == func.lower(name.strip()))
            for name in names
        )
    )


def _between(column: Any, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def _has_words(actor: Actor, text: str, *, common: bool) -> ColumnElement[bool]:
    if common and actor.is_staff:
        document = TicketSearch.document.op("@@")(func.ombud.search_query(text))
        return select(document).where(TicketSearch.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()
    found = func.ombud.match_tickets(
        text, actor.kind.value, actor.user_id, actor.organization_id
    ).table_valued("ticket_id", "rank", name="found")
    return Ticket.id == any_(func.array(select(found.c.ticket_id).scalar_subquery()))


def _named(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """Conditions by parts of names: people by name or address, teams and organizations by name."""
    conditions: list[ColumnElement[bool]] = []
    people = ((wanted.assignee_names, Ticket.assignee_id), (wanted.requester_names, Ticket.requester_id))
    for names, column in people:
        if names:
            known = [_contains(User.full_name, name) | _contains(User.email, name) for name in names]
            conditions.append(column.in_(select(User.id).where(or_(*known))))
    if wanted.team_names:
        named = or_(*(_contains(Team.name, name) for name in wanted.team_names))
        conditions.append(Ticket.team_id.in_(select(Team.id).where(named)))
    if wanted.organization_names:
        named = or_(*(_contains(Organization.name, name) for name in wanted.organization_names))
        conditions.append(Ticket.organization_id.in_(select(Organization.id).where(named)))
    return conditions


def _contains(column: Any, part: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.icontains(part, autoescape=True)
    return condition
