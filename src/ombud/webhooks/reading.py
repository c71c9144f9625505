"""What happened, read on from a position: for whoever is connected, as far as they may see it.

The position is a snapshot, not the id of an entry: entries become visible in the order of commits, which is not that
of their ids, and who remembered an id would miss what was committed late.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.actor import Actor, Scope
from ombud.db.context import actor_of
from ombud.errors import Invalid
from ombud.kit.cursor import decode_cursor, encode_cursor
from ombud.models import WebhookEvent
from ombud.tickets.policy import require_staff
from ombud.webhooks import queries
from ombud.webhooks.dispatch import is_ahead, together

BATCH = 200
"""Rows of the log that are read at once."""
_ORDER = "events"
_SNAPSHOT = re.compile(r"(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody has read: all that `since` sees, and up to `after_id` of what came until `until`."""

    since: str
    until: str = ""
    after_id: int = 0

    def cursor(self) -> str:
        """Return the position as a text that goes through a URL or a header."""
        return encode_cursor(_ORDER, (self.since, self.until, self.after_id))

    @classmethod
    def of(cls, cursor: str) -> "Position":
        """Read a cursor; raises Invalid."""
        since, until, after_id = decode_cursor(cursor, sort=_ORDER, types=(str, str, int))
        if (
            not _is_snapshot(str(since))
            or not (until == "" or _is_snapshot(str(until)))
            or int(str(after_id)) < 0
        ):
            raise Invalid(fields={"cursor": "is not a cursor of this list."})
        return cls(str(since), str(until), int(str(after_id)))


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a ticket; `changes` has plain values as `[before, after]`, and null for words."""

    event: WebhookEvent
    at: datetime
    ticket_id: int
    number: str
    comment_id: int | None
    actor: str
    changes: dict[str, Any]
    position: Position
    """Where to go on after this event."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of these types, and of these tickets; an empty set leaves it open."""

    types: frozenset[WebhookEvent] = frozenset()
    ticket_ids: frozenset[int] = frozenset()

    def takes(self, told: Mapping[str, Any]) -> bool:
        """Tell whether something that happened is wanted."""
        return (not self.types or told["event"] in self.types) and (
            not self.ticket_ids or told["ticket_id"] in self.ticket_ids
        )


EVERYTHING = Wanted()


def present_position(session: Session) -> Position:
    """Return where somebody begins who wants to hear what happens from now on."""
    return Position(session.scalar(queries.present_moment()) or "")


def read_on(
    session: Session, position: Position, wanted: Wanted = EVERYTHING, *, batch: int = BATCH
) -> tuple[list[Happened], Position, bool]:
    """Return what happened since, the position behind it, and whether more waits there. For staff only.

    A position is behind all that happened, whatever of it is `wanted`: it holds for any other wish. Three statements.
    After a restore to a server that numbers its transactions anew, it goes on from now.
    """
    actor = actor_of(session)
    require_staff(actor)
    now = session.scalar(queries.present_moment()) or ""
    if is_ahead(position.since, now) or (position.until and is_ahead(position.until, now)):
        return [], Position(now), False
    until = position.until or now
    rows = session.execute(queries.logged_between(position.since, until, position.after_id, batch)).all()
    is_full = len(rows) == batch
    following = Position(position.since, until, rows[-1].id) if is_full else Position(until)
    told = [one for one in together(rows) if wanted.takes(one)]
    return _seen(session, actor, told, replace(position, until=until)), following, is_full


def _seen(
    session: Session, actor: Actor, told: Sequence[Mapping[str, Any]], within: Position
) -> list[Happened]:
    ids = {one["ticket_id"] for one in told}
    numbers = dict(session.execute(queries.numbers_among(actor, ids)).all()) if ids else {}
    found = []
    for one in told:
        number = numbers.get(one["ticket_id"])
        if number is None and actor.scope is Scope.ALL:  # a purged ticket is in no table any more
            number = one["changes"].get("number", [None])[0]
        if number is None:
            continue
        found.append(
            Happened(
                event=one["event"],
                at=one["happened_at"],
                ticket_id=one["ticket_id"],
                number=number,
                comment_id=one["comment_id"],
                actor=one["actor"],
                changes=dict(one["changes"]),
                position=replace(within, after_id=one["log_id"]),
            )
        )
    return found


def _is_snapshot(text: str) -> bool:
    """Whether PostgreSQL takes a text as a snapshot: xmin, xmax, and what ran between them, in order."""
    match = _SNAPSHOT.fullmatch(text)
    if match is None:
        return False
    low, high = int(match[1]), int(match[2])
    running = [int(one) for one in match[3].split(",") if one]
    return (
        0 < low <= high < 2**63
        and all(low <= one < high for one in running)
        and running == sorted(set(running))
    )
