"""Tags of many tickets."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.db.arrays import one_of
from ombud.db.context import actor_of
from ombud.errors import Invalid
from ombud.models import TicketTag
from ombud.tickets import queries
from ombud.tickets.actions.bulk.outcome import BulkOutcome, SkipReason
from ombud.tickets.actions.bulk.queries import every_pair
from ombud.tickets.actions.bulk.sweep import sweep
from ombud.tickets.actions.tag import clean_names, get_or_create_tags
from ombud.tickets.policy import require_writer


def bulk_tag_tickets(
    session: Session, ids: Iterable[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> BulkOutcome:
    """Put tags on tickets, making those that do not exist yet, and take others off.

    A ticket counts as changed when it got or lost at least one. Raises Invalid for a tag in both lists.
    """
    require_writer(actor_of(session))
    wanted = list(ids)
    if not wanted or not (add or remove):
        return sweep(session, wanted, _judge, lambda _chosen: ())
    to_add = {tag.id for tag in get_or_create_tags(session, add).values()}
    unwanted = tuple(clean_names(remove))
    to_remove = (
        {tag.id for _name, tag in session.execute(queries.tags_by_name(unwanted))} if unwanted else set()
    )
    if to_add & to_remove:
        raise Invalid(fields={"tags": "to add and to remove must be others."})

    def change(chosen: list[int]) -> set[int]:
        return _take_off(session, chosen, sorted(to_remove)) | _put_on(session, chosen, sorted(to_add))

    return sweep(session, wanted, _judge, change)


def _judge(ticket: Any) -> SkipReason | None:
    return SkipReason.DELETED if ticket.is_deleted else None


def _put_on(session: Session, ticket_ids: list[int], tag_ids: list[int]) -> set[int]:
    if not tag_ids:
        return set()
    statement = (
        insert(TicketTag)
        .from_select(["ticket_id", "tag_id"], every_pair(ticket_ids, tag_ids))
        .on_conflict_do_nothing()
        .returning(TicketTag.ticket_id)
    )
    return set(session.scalars(statement))


def _take_off(session: Session, ticket_ids: list[int], tag_ids: list[int]) -> set[int]:
    if not tag_ids:
        return set()
    statement = (
        delete(TicketTag)
        .where(one_of(TicketTag.ticket_id, ticket_ids), one_of(TicketTag.tag_id, tag_ids))
        .returning(TicketTag.ticket_id)
    )
    return set(session.scalars(statement, execution_options={"synchronize_session": False}))
