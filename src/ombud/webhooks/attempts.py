"""What the worker does to deliveries: take what is due under a lease, read it, say how it went.

As in the outbox of mail: an attempt has an id, and only its holder settles it. All of it in short transactions.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.actor import Actor
from ombud.errors import Forbidden
from ombud.kit.vault import Vault
from ombud.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from ombud.people.accounts import find_actor
from ombud.webhooks import queries, rules
from ombud.webhooks.actions import TABLE

LEASE = timedelta(seconds=45)
"""Three times as long as an endpoint may take; what a dead process held goes again within a minute (TRUST.md R2)."""
LOG_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this process holds."""

    delivery_id: int
    endpoint_id: int
    attempt: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to send: to where, signed by which secrets, for whose eyes."""

    delivery: WebhookDelivery
    url: str
    secrets: tuple[str, ...]
    owner: Actor
    notes: bool

    def __repr__(self) -> str:
        return f"<Letter {self.delivery.id}>"


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt went: the status that came back (None: nothing did), how long it took, `Retry-After`."""

    status: int | None
    milliseconds: int = 0
    retry_after: timedelta | None = None

    @property
    def is_good(self) -> bool:
        """True for 2xx only: a redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300


def claim(
    session: Session, *, busy: Collection[int] = (), each: int = 4, limit: int = 100, lease: timedelta = LEASE
) -> list[Claim]:
    """Take messages that are due, and those of dead processes; several processes never take the same."""
    now, attempt = clock.now(), uuid.uuid4().hex
    claims = []
    for one in session.scalars(queries.to_claim(now, busy, each, limit)):
        # what a dead process began is the same attempt: it costs the receiver none of the ten
        one.attempts += one.state is DeliveryState.WAITING
        one.state, one.attempt, one.lease_until = DeliveryState.SENDING, attempt, now + lease
        claims.append(Claim(one.id, one.endpoint_id, attempt))
    session.flush()
    return claims


def read_letter(session: Session, claim: Claim, vault: Vault) -> Letter | None:
    """Return what is to be sent; None when it is not ours any more. Raises Forbidden when the owner was let go."""
    found = session.scalar(queries.letter(claim.delivery_id))
    if found is None or found.attempt != claim.attempt:
        return None
    endpoint = found.endpoint
    owner = find_actor(session, endpoint.owner.email)
    if owner is None or not owner.is_staff:
        raise Forbidden("The owner of this webhook does not work here any more.")
    sealed = [endpoint.secret]
    if endpoint.old_secret_until is not None and endpoint.old_secret_until > clock.now():
        sealed.append(endpoint.old_secret)
    secrets = tuple(vault.open(one, (TABLE, "secret", endpoint.id)) for one in sealed if one is not None)
    return Letter(found, endpoint.url, secrets, owner, endpoint.includes_notes)


def settle(session: Session, claim: Claim, result: Result) -> DeliveryState | None:
    """Write down how an attempt went; None when it is not ours any more.

    What failed is tried again by the schedule. 410 switches the endpoint off, and so do days without any success.
    """
    endpoint = session.scalar(queries.endpoint_by_id(claim.endpoint_id))
    found = session.scalar(queries.held(claim.delivery_id, claim.attempt))
    if found is None or endpoint is None:
        return None
    now = clock.now()
    found.log = [*found.log, _entry(now, result)][-LOG_LIMIT:]
    if result.is_good:
        endpoint.failing_since = endpoint.held_until = None
        _close(found, DeliveryState.DELIVERED, now)
    else:
        _after_failure(found, endpoint, result, now)
    session.flush()
    return found.state


def skip(session: Session, claim: Claim) -> None:
    """Put a message away that the endpoint's owner may not see."""
    found = session.scalar(queries.held(claim.delivery_id, claim.attempt))
    if found is not None:
        _close(found, DeliveryState.SKIPPED, clock.now())
        session.flush()


def switch_off(session: Session, claim: Claim, problem: str) -> None:
    """Switch an endpoint off, and fail the message that found out why."""
    endpoint = session.scalar(queries.endpoint_by_id(claim.endpoint_id))
    found = session.scalar(queries.held(claim.delivery_id, claim.attempt))
    if found is not None and endpoint is not None:
        endpoint.is_active, endpoint.problem = False, problem
        _close(found, DeliveryState.FAILED, clock.now())
        session.flush()


def _after_failure(found: WebhookDelivery, endpoint: WebhookEndpoint, result: Result, now: datetime) -> None:
    since = endpoint.failing_since = endpoint.failing_since or now
    if result.retry_after is not None:
        endpoint.held_until = now + result.retry_after
    elif result.status in rules.SLOW_DOWN:
        endpoint.held_until = now + rules.PAUSE
    due = rules.next_attempt(now, found.attempts, result.retry_after)
    if result.status == rules.GONE:
        endpoint.is_active, endpoint.problem = False, "It answered 410 Gone."
    elif due is None and now - since >= rules.LONG_FAILURE:
        days = (now - since).days
        endpoint.is_active, endpoint.problem = False, f"Nothing could be delivered for {days} days."
    if due is None or result.status == rules.GONE:
        _close(found, DeliveryState.FAILED, now)
    else:
        found.state, found.lease_until, found.due_at = DeliveryState.WAITING, None, due


def _close(found: WebhookDelivery, state: DeliveryState, now: datetime) -> None:
    found.state, found.lease_until, found.settled_at = state, None, now


def _entry(now: datetime, result: Result) -> dict[str, Any]:
    return {"at": now.isoformat(), "status": result.status, "milliseconds": result.milliseconds}
