"""Opening a ticket with its first comment in one round trip (`ombud.db.plain`). Each step hands on all it was given.

For staff only; `tickets.open_ticket` and `tickets.add_comment` do the same with a session.
"""

from enum import IntEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Insert,
    Text,
    and_,
    case,
    cast,
    func,
    insert,
    not_,
    select,
)
from sqlalchemy.orm import aliased

from ombud.db.plain import given, given_and
from ombud.models import Comment, Ticket, User

_TICKET: Any = Ticket.__table__


class Part(IntEnum):
    """Where the texts stand, from 1."""

    TITLE = 1
    DESCRIPTION = 2
    AUTHOR = 3
    REQUESTER = 4
    PRIORITY = 5
    CHANNEL = 6
    CONTENT = 7
    INTERNAL = 8
    TICKET = 9
    """Its id and its number, when it is written."""
    NUMBER = 10
    COMMENT = 11


def opened() -> Insert:
    """Add the ticket; no row where the requester is nobody whom the actor sees.

    A public answer of the team stands in the row from the beginning: the comment would otherwise change the ticket,
    which takes as long as adding it.
    """
    return _OPENED


def commented() -> Insert:
    """Add the first comment."""
    return _COMMENTED


def _id(part: Part) -> ColumnElement[int]:
    return cast(given(part), BigInteger)


def _opened() -> Insert:
    author = aliased(User, name="author")
    works_here = select(author.is_staff).where(author.id == _id(Part.AUTHOR)).scalar_subquery()
    answers = and_(
        given(Part.CONTENT).is_not(None),
        not_(cast(given(Part.INTERNAL), Boolean)),
        _id(Part.AUTHOR) != User.id,
        works_here,
    )
    columns: dict[str, Any] = {
        "title": given(Part.TITLE),
        "description": given(Part.DESCRIPTION),
        "creator_id": _id(Part.AUTHOR),
        "priority": given(Part.PRIORITY),
        "channel": given(Part.CHANNEL),
        "requester_id": User.id,
        "first_response_at": case((answers, func.now())),
    }
    asking = select(*(value.label(name) for name, value in columns.items())).where(
        User.id == _id(Part.REQUESTER)
    )
    return (
        insert(_TICKET)
        .from_select(list(columns), asking, include_defaults=False)
        .returning(given_and(cast(_TICKET.c.id, Text), _TICKET.c.ticket_number))
    )


def _commented() -> Insert:
    return (
        insert(Comment)
        .values(
            ticket_id=_id(Part.TICKET),
            author_id=_id(Part.AUTHOR),
            content=given(Part.CONTENT),
            is_internal=cast(given(Part.INTERNAL), Boolean),
        )
        .returning(given_and(cast(Comment.id, Text)))
    )


_OPENED = _opened()
_COMMENTED = _commented()
