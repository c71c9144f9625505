"""Rows of a bulk creation, checked one by one: what is wrong is said by row, field and rule. No session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from ombud.db.actor import Actor, Scope
from ombud.errors import Invalid
from ombud.kit.ids import is_id
from ombud.kit.text import clean_body, clean_line, clean_title
from ombud.kit.zones import aware
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.tickets.actions.open import TITLE_LIMIT
from ombud.tickets.actions.tag import NAME_LIMIT


class TicketRow(TypedDict, total=False):
    """A ticket to create. Only `title` must be there; `requester_id` defaults to the actor.

    `ticket_number` is for tickets that come with one. `created_at` and `resolved_at` (aware) are for history:
    administrators and the system only.
    """

    title: str
    description: str
    requester_id: int
    status: TicketStatus
    priority: TicketPriority
    channel: TicketChannel
    assignee_id: int | None
    team_id: int | None
    tags: Sequence[str]
    ticket_number: str | None
    created_at: datetime | None
    resolved_at: datetime | None


@dataclass(slots=True)
class CheckedRow:
    """A row with clean values, and what is wrong with it."""

    index: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def check_row(index: int, row: object, actor: Actor) -> CheckedRow:
    """Return the row as it will be stored, as far as it can be told without the database."""
    checked = CheckedRow(index, dict(_DEFAULTS))  # they are clean; only what is given is looked at
    if not isinstance(row, Mapping):  # of hosts without a type checker
        checked.problems["row"] = "must be a mapping of fields."
        return checked
    values = checked.values
    for name, value in {"title": "", "requester_id": actor.user_id, **row}.items():
        # Inline, and exceptions only where something is wrong: this is asked for every field of every row.
        clean = _CLEANERS.get(name)
        if clean is None:
            checked.problems[name] = "is not a field of a ticket to create."
            continue
        try:
            values[name] = clean(name, value)
        except Invalid as problem:
            checked.problems |= problem.fields
        except (TypeError, ValueError, AttributeError):
            checked.problems[name] = "has the wrong form."
    if not checked.problems:
        _check_together(checked, actor)
    return checked


_DEFAULTS: dict[str, Any] = {
    "description": "",
    "status": TicketStatus.OPEN,
    "priority": TicketPriority.MEDIUM,
    "channel": TicketChannel.WEB,
    "assignee_id": None,
    "team_id": None,
    "tags": (),
    "ticket_number": None,
    "created_at": None,
    "resolved_at": None,
}


def _id(name: str, value: Any) -> int:
    if value is None:
        raise Invalid(fields={name: "must be given."})
    if not isinstance(value, int) or not is_id(value):
        raise Invalid(fields={name: "is not an id."})
    return value


def _or_none(clean: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else clean(name, value)


def _tags(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        raise Invalid(fields={name: "must be a list."})
    return tuple(clean_title(name, one, limit=NAME_LIMIT) for one in value)


_CLEANERS: dict[str, Callable[[str, Any], Any]] = {
    "title": lambda name, value: clean_title(name, value, limit=TITLE_LIMIT),
    "description": lambda name, value: clean_body(name, value, required=False),
    "requester_id": _id,
    "status": lambda name, value: TicketStatus(value),
    "priority": lambda name, value: TicketPriority(value),
    "channel": lambda name, value: TicketChannel(value),
    "assignee_id": _or_none(_id),
    "team_id": _or_none(_id),
    "tags": _tags,
    "ticket_number": _or_none(lambda name, value: clean_line(name, value, limit=50)),
    "created_at": _or_none(aware),
    "resolved_at": _or_none(aware),
}


def _check_together(checked: CheckedRow, actor: Actor) -> None:
    values = checked.values
    for name in ("created_at", "resolved_at"):
        if values[name] is not None and not actor.is_admin:
            checked.problems[name] = "is given by administrators only."
    if values["resolved_at"] is not None:
        if not values["status"].is_done:
            checked.problems["resolved_at"] = "belongs to resolved and closed tickets only."
        elif values["created_at"] is not None and values["resolved_at"] < values["created_at"]:
            checked.problems["resolved_at"] = "must not be before created_at."
    own = values["assignee_id"] is not None and values["assignee_id"] == actor.user_id
    if actor.scope is Scope.TEAMS and not own and values["team_id"] not in (None, *actor.team_ids):
        checked.problems["team_id"] = "is not one of your teams."
    if actor.only_reads(values["team_id"]):
        checked.problems["team_id"] = "is a team whose tickets you only read."
