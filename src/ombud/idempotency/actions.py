"""Claim a key, keep an answer, forget old ones. What a call is made of, and how it is answered, is the edge's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import Conflict, Forbidden, Invalid
from ombud.idempotency import queries
from ombud.kit.tokens import same
from ombud.models import KeptAnswer

KEPT_FOR = timedelta(hours=24)


class KeyReused(Invalid):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    default_message = "This Idempotency-Key was used for another request. Use a new one."

    def __init__(self) -> None:
        super().__init__(fields={"header:Idempotency-Key": "was used for another request."})


class KeyInUse(Conflict):
    """The first call with this key has not ended yet."""

    code = "idempotency_key_in_use"
    default_message = "A call with this Idempotency-Key is still running. Try again in a moment."


@dataclass(frozen=True, slots=True)
class Keyed:
    """A call under a key: which route, which key, and the SHA-256 of everything that was sent."""

    route: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(session: Session, call: Keyed) -> Answer | None:
    """Return the answer that this call was given in the last day; None when it is the actor's to make now.

    Until the transaction ends nobody else can claim the key. Raises KeyInUse, and KeyReused for another request.
    """
    user_id = _user_id(session)
    # No wait: fifty repetitions of a slow call must not hold fifty connections.
    if not session.scalar(queries.key_lock(f"{user_id} {call.route} {call.key}")):
        raise KeyInUse
    # A statement of its own, and so a snapshot from after the lock: it sees what its last holder committed.
    since = clock.now() - KEPT_FOR
    found = session.scalar(queries.kept_answer(user_id, call.route, call.key, since=since))
    if found is None:
        return None
    if not same(found.request_hash, call.request_hash):
        raise KeyReused
    return Answer(found.status, found.headers, found.body)


def keep(session: Session, call: Keyed, answer: Answer) -> None:
    """Keep the answer to a call that was claimed in this transaction, in place of one that is too old."""
    now = clock.now()
    told = {
        "request_hash": call.request_hash,
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
        "created_at": now,
    }
    statement = insert(KeptAnswer).values(user_id=_user_id(session), route=call.route, key=call.key, **told)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id", "route", "key"], set_=told))


def drop_old_answers(session: Session) -> int:
    """Forget answers older than a day and return how many there were."""
    old = delete(KeptAnswer).where(KeptAnswer.created_at < clock.now() - KEPT_FOR).returning(KeptAnswer.id)
    return len(session.scalars(old).all())


def _user_id(session: Session) -> int:
    user_id = actor_of(session).user_id
    if user_id is None:
        raise Forbidden("Only people have keys of their own.")
    return user_id
