"""The two reads that are asked for all the time, from rows to JSON without an object between.

They are what `ombud.api.tickets` answers otherwise, to the byte; where the short way does not lead, None sends the
caller the usual one. The schemas stay the description: `tests/api/test_api_plain.py` compares the two.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from fastapi import Response
from pydantic_core import to_json

from ombud.api.calls import Call
from ombud.api.ticket_query import TicketQuery
from ombud.errors import NotFound
from ombud.kit.cursor import encode_cursor
from ombud.tickets import queries
from ombud.tickets.filters import TicketFilter
from ombud.tickets.queries.plain import NUMBER, comment_rows, ticket_row

Row = Mapping[str, Any]


def can_list(query: TicketQuery, wanted: TicketFilter) -> bool:
    """Tell whether a list is one of those that everybody looks at: its statement was put together before."""
    plain = query.fields is None and not query.count and query.cursor is None
    return plain and all(getattr(wanted, name) is None for name in queries.VARYING)


async def listed(call: Call, query: TicketQuery, wanted: TicketFilter) -> tuple[bytes, str | None] | None:
    """Return a page of the list as JSON, and the cursor of the next one."""
    place = query.place
    if not call.actor.is_staff:
        return None
    statement = queries.inbox(call.actor, wanted, place)
    found = await call.runtime.desk.arows(call.actor, (statement, {}))
    if found is None:
        return None
    (rows,) = found
    following = None
    if len(rows) > place.limit:
        rows = rows[: place.limit]
        last = SimpleNamespace(**rows[-1])
        following = encode_cursor(place.order_name, queries.cursor_values(last, place))
    page = {"items": [_listed(row) for row in rows], "next_cursor": following, "total": None, "is_more": None}
    return to_json(page), following


async def read(call: Call, number: str, comments: int) -> Response | None:
    """Return the answer with a ticket and its first `comments` comments; NotFound as everywhere."""
    if not call.actor.is_staff:
        return None
    wanted = [(ticket_row(call.actor), {NUMBER: number})]
    if comments:
        wanted.append((comment_rows(call.actor, comments), {NUMBER: number}))
    found = await call.runtime.desk.arows(call.actor, *wanted, by_key=True)
    if found is None:
        return None
    tickets, *said = found
    if not tickets:
        raise NotFound("There is no such ticket here.")
    (row,) = tickets
    if row["requester_email"] is None or row["creator_email"] is None:
        return None
    ticket = _ticket(row, said[0] if said else None)
    return Response(to_json(ticket), media_type="application/json", headers={"ETag": f'"{row["version"]}"'})


def _listed(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "number": row["ticket_number"],
        "title": row["title"],
        "status": row["status"],
        "priority": row["priority"],
        "channel": row["channel"],
        "created_at": row["created_at"],
        "last_message": row["last_message"],
        "snippet": None,
        "version": row["version"],
        "requester": {**_person(row, "requester"), "email": row["requester_email"]},
        "assignee": None if row["assignee_id"] is None else _person(row, "assignee", is_staff=True),
        "team": _named(row, "team"),
        "organization": _named(row, "organization"),
        "tags": row["tags"],
        "last_activity_at": row["last_activity_at"],
        "last_is_internal": row["last_is_internal"],
        "unread": row["unread"],
    }


def _ticket(row: Row, said: Sequence[Row] | None) -> dict[str, Any]:
    ticket = {
        "id": row["id"],
        "number": row["ticket_number"],
        "title": row["title"],
        "description": row["description"],
        "status": row["status"],
        "priority": row["priority"],
        "channel": row["channel"],
        "requester": {**_person(row, "requester"), "email": row["requester_email"]},
        "created_at": row["created_at"],
        "resolved_at": row["resolved_at"],
        "version": row["version"],
    }
    if said is not None:
        ticket["comments"] = [_comment(one) for one in said]
    return ticket | {
        "creator": _person(row, "creator"),
        "assignee": None if row["assignee_email"] is None else _person(row, "assignee"),
        "team": _named(row, "team"),
        "organization": _named(row, "organization"),
        "tags": row["tags"] or [],
        "updated_at": row["updated_at"],
        "last_activity_at": row["last_activity_at"],
        "first_response_at": row["first_response_at"],
        "deleted_at": row["deleted_at"],
    }


def _comment(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "content": row["content"],
        "is_internal": row["is_internal"],
        "author": _person(row, "author"),
        "attachments": [_file(one) for one in row["files"] or ()],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def _file(file: Row) -> dict[str, Any]:
    return {
        "id": file["id"],
        "file_name": file["file_name"],
        "content_type": file["content_type"],
        "size": file["size"],
        "sha256": file["checksum"],
        "comment_id": file["comment_id"],
        "created_at": datetime.fromisoformat(file["created_at"]),
    }


def _person(row: Row, who: str, *, is_staff: bool | None = None) -> dict[str, Any]:
    email: str = row[f"{who}_email"]
    name: str = row[f"{who}_name"]
    return {
        "id": row[f"{who}_id"],
        "name": name.strip() or email.partition("@")[0],
        "is_staff": row[f"{who}_is_staff"] if is_staff is None else is_staff,
    }


def _named(row: Row, what: str) -> dict[str, Any] | None:
    name = row[f"{what}_name"]
    return None if name is None else {"id": row[f"{what}_id"], "name": name}
