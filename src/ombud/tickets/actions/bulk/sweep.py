"""The course of every bulk change: lock a stretch of tickets in order, judge each, change the rest at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.db.permissions import Permission
from ombud.errors import Invalid
from ombud.kit.ids import is_id
from ombud.models import Ticket
from ombud.tickets.actions.bulk import queries
from ombud.tickets.actions.bulk.outcome import BulkOutcome, Skipped, SkipReason
from ombud.tickets.policy import require_permission

# One statement's worth: an audited change of so many rows stays well below a person's statement_timeout (5 s).
CHUNK = 5_000

Judge = Callable[[Any], SkipReason | None]
Change = Callable[[list[int]], Iterable[int]]


def sweep(
    session: Session,
    ids: Iterable[int],
    judge: Judge,
    change: Change,
    *,
    permission: Permission = Permission.TICKETS_CHANGE,
) -> BulkOutcome:
    """Change the tickets that `judge` has nothing against; two or three statements for each CHUNK of ids.

    `judge` gets a row of `queries.tickets_for_change`. `change` gets ids and returns those that it did change;
    the others count as unchanged. Raises Forbidden for who lacks `permission`, Invalid for what is no number.
    """
    actor = actor_of(session)
    require_permission(actor, permission)
    session.flush()
    changed: list[int] = []
    skipped: list[Skipped] = []
    for chunk in chunks(sorted(numbers(ids))):
        known = [one for one in chunk if is_id(one)]
        tickets = {row.id: row for row in session.execute(queries.tickets_for_change(actor, known))}
        verdicts = {one: _verdict(actor, tickets.get(one), judge) for one in chunk}
        chosen = [one for one, reason in verdicts.items() if reason is None]
        done = set(change(chosen)) if chosen else set()
        changed += [one for one in chosen if one in done]
        skipped += [
            Skipped(one, reason or SkipReason.UNCHANGED)
            for one, reason in verdicts.items()
            if one not in done
        ]
    _refresh(session, changed)
    return BulkOutcome(tuple(changed), tuple(skipped))


def _verdict(actor: Actor, ticket: Any, judge: Judge) -> SkipReason | None:
    if ticket is None:
        return SkipReason.NOT_FOUND
    return SkipReason.READ_ONLY if actor.only_reads(ticket.team_id) else judge(ticket)


def numbers(ids: Iterable[int]) -> set[int]:
    """Return ids without repetitions; Invalid where one is no whole number (of hosts without a type checker)."""
    found = set(ids)
    if any(type(one) is not int for one in found):
        raise Invalid(fields={"ids": "must be whole numbers."})
    return found


def chunks(things: list[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Yield `things` in lists of at most `size`."""
    for start in range(0, len(things), size):
        yield things[start : start + size]


def _refresh(session: Session, changed: list[int]) -> None:
    """Read those tickets again that the session holds: a stale one would be read, or worse, written back."""
    among = set(changed)
    held = [
        thing.id for thing in session.identity_map.values() if isinstance(thing, Ticket) and thing.id in among
    ]
    if held:
        session.scalars(queries.tickets_anew(held)).all()
