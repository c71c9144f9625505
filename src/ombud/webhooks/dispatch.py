"""Turn the audit log into deliveries: each change once, whoever made it and however.

The log is written in the transaction of the change, so it is the outbox. Position and deliveries move in one
transaction: a process that dies in between leaves both as they were.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from ombud import clock
from ombud.kit.logs import Log
from ombud.models import WebhookDelivery, WebhookEndpoint, WebhookEvent, WebhookPosition
from ombud.webhooks import queries
from ombud.webhooks.rules import events_of, wants

log = Log(__name__)

BATCH = 1_000
"""Rows of the log in one transaction."""


def dispatch(session: Session, batch: int = BATCH) -> int:
    """Queue what happened since the last time; returns how many rows of the log were read, 0 when all are."""
    position = session.scalar(queries.position())
    now = session.scalar(queries.present_moment()) or ""
    if position is None or is_ahead(position.since, now):
        _start(session, position, now)
        return 0
    until = position.until or now
    rows = session.execute(queries.logged_between(position.since, until, position.after_id, batch)).all()
    if not rows and position.until is None:
        return 0  # an idle desk writes nothing
    endpoints = session.scalars(queries.listening()).all()
    if endpoints:
        session.add_all(_deliveries(session, rows, endpoints))
    if endpoints and len(rows) == batch:
        position.until, position.after_id = until, rows[-1].id
    else:
        position.since, position.until, position.after_id = until, None, 0
    session.flush()
    return len(rows) if endpoints else 0


def _start(session: Session, position: WebhookPosition | None, now: str) -> None:
    """Begin at the present: on a database that was emptied, or restored on a server that counts anew."""
    if position is None:
        if session.get(WebhookPosition, 1) is None:
            session.add(WebhookPosition(id=1, since=now))
    else:
        log.warning("webhooks go on from now: the database's transactions are numbered anew")
        position.since, position.until, position.after_id = now, None, 0
    session.flush()


def is_ahead(snapshot: str, now: str) -> bool:
    """Tell whether a snapshot is of a server that has counted further than this one."""
    return int(snapshot.partition(":")[0]) > int(now.split(":")[1])


def _deliveries(
    session: Session, rows: Sequence[Any], endpoints: Sequence[WebhookEndpoint]
) -> list[WebhookDelivery]:
    told = together(rows)
    said = {one["comment_id"] for one in told if one["comment_id"] is not None}
    internal = set(session.scalars(queries.internal_among(said))) if said else set()
    due = clock.now()
    return [
        WebhookDelivery(
            endpoint_id=endpoint.id,
            due_at=due,
            **{name: value for name, value in one.items() if name != "log_id"},
        )
        for one in told
        for endpoint in endpoints
        if one["happened_at"] >= endpoint.created_at
        and wants(endpoint.events, one["event"])
        and (endpoint.includes_notes or one["comment_id"] not in internal)
    ]


def together(rows: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Return what happened, in order, each with the id of its first row.

    What one transaction did to one ticket is one event of each kind.
    """
    told: list[Mapping[str, Any]] = []
    known: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        for event, changes in events_of(row.table_name, row.action, row.changes):
            is_comment = event is WebhookEvent.TICKET_COMMENTED
            key = (row.xid, row.ticket_id, event, row.record_id if is_comment else None)
            if key in known:
                known[key] |= changes
                continue
            known[key] = dict(changes)
            told.append(
                {
                    "log_id": row.id,
                    "event": event,
                    "ticket_id": row.ticket_id,
                    "comment_id": row.record_id if is_comment else None,
                    "changes": known[key],
                    "actor": row.actor,
                    "happened_at": row.created_at,
                }
            )
    return told
