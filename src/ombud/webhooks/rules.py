"""Decisions about webhooks: what a change is called, when is tried again, how a message is signed. No session.

All of it after the Standard Webhooks specification, version 1.0.0.
"""

import base64
import hashlib
import hmac
import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ombud.models import WebhookEvent

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
"""How long the former secret signs, too, after a rotation."""
SCHEDULE = tuple(
    timedelta(seconds=seconds) for seconds in (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""How long after the last attempt each one comes: ten in a little more than three days."""
JITTER = 0.1
SLOW_DOWN = frozenset({429, 502, 503, 504})
"""Answers after which an endpoint is left alone for a while."""
PAUSE = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)
GONE = 410
LONG_FAILURE = timedelta(days=3)
BODY_LIMIT = 20_000

_PLAIN = ("status", "priority", "assignee_id", "team_id", "organization_id", "requester_id", "merged_into_id")
_WORDS = ("title", "description")
_ASSIGNING = frozenset({"assignee_id", "team_id"})

Told = tuple[WebhookEvent, dict[str, Any]]
"""An event and the fields that changed: plain values as `[before, after]`, words as null."""


def events_of(table: str, action: str, changes: Mapping[str, Any]) -> list[Told]:
    """Return what a row of the audit log is called for programs; empty for what they are not told of."""
    match table, action:
        case "tickets", "CREATE":
            return [(WebhookEvent.TICKET_CREATED, {})]
        case "tickets", "DELETE" if "deleted_at" not in changes:
            number = changes.get("ticket_number", [None])[0]
            return [(WebhookEvent.TICKET_DELETED, {"number": [number, None]})]
        case "tickets", "UPDATE":
            return _of_update(changes)
        case "comments", "CREATE":
            return [(WebhookEvent.TICKET_COMMENTED, {})]
        case "ticket_tags", _:
            return [(WebhookEvent.TICKET_UPDATED, {"tags": None})]
    return []


def _of_update(changes: Mapping[str, Any]) -> list[Told]:
    known: dict[str, Any] = {name: changes[name] for name in _PLAIN if name in changes}
    known |= {name: None for name in _WORDS if name in changes}
    told: list[Told] = []
    if "deleted_at" in changes:
        is_deleted = changes["deleted_at"][1] is not None
        event = WebhookEvent.TICKET_DELETED if is_deleted else WebhookEvent.TICKET_UPDATED
        told.append((event, {"deleted": [not is_deleted, is_deleted]}))
    if "status" in known:
        told.append((WebhookEvent.TICKET_STATUS_CHANGED, {"status": known.pop("status")}))
    assigned = {name: known.pop(name) for name in _ASSIGNING & known.keys()}
    if assigned:
        told.append((WebhookEvent.TICKET_ASSIGNED, assigned))
    if known:
        told.append((WebhookEvent.TICKET_UPDATED, known))
    return told


def wants(events: Sequence[str], event: WebhookEvent) -> bool:
    """True when an endpoint that named `events` (none: all) is to be told."""
    return not events or event.value in events


def next_attempt(
    now: datetime, attempts: int, retry_after: timedelta | None = None, *, chance: float | None = None
) -> datetime | None:
    """Return when the attempt after `attempts` failed ones is due, not before `retry_after`; None after the last.

    Up to a tenth later, so that what failed together does not come back together.
    """
    if attempts >= len(SCHEDULE):
        return None
    drawn = random.random() if chance is None else chance  # noqa: S311 - spreads load, guards nothing
    return now + max(SCHEDULE[attempts] * (1 + JITTER * drawn), retry_after or timedelta())


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a `Retry-After` header (seconds or a date, RFC 9110), at most a day; None when there is none."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST_WAIT)


def new_secret() -> str:
    """Return a fresh secret in the form of the specification."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, moment: datetime, body: bytes) -> str:
    """Return one signature of a message: HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{message_id}.{int(moment.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def headers_of(secrets: Sequence[str], message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of a message, with a signature by each secret."""
    return {
        "content-type": "application/json",
        "user-agent": "Ombud-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(sign(secret, message_id, moment, body) for secret in secrets),
    }
