"""Keep tags few and well written: rename, merge, normalise, delete."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.curation import queries
from ombud.curation.rules import normal_tag
from ombud.db.actor import Scope
from ombud.db.context import actor_of
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_line, clean_title
from ombud.models import Tag, TicketTag
from ombud.tickets.policy import require_writer

NAME_LIMIT = 100
AT_ONCE = 100
ROWS = 5_000


def change_tag(
    session: Session,
    tag_id: int,
    *,
    name: str | None = None,
    color: str | None = None,
    description: str | None = None,
) -> Tag:
    """Rename a tag, or change its colour or what it is for. Conflict when another tag has that name."""
    tag = _tags(session, [tag_id])[0]
    if name is not None:
        tag.name = clean_title("name", name, limit=NAME_LIMIT)
    if color is not None:
        tag.color = color
    if description is not None:
        tag.description = clean_line("description", description, limit=500, required=False)
    session.flush()
    return tag


def merge_tags(session: Session, source_ids: Iterable[int], target_id: int) -> int:
    """Put `target` on every ticket that has one of the sources, and remove those; returns how many tickets got it.

    For who sees every ticket: others would change tickets that they do not know of. Goes back by undo.
    """
    sources = list(dict.fromkeys(source_ids))
    if not sources or len(sources) > AT_ONCE:
        raise Invalid(fields={"tags": f"must be 1 to {AT_ONCE}."})
    if target_id in sources:
        raise Invalid(fields={"target": "must be another tag."})
    _tags(session, [*sources, target_id])
    return _merge(session, sources, target_id)


def normalise_tags(session: Session, *, dry_run: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    """Write every tag in one way (see `rules.normal_tag`), and merge those that are then the same.

    Returns the new name with the old ones, for each that changes. The oldest of several stays. Goes back by undo.
    """
    _require_sight(session)
    by_name: dict[str, list[Tag]] = defaultdict(list)
    for tag in session.scalars(queries.all_tags_for_change()):
        by_name[normal_tag(tag.name)].append(tag)
    changed = [(name, tags) for name, tags in sorted(by_name.items()) if [tag.name for tag in tags] != [name]]
    told = [(name, tuple(tag.name for tag in tags)) for name, tags in changed]
    for name, tags in [] if dry_run else changed:
        kept = tags[0]
        if len(tags) > 1:
            _merge(session, [tag.id for tag in tags[1:]], kept.id)
        kept.name = name
        session.flush()
    return told


def delete_tag(session: Session, tag_id: int) -> None:
    """Take a tag off every ticket and remove it. Goes back by undo.

    For who sees every ticket, as merging is.
    """
    _tags(session, [tag_id])
    _remove(session, [tag_id])


def _tags(session: Session, ids: list[int]) -> Sequence[Tag]:
    _require_sight(session)
    known = all(is_id(one) for one in ids)
    found = session.scalars(queries.tags_for_change(ids)).all() if known else []
    if not known or len(found) < len(set(ids)):
        raise NotFound("There is no such tag here.")
    return found


def _require_sight(session: Session) -> None:
    actor = actor_of(session)
    require_writer(actor)
    if actor.scope is not Scope.ALL:
        raise Forbidden("Only who sees the tickets of all teams can change tags for everybody.")


def _merge(session: Session, sources: list[int], target_id: int) -> int:
    tagged = session.execute(queries.tickets_tagged(sources)).all()
    added = 0
    for start in range(0, len(tagged), ROWS):
        rows = [
            {"ticket_id": ticket, "tag_id": target_id, "created_at": at}
            for ticket, at in tagged[start : start + ROWS]
        ]
        put = insert(TicketTag).values(rows).on_conflict_do_nothing().returning(TicketTag.ticket_id)
        added += len(session.scalars(put).all())
    _remove(session, sources)
    return added


def _remove(session: Session, ids: list[int]) -> None:
    session.execute(
        delete(TicketTag).where(TicketTag.tag_id.in_(ids)), execution_options={"synchronize_session": False}
    )
    session.execute(delete(Tag).where(Tag.id.in_(ids)), execution_options={"synchronize_session": False})
    session.expire_all()
