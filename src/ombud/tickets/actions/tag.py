"""Tags: make them, put them on tickets, take them off. Doing so twice is harmless."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.permissions import Permission
from ombud.errors import Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_line, clean_title
from ombud.models import Tag, TicketTag
from ombud.tickets import queries
from ombud.tickets.actions.find import get_ticket_for_change
from ombud.tickets.policy import require_permission, require_writer

NAME_LIMIT = 100
TAGS_PER_TICKET = 50
# Calm, distinguishable, readable on light and dark; a new tag takes one by its name.
PALETTE = ("#1f8a8a", "#3f7fbf", "#7d6bb0", "#b0658a", "#b3703a", "#8a8340", "#5b8c4a", "#7a7a72")


def create_tag(session: Session, name: str, *, color: str | None = None, description: str = "") -> Tag:
    """Create a tag; Conflict when its name (whatever the case) is taken, Invalid for a bad colour."""
    require_permission(actor_of(session), Permission.TAGS_KEEP)
    cleaned = clean_title("name", name, limit=NAME_LIMIT)
    tag = Tag(
        name=cleaned,
        color=color or _color_for(cleaned),
        description=clean_line("description", description, limit=500, required=False),
    )
    session.add(tag)
    session.flush()
    return tag


def add_tags(session: Session, ticket_id: int, names: Sequence[str]) -> list[Tag]:
    """Put tags on a ticket, making those that do not exist yet. Returns the tags named."""
    require_writer(actor_of(session))
    ticket = get_ticket_for_change(session, ticket_id)
    tags = _as_list(get_or_create_tags(session, names))
    _put(session, ticket.id, tags)
    return tags


def remove_tag(session: Session, ticket_id: int, tag_id: int) -> bool:
    """Take a tag off a ticket. Returns whether it was there."""
    require_writer(actor_of(session))
    ticket = get_ticket_for_change(session, ticket_id)
    if not is_id(tag_id):
        return False
    statement = (
        delete(TicketTag)
        .where(TicketTag.ticket_id == ticket.id, TicketTag.tag_id == tag_id)
        .returning(TicketTag.tag_id)
    )
    return session.scalar(statement) is not None


def set_tags(session: Session, ticket_id: int, names: Sequence[str]) -> list[Tag]:
    """Make these the ticket's tags, no more and no less."""
    require_writer(actor_of(session))
    ticket = get_ticket_for_change(session, ticket_id)
    tags = _as_list(get_or_create_tags(session, names))
    keep = [tag.id for tag in tags]
    session.execute(
        delete(TicketTag).where(TicketTag.ticket_id == ticket.id, TicketTag.tag_id.not_in(keep)),
        execution_options={"synchronize_session": False},
    )
    _put(session, ticket.id, tags)
    return tags


def get_or_create_tags(
    session: Session, names: Iterable[str], *, limit: int = TAGS_PER_TICKET
) -> dict[str, Tag]:
    """Return the tags of these names by name, as it is given but for white space; makes those that are missing."""
    wanted = tuple(dict.fromkeys(clean_names(names)))
    if len(wanted) > limit:
        raise Invalid(fields={"tags": f"at most {limit} at once."})
    if not wanted:
        return {}
    found = dict(session.execute(queries.tags_by_name(wanted)).all())
    # Sorted: two requests that make the same tags wait for each other in one order, never in a circle.
    missing = sorted(name for name in wanted if name not in found)
    if missing:
        if actor_of(session).is_staff:
            require_permission(actor_of(session), Permission.TAGS_KEEP)
        # Another request may make the same tag at this moment; whoever comes second uses the first's.
        rows = [{"name": name, "color": _color_for(name)} for name in missing]
        session.execute(insert(Tag).values(rows).on_conflict_do_nothing())
        found = dict(session.execute(queries.tags_by_name(wanted)).all())
    return {name: found[name] for name in wanted}


def clean_names(names: Iterable[str]) -> Iterator[str]:
    """Yield names of tags as they are stored; Invalid for one text, whose letters nobody means."""
    if isinstance(names, str):
        raise Invalid(fields={"tags": "must be a list."})
    for name in names:
        yield clean_title("tags", name, limit=NAME_LIMIT)


def get_tag(session: Session, tag_id: int) -> Tag:
    """Return a tag by id."""
    tag = session.get(Tag, tag_id) if is_id(tag_id) else None
    if tag is None:
        raise NotFound("There is no such tag here.")
    return tag


def _as_list(tags: dict[str, Tag]) -> list[Tag]:
    """Two spellings of one name are one tag."""
    return list(dict.fromkeys(tags.values()))


def _put(session: Session, ticket_id: int, tags: Sequence[Tag]) -> None:
    if tags:
        rows = [{"ticket_id": ticket_id, "tag_id": tag.id} for tag in tags]
        session.execute(insert(TicketTag).values(rows).on_conflict_do_nothing())


def _color_for(name: str) -> str:
    return PALETTE[sum(name.lower().encode()) % len(PALETTE)]
