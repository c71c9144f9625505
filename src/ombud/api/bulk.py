"""Many tickets in one call and one transaction: each is changed, or stays and says why."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router, problems
from ombud.api.schemas.bulk import BulkAction, BulkResult, NewBulkChange, Outcome
from ombud.db.context import actor_of
from ombud.errors import Invalid
from ombud.models import INCLUDE_DELETED
from ombud.tickets import (
    BulkOutcome,
    bulk_assign_tickets,
    bulk_delete_tickets,
    bulk_restore_tickets,
    bulk_tag_tickets,
    bulk_update_ticket_status,
    queries,
)
from ombud.tickets.policy import require_writer

router = api_router("Tickets")

# What each action is told, and how much of it must be there.
_FIELDS: dict[BulkAction, frozenset[str]] = {
    BulkAction.STATUS: frozenset({"status"}),
    BulkAction.ASSIGN: frozenset({"assignee_id"}),
    BulkAction.TAG: frozenset({"add_tags", "remove_tags"}),
    BulkAction.DELETE: frozenset(),
    BulkAction.RESTORE: frozenset(),
}


@router.post("/tickets/bulk", responses=problems(409, 413, 415))
async def change_tickets(body: NewBulkChange, call: CurrentCall) -> BulkResult:
    """Change many tickets at once. Those that cannot be changed stay, and the answer says why."""
    _check_fields(body)
    return await call.write(_change, body)


def _check_fields(body: NewBulkChange) -> None:
    given = body.model_fields_set - {"numbers", "action"}
    takes = _FIELDS[body.action]
    wrong = dict.fromkeys(sorted(given - takes), f"does not belong to the action {body.action}.")
    if takes and not given & takes:
        wrong |= dict.fromkeys(sorted(takes), f"is what the action {body.action} needs.")
    if body.action is BulkAction.STATUS and "status" in given and body.status is None:
        wrong["status"] = "must not be null."
    if wrong:
        raise Invalid(fields=wrong)


def _change(session: Session, body: NewBulkChange) -> BulkResult:
    actor = actor_of(session)
    require_writer(actor)
    numbers = list(dict.fromkeys(body.numbers))
    statement = queries.tickets_by_number(actor, numbers).execution_options(**{INCLUDE_DELETED: True})
    found = {number: key for key, number in session.execute(statement)}
    done = _act(session, list(found.values()), body)
    became = dict.fromkeys(done.changed, Outcome.CHANGED)
    became |= {one.id: Outcome(one.reason) for one in done.skipped}
    outcomes = {number: became[found[number]] if number in found else Outcome.NOT_FOUND for number in numbers}
    return BulkResult.of(actor.request_id, outcomes)


def _act(session: Session, ids: Sequence[int], body: NewBulkChange) -> BulkOutcome:
    if body.status is not None:  # `_check_fields` has seen to it that this is so for one action only
        return bulk_update_ticket_status(session, ids, body.status)
    match body.action:
        case BulkAction.ASSIGN:
            return bulk_assign_tickets(session, ids, body.assignee_id)
        case BulkAction.TAG:
            add, remove = body.add_tags or (), body.remove_tags or ()
            return bulk_tag_tickets(session, ids, add=add, remove=remove)
        case BulkAction.DELETE:
            return bulk_delete_tickets(session, ids)
        case BulkAction.RESTORE:
            return bulk_restore_tickets(session, ids)
    raise AssertionError("unreachable")
