"""What somebody sees of a desk as a stream of records: people, tickets, what was said, files. In flat memory.

One record is one JSON object; the order is such that nothing refers to what comes later. Not in it: passwords,
sessions, tokens, drafts, mailboxes and raw mails, and the audit log. `ombud.transfer.restore` brings it back in.
"""

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ombud.clock import now
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.tickets.policy import require_staff
from ombud.transfer.export import queries

FORMAT = 1
TICKETS_AT_ONCE = 200
PART = 3 << 17
"""Bytes of a file in one record: 384 KiB are 512 KiB of base64."""
COLUMNS = (
    "number title status priority channel requester requester_name assignee team organization tags created_at"
    " last_activity_at first_response_at resolved_at comments description"
).split()

Record = dict[str, Any]
ReadFile = Callable[[str], bytes]


def export_records(session: Session, read_file: ReadFile | None) -> Iterator[Record]:
    """Yield all that the session's actor, who is staff, sees: for the system the whole desk.

    Without `read_file` the bytes of files are left out (their records stay).
    """
    actor = actor_of(session)
    require_staff(actor)
    yield {
        "type": "ombud",
        "format": FORMAT,
        "exported_at": now().isoformat(),
        "files": read_file is not None,
    }
    for kind, statement in queries.SMALL:
        for row in session.execute(statement(), execution_options={"yield_per": 1000}):
            yield {"type": kind, **_plain(row)}
    if read_file is not None:
        yield from _files(session, actor, read_file)
    count = 0
    # What was merged comes last, because it names the ticket that it went on in.
    for merged in (False, True):
        for batch in _ticket_batches(session, actor, merged=merged):
            yield from batch
            count += len(batch)
    for kind, about in queries.AT_THE_END:
        for row in session.execute(about(actor), execution_options={"yield_per": 1000}):
            yield {"type": kind, **_plain(row)}
    yield {"type": "end", "tickets": count}


def export_rows(session: Session) -> Iterator[dict[str, str]]:
    """Yield the tickets that the session's actor, who is staff, sees as rows of `COLUMNS`; without deleted ones.

    Texts all of them; not yet safe for spreadsheets.
    """
    actor = actor_of(session)
    require_staff(actor)
    after = 0
    while True:
        rows = session.execute(queries.rows(actor, after, TICKETS_AT_ONCE)).all()
        if not rows:
            return
        after = rows[-1].id
        for row in rows:
            yield {name: _cell(row._mapping[name]) for name in COLUMNS}


def _files(session: Session, actor: Actor, read_file: ReadFile) -> Iterator[Record]:
    after = ""
    while keys := session.execute(queries.files(actor, after, 1000)).all():
        for checksum, storage_key, size in keys:
            data = read_file(storage_key)
            for start in range(0, max(len(data), 1), PART):
                piece = data[start : start + PART]
                yield {
                    "type": "file",
                    "checksum": checksum,
                    "size": size,
                    "start": start,
                    "data": base64.b64encode(piece).decode(),
                }
        after = keys[-1].checksum


def _ticket_batches(session: Session, actor: Actor, *, merged: bool) -> Iterator[list[Record]]:
    after = 0
    while True:
        tickets = session.execute(queries.tickets(actor, after, TICKETS_AT_ONCE, merged=merged)).all()
        if not tickets:
            return
        after = tickets[-1].id
        ids = [ticket.id for ticket in tickets]
        parts = {name: _by_ticket(session, statement(ids)) for name, statement in queries.PARTS.items()}
        yield [
            _ticket(ticket, {name: found[ticket.id] for name, found in parts.items()}) for ticket in tickets
        ]


def _by_ticket(session: Session, statement: Any) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for row in session.execute(statement):
        found[row.ticket_id].append(_plain(row))
    return found


def _ticket(ticket: Any, parts: dict[str, list[Record]]) -> Record:
    files: dict[int | None, list[Record]] = defaultdict(list)
    for file in parts.pop("files"):
        files[file.pop("comment_id")].append(_without(file, "ticket_id"))
    for comment in parts["comments"]:
        comment["files"] = files[comment.pop("id")]
    lists = {name: [_without(one, "ticket_id") for one in found] for name, found in parts.items()}
    return {"type": "ticket", **_without(_plain(ticket), "id"), **lists, "files": files[None]}


def _without(record: Record, name: str) -> Record:
    return {key: value for key, value in record.items() if key != name}


def _plain(row: Any) -> Record:
    return {name: _value(value) for name, value in row._mapping.items()}


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
