"""Saying something on a ticket in two round trips: what is to be known first, and the steps that write.

Each step of the second one is handed all that the one before it was, and hands it on (`Part` says what stands where).
For staff only; `tickets.add_comment` does the same with a session.
"""

from enum import IntEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Insert, Integer, Select, Text, cast, insert, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from ombud.db.actor import Actor
from ombud.db.json import moment_of, object_of, text_of, truth_of, written
from ombud.db.made import made_once
from ombud.db.plain import given, given_and
from ombud.models import INCLUDE_DELETED, Comment, Ticket, User
from ombud.tickets.policy import visible_to
from ombud.tickets.queries.plain import person_json


class Part(IntEnum):
    """Where the texts stand that the steps hand on, from 1."""

    NUMBER = 1
    VERSION = 2
    TICKET = 3
    AUTHOR = 4
    CONTENT = 5
    INTERNAL = 6
    ASSIGNEE = 7
    STATE = 8
    """Of the mail, as what follows."""
    PROBLEM = 9
    MAILBOX = 10
    MESSAGE_ID = 11
    ANSWERS = 12
    THREAD = 13
    SUBJECT = 14
    RECIPIENTS = 15
    COMMENT = 16
    """Its id, when it is written."""
    SHOWN = 17
    MAIL = 18


def id_in(part: Part) -> ColumnElement[int]:
    """Return the id that stands there."""
    return cast(given(part), BigInteger)


def ticket_to_answer(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return what is to be known of the ticket whose number is given: id, version, team, assignee, title, deletion."""
    key = (ticket_to_answer, actor.for_request(""), visible_to)
    return made_once(key, lambda: _ticket_to_answer(actor))


def locked_ticket(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Lock the ticket, if it still is what it was when it was looked at."""
    key = (locked_ticket, actor.for_request(""), visible_to)
    return made_once(key, lambda: _locked_ticket(actor))


def new_comment() -> Insert:
    """Write the comment, and hand its id and JSON on."""
    return _NEW_COMMENT


def _ticket_to_answer(actor: Actor) -> Select[*tuple[Any, ...]]:
    columns = (Ticket.id, Ticket.version, Ticket.team_id, Ticket.assignee_id, Ticket.title, Ticket.deleted_at)
    statement: Select[*tuple[Any, ...]] = select(array([cast(column, Text) for column in columns])).where(
        Ticket.ticket_number == given(Part.NUMBER), visible_to(actor)
    )
    return statement.execution_options(**{INCLUDE_DELETED: True})


def _locked_ticket(actor: Actor) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(given_and())
        .select_from(Ticket)
        .where(
            Ticket.id == id_in(Part.TICKET),
            Ticket.ticket_number == given(Part.NUMBER),
            Ticket.version == cast(given(Part.VERSION), Integer),
            Ticket.deleted_at.is_(None),
            visible_to(actor),
        )
        .with_for_update(of=Ticket)
        .execution_options(**{INCLUDE_DELETED: True})
    )
    return statement


def _new_comment() -> Insert:
    author = aliased(User, name="author")
    wrote = select(person_json(author)).where(author.id == id_in(Part.AUTHOR)).scalar_subquery()
    shown = object_of(
        id=Comment.id,
        content=text_of(Comment.content),
        is_internal=truth_of(Comment.is_internal),
        author=wrote,
        attachments=written("[]"),
        created_at=moment_of(Comment.created_at),
        updated_at=moment_of(Comment.updated_at),
    )
    return (
        insert(Comment)
        .values(
            ticket_id=id_in(Part.TICKET),
            author_id=id_in(Part.AUTHOR),
            content=given(Part.CONTENT),
            is_internal=cast(given(Part.INTERNAL), Boolean),
        )
        .returning(given_and(cast(Comment.id, Text), shown))
    )


_NEW_COMMENT = _new_comment()
