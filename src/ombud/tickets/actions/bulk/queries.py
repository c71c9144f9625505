"""Statements of bulk actions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, Text, any_, column, func, select, true
from sqlalchemy.types import TypeEngine

from ombud.db.actor import Actor
from ombud.db.arrays import array_of, one_of
from ombud.models import INCLUDE_DELETED, Team, Ticket, TicketStatus, User
from ombud.tickets.policy import visible_to
from ombud.tickets.queries import ticket_details


def tickets_for_change(
    actor: Actor, ids: Sequence[int]
) -> Select[int, TicketStatus, int | None, int | None, bool, bool]:
    """Return id, status, assignee_id, team_id, whether it is deleted, whether merged; locked, in the order of ids."""
    is_deleted = Ticket.deleted_at.is_not(None).label("is_deleted")
    is_merged = Ticket.merged_into_id.is_not(None).label("is_merged")
    return (
        select(Ticket.id, Ticket.status, Ticket.assignee_id, Ticket.team_id, is_deleted, is_merged)
        .where(one_of(Ticket.id, ids), visible_to(actor))
        .order_by(Ticket.id)
        .with_for_update(of=Ticket)
        .execution_options(**{INCLUDE_DELETED: True})
    )


def tickets_anew(ids: Sequence[int]) -> Select[Ticket]:
    """Return tickets as they are now, over what the session remembers of them."""
    return ticket_details().where(one_of(Ticket.id, ids)).execution_options(populate_existing=True)


def people_among(ids: Sequence[int]) -> Select[int, bool]:
    """Return which of these people there are, and whether they are active staff."""
    works_here = (User.is_staff & User.is_active).label("works_here")
    return select(User.id, works_here).where(one_of(User.id, ids))


def teams_among(ids: Sequence[int]) -> Select[int]:
    """Return which of these teams there are."""
    return select(Team.id).where(one_of(Team.id, ids))


def numbers_among(numbers: Sequence[str]) -> Select[str]:
    """Return which of these ticket numbers the actor sees in use."""
    taken = Ticket.ticket_number == any_(array_of(numbers, Text()))
    return select(Ticket.ticket_number).where(taken).execution_options(**{INCLUDE_DELETED: True})


def keep_numbers_above(number: int) -> Select[Any]:
    """Give new tickets higher numbers than this; beyond fifteen digits it changes nothing."""
    return select(func.ombud.keep_numbers_above(number))


def rows_given(columns: Mapping[str, tuple[TypeEngine[Any], Sequence[Any]]]) -> Select[*tuple[Any, ...]]:
    """Return columns of values as rows, in their order."""
    arrays = [array_of(values, type_) for type_, values in columns.values()]
    given = func.unnest(*arrays).table_valued(
        *(column(name, type_) for name, (type_, _values) in columns.items()),
        with_ordinality="place",
        name="given",
    )
    rows = given.render_derived()
    return select(*(rows.c[name] for name in columns)).order_by(rows.c.place)


def every_pair(ticket_ids: Sequence[int], tag_ids: Sequence[int]) -> Select[int, int]:
    """Return every ticket with every tag."""
    tickets = (
        func.unnest(array_of(ticket_ids, BigInteger())).table_valued("id", name="tickets").render_derived()
    )
    tags = func.unnest(array_of(tag_ids, BigInteger())).table_valued("id", name="tags").render_derived()
    pairs = select(tickets.c.id.label("ticket_id"), tags.c.id.label("tag_id"))
    return pairs.select_from(tickets).join(tags, true()).order_by(tickets.c.id, tags.c.id)
