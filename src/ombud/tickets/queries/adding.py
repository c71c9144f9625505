"""Adding a ticket, and a comment: each one statement that finds what it needs, adds the row, and returns it.

They are put together once and take parameters (`ombud.db.direct` sends them). Where what they need is not there, they
add nothing, and what they return says why.
"""

from typing import Any

from sqlalchemy import Insert, Select, bindparam, insert, or_, select, true
from sqlalchemy.types import TypeEngine

from ombud.db.actor import Actor
from ombud.db.made import made_once
from ombud.models import INCLUDE_DELETED, Comment, Ticket, User
from ombud.tickets.policy import visible_to

_TICKET: Any = Ticket.__table__
_COMMENT: Any = Comment.__table__
GIVEN = (
    "title", "description", "creator_id", "priority", "status", "channel", "assignee_id", "team_id",
)  # fmt: skip
"""What a new ticket is given besides its requester; every other column of its row comes from the database."""
MADE = tuple(column.name for column in _TICKET.c if column.name not in GIVEN or column.name == "creator_id")
"""What `ticket_added` returns; whose it is, because who was merged meanwhile is somebody else."""
TICKET = tuple(column.name for column in _TICKET.c)
SAID = ("id", "created_at", "updated_at")
"""What `comment_added` returns: a ticket, and then a comment."""


def ticket_added() -> Insert:
    """Add a ticket whose columns are the parameters `new_...`; return what the database gave it.

    No row, and nothing added, where the requester is nobody whom the actor sees.
    """
    return _TICKET_ADDED


def comment_added(
    actor: Actor, *, by_number: bool, for_note: bool, at_a_time: bool
) -> Select[*tuple[Any, ...]]:
    """Lock the ticket `ticket` (its id, or number), and add a comment of the parameters `new_...`; return both.

    No row where there is no such ticket for `actor`; NULL for the comment where the ticket is deleted, or `actor` only
    reads it (but for a note).
    """
    reads_only = () if for_note else tuple(sorted(actor.read_team_ids))
    key = (comment_added, actor.for_request(""), by_number, for_note, at_a_time, visible_to)
    return made_once(key, lambda: _comment_added(actor, reads_only, by_number=by_number, at_a_time=at_a_time))


def _given(table: Any, names: tuple[str, ...]) -> list[Any]:
    return [_parameter(name, table.c[name].type).label(name) for name in names]


def _parameter(name: str, kind: TypeEngine[Any]) -> Any:
    return bindparam(f"new_{name}", type_=kind)


def _ticket_added() -> Insert:
    asking = select(*_given(_TICKET, GIVEN), User.id).where(
        User.id == _parameter("requester_id", _TICKET.c.requester_id.type)
    )
    return (
        insert(_TICKET)
        .from_select([*GIVEN, "requester_id"], asking, include_defaults=False)
        .returning(*(_TICKET.c[name] for name in MADE))
    )


def _comment_added(
    actor: Actor, reads_only: tuple[int, ...], *, by_number: bool, at_a_time: bool
) -> Select[*tuple[Any, ...]]:
    key = _TICKET.c.ticket_number if by_number else _TICKET.c.id
    ticket = (
        select(*_TICKET.c)
        .where(key == bindparam("ticket", type_=key.type), visible_to(actor))
        .with_for_update(of=_TICKET)
        .cte("ticket")
    )
    names = ("content", "is_internal", "author_id", *(("created_at",) if at_a_time else ()))
    may = or_(ticket.c.team_id.is_(None), ticket.c.team_id.not_in(reads_only)) if reads_only else true()
    said = (
        insert(_COMMENT)
        .from_select(
            [*names, "ticket_id"],
            select(*_given(_COMMENT, names), ticket.c.id).where(ticket.c.deleted_at.is_(None), may),
            include_defaults=False,
        )
        .returning(*(_COMMENT.c[name] for name in SAID))
        .cte("said")
    )
    return (
        select(*(ticket.c[name] for name in TICKET), *(said.c[name].label(f"said_{name}") for name in SAID))
        .select_from(ticket.outerjoin(said, true()))
        .execution_options(**{INCLUDE_DELETED: True})
    )


_TICKET_ADDED = _ticket_added()
