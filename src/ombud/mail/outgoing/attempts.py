"""What the worker does to the outbox: take what is due under a lease, keep the lease, say how it went.

An attempt has an id, and only its holder settles it: a process that was believed dead and wakes up finds its
attempt taken, and its verdict is not counted. All of it in short transactions; nothing is sent inside one.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from ombud import clock
from ombud.mail.outgoing import queries
from ombud.mail.outgoing.rules import Outcome, Verdict, retry_at, state_after
from ombud.models import UNSETTLED, OutboundMail, OutboundState, RecipientState

LEASE = timedelta(seconds=45)
"""Renewed while a message is being sent; what a dead process held is taken up within a minute (TRUST.md R2)."""
_STATES = {
    Outcome.ACCEPTED: RecipientState.ACCEPTED,
    Outcome.DEFERRED: RecipientState.DEFERRED,
    Outcome.REFUSED: RecipientState.REFUSED,
    Outcome.UNKNOWN: RecipientState.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this process holds."""

    mail_id: int
    mailbox_id: int
    attempt: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the bytes of a message lie."""

    storage_key: str
    size: int


def claim(session: Session, limit: int, lease: timedelta = LEASE) -> list[Claim]:
    """Take messages that are due, and those of dead processes; several processes never take the same."""
    now, attempt = clock.now(), uuid.uuid4().hex
    claims = []
    for mail in session.scalars(queries.to_claim(now, limit)):
        if mail.state is OutboundState.SENDING:
            mail.unknowns += 1  # nobody can say how far the other process came
        mail.state, mail.attempt, mail.lease_until = OutboundState.SENDING, attempt, now + lease
        mail.attempts += 1
        if mail.mailbox_id is not None:
            claims.append(Claim(mail.id, mail.mailbox_id, attempt))
    session.flush()
    return claims


def renew(session: Session, claims: Sequence[Claim], lease: timedelta = LEASE) -> int:
    """Keep messages that are still being sent; returns how many are still held."""
    held = session.scalars(queries.held([one.mail_id for one in claims], claims[0].attempt)).all()
    for mail in held:
        mail.lease_until = clock.now() + lease
    session.flush()
    return len(held)


def settle(
    session: Session,
    claim: Claim,
    verdicts: Mapping[str, Verdict],
    *,
    kept: Kept | None = None,
    problem: str = "",
) -> OutboundState | None:
    """Write down how an attempt ended for each recipient (by address); None when it is not ours any more.

    Who is not named keeps their state. What is not settled is tried again, later and later, for five days.
    """
    mail = session.scalar(queries.held([claim.mail_id], claim.attempt))
    if mail is None:
        return None
    now = clock.now()
    for one in mail.recipients:
        verdict = verdicts.get(one.email)
        if verdict is not None and one.state in UNSETTLED:
            one.state, one.answer, one.settled_at = _STATES[verdict.outcome], verdict.answer, now
    is_unknown = any(verdict.outcome is Outcome.UNKNOWN for verdict in verdicts.values())
    states = [one.state for one in mail.recipients]
    mail.state = state_after(states, is_unknown=is_unknown, sends_at=mail.sends_at, now=now)
    mail.lease_until = None
    mail.unknowns += is_unknown
    if kept is not None:
        mail.storage_key, mail.size = kept.storage_key, kept.size
    if mail.state is OutboundState.SENT:
        mail.sent_at = now
    mail.problem = problem or _problem(mail)
    if mail.state in (OutboundState.QUEUED, OutboundState.UNKNOWN):
        mail.due_at = retry_at(now, mail.attempts)
    session.flush()
    return mail.state


def give_up(session: Session, claim: Claim, problem: str) -> None:
    """Fail a message that cannot be made: a person sees why, and may try again."""
    mail = session.scalar(queries.held([claim.mail_id], claim.attempt))
    if mail is not None:
        mail.state, mail.lease_until, mail.problem = OutboundState.FAILED, None, problem[:500]
        session.flush()


def _problem(mail: OutboundMail) -> str:
    """Return what is wrong, in the words of the first server that said so."""
    troubled = [one for one in mail.recipients if one.state is not RecipientState.ACCEPTED and one.answer]
    return f"{troubled[0].email}: {troubled[0].answer}"[:500] if troubled else ""
