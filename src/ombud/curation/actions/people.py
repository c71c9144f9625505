"""Merge people: two records of one person become one."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud.curation import queries
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.models import User
from ombud.people.policy import require_admin

AT_ONCE = 20
ROWS = 2_000
"""So many of each kind are moved by a statement, which must end within the limit of a statement's time."""


class CannotMerge(Conflict):
    """These cannot become one."""

    code = "cannot_merge"


@dataclass(frozen=True, slots=True)
class Merged:
    """Who was merged into whom. Undo `request_id` to have them apart again."""

    request_id: str
    target_id: int
    source_ids: tuple[int, ...]


def merge_people(session: Session, source_ids: Iterable[int], target_id: int) -> Merged:
    """Make customers one with another: tickets, comments, files, followed tickets and drafts become the target's.

    The merged ones stay as inactive stubs, whose address leads to the target: mail from it is the target's. Their
    web sessions end, their tokens are revoked and their connections with providers removed, for good. Everything
    else goes back by undo. The target signs in as before; passwords and second factors of the others do not move,
    open nothing while they are stubs, and hold again after an undo. For administrators. All or nothing: NotFound when
    one is missing, CannotMerge for staff, stubs and the anonymised.
    """
    actor = actor_of(session)
    require_admin(actor)
    sources = tuple(dict.fromkeys(source_ids))
    if not sources or len(sources) > AT_ONCE:
        raise Invalid(fields={"people": f"must be 1 to {AT_ONCE}."})
    if target_id in sources:
        raise Invalid(fields={"target": "must be another person."})
    people = get_people(session, [*sources, target_id])
    for person in people.values():
        _check(person)
    while (session.scalar(queries.merge_people_portion(list(sources), target_id, ROWS)) or 0) >= ROWS:
        pass
    session.execute(queries.merge_people_step(list(sources), target_id))
    session.expire_all()
    return Merged(actor.request_id, target_id, sources)


def get_people(session: Session, ids: list[int]) -> dict[int, User]:
    """Return people by id, locked; NotFound unless all of them are there."""
    if not all(is_id(one) for one in ids):
        raise NotFound("There is no such person here.")
    found = {user.id: user for user in session.scalars(queries.people_for_merge(actor_of(session), ids))}
    if len(found) < len(set(ids)):
        raise NotFound("There is no such person here.")
    return found


def _check(person: User) -> None:
    if person.is_staff:
        raise CannotMerge("Only customers are merged; what agents did is kept apart.", field="people")
    if person.merged_into_id is not None:
        raise CannotMerge(f"{person.id} was merged already, into {person.merged_into_id}.", field="people")
    if person.anonymised_at is not None:
        raise CannotMerge(f"{person.id} was anonymised: who it was is not known.", field="people")
