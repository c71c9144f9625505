"""What becomes of a message: a pure decision over facts, with each step explained. No session, no clock.

A message joins a ticket only by a name that we know (a signed token, or a Message-ID of the conversation) together
with a sender who takes part in it. A subject never joins anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ombud.models import TicketStatus


class Outcome(StrEnum):
    """What to do with a message."""

    NEW = "new"
    REPLY = "reply"
    BOUNCE = "bounce"
    COPY = "copy"
    QUARANTINE = "quarantine"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a decision, as people read it in the inbound log."""

    step: str
    result: str

    def as_json(self) -> dict[str, str]:
        """Return the form that is stored."""
        return {"step": self.step, "result": self.result}


@dataclass(frozen=True, slots=True)
class Thread:
    """A ticket that a message may belong to. `participants`: lower-case addresses; `done_days`: None if undone.

    `former`: who had a part in the ticket that the message names, where that one was merged into this.
    """

    ticket_id: int
    number: str
    participants: frozenset[str]
    is_deleted: bool = False
    done_days: float | None = None
    status: TicketStatus | None = None
    former: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the decision depends on.

    `signed`: tickets named by our own valid signatures, the most specific first; `forged`: names of our form with
    a wrong signature; `known`: tickets of known Message-IDs, the nearest reference first. `verified`: the verdict
    of the mailbox's own server about the sender. `writes`: tickets that a sender of the staff may write to, and
    whether that is a note there, as their role has it on the desk's own pages. `takes_strangers`: whether people whom
    the desk does not know open tickets by mail.
    """

    sender: str
    classification: str
    is_own_address: bool = False
    is_known: bool = True
    is_staff: bool = False
    is_active: bool = True
    takes_strangers: bool = True
    verified: bool | None = None
    is_copy: bool = False
    copy_of: int | None = None
    signed: Sequence[Thread] = ()
    forged: Sequence[str] = ()
    known: Sequence[Thread] = ()
    bounced: Thread | None = None
    reopen_days: int = 14
    writes: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, the code of why, and the steps that led there. `follows`: the closed ticket that a new one names."""

    outcome: Outcome
    code: str
    steps: tuple[Step, ...]
    ticket_id: int | None = None
    follows: Thread | None = None
    is_automatic: bool = False


class _Path:
    """The steps so far, and the end of the way."""

    def __init__(self, facts: Facts) -> None:
        self.steps = [Step("kind", facts.classification)]
        self.is_automatic = facts.classification in ("auto_reply", "list", "bounce")

    def note(self, step: str, result: str) -> None:
        self.steps.append(Step(step, result))

    def ends(
        self, outcome: Outcome, code: str, *, ticket_id: int | None = None, follows: Thread | None = None
    ) -> Decision:
        return Decision(outcome, code, tuple(self.steps), ticket_id, follows, self.is_automatic)


def decide(facts: Facts) -> Decision:
    """Decide what becomes of a message."""
    path = _Path(facts)
    if not facts.sender:
        path.note("sender", "has no usable address")
        return path.ends(Outcome.QUARANTINE, "no_sender")
    if facts.is_own_address:
        path.note("sender", "is one of our own addresses")
        return path.ends(Outcome.IGNORE, "own_address")
    if facts.is_copy:
        path.note("copy", "the same message came in by another way")
        return path.ends(Outcome.COPY, "copy", ticket_id=facts.copy_of)
    if facts.classification == "bounce":
        return _bounced(facts, path)
    if facts.classification == "spam":
        return path.ends(Outcome.QUARANTINE, "spam")
    if facts.is_staff and not (facts.is_active and facts.verified):
        path.note("sender", "says to be one of us, and no server that we trust confirms it")
        return path.ends(Outcome.QUARANTINE, "unverified_staff")
    if not facts.is_active:
        path.note("sender", "was deactivated here")
        return path.ends(Outcome.QUARANTINE, "inactive_sender")
    thread = _joined(facts, path)
    if isinstance(thread, str):
        return path.ends(Outcome.QUARANTINE, thread)
    return _in_thread(facts, path, thread) if thread else _begun(facts, path)


def _begun(facts: Facts, path: _Path) -> Decision:
    if not (facts.is_known or facts.takes_strangers):
        path.note("sender", "is nobody whom the desk knows, and strangers open no tickets here")
        return path.ends(Outcome.QUARANTINE, "unknown_sender")
    return path.ends(Outcome.NEW, "new_conversation")


def _bounced(facts: Facts, path: _Path) -> Decision:
    if facts.bounced is None:
        path.note("bounce", "is not about a message that we sent")
        return path.ends(Outcome.QUARANTINE, "unknown_bounce")
    path.note("bounce", f"is about our message on #{facts.bounced.number}")
    return path.ends(Outcome.BOUNCE, "bounce", ticket_id=facts.bounced.ticket_id)


def _joined(facts: Facts, path: _Path) -> Thread | str | None:
    """Return the ticket that the message belongs to, a reason for quarantine, or None for a new conversation."""
    for name in facts.forged:
        path.note("token", f"{name} is not signed by us")
    for thread in facts.signed:
        if _takes_part(facts, thread):
            path.note("token", f"names #{thread.number}, and the sender takes part in it")
            return thread
        if facts.sender in thread.former:
            path.note("token", f"names a ticket of the sender that was merged into #{thread.number}")
            return thread
        path.note("token", f"names #{thread.number}, but the sender has no part in it")
        return "token_of_stranger"
    for thread in facts.known:
        if _takes_part(facts, thread):
            path.note("references", f"name a message of #{thread.number}, and the sender takes part in it")
            return thread
        if facts.sender in thread.former:
            path.note("references", f"name a ticket of the sender that was merged into #{thread.number}")
            return thread
        path.note("references", f"name a message of #{thread.number}, but the sender has no part in it")
    if facts.forged:
        return "forged_token"
    path.note("conversation", "names no message of the sender that we know")
    return None


def _takes_part(facts: Facts, thread: Thread) -> bool:
    if facts.is_staff:  # they come this far only when a server that we trust confirms who they are
        return thread.ticket_id in facts.writes
    return facts.sender in thread.participants


def _in_thread(facts: Facts, path: _Path, thread: Thread) -> Decision:
    if thread.is_deleted:
        path.note("ticket", f"#{thread.number} is deleted")
        return path.ends(Outcome.NEW, "ticket_deleted")
    if not _takes_part(facts, thread):
        # Another customer's ticket goes on there: neither is shown what the other writes from now on.
        path.note("ticket", f"#{thread.number} is another person's, so a new one follows it")
        return path.ends(Outcome.NEW, "merged_into_anothers", follows=thread)
    if path.is_automatic:
        path.note("status", "an automatic message changes no status")
        return path.ends(Outcome.REPLY, "automatic_reply", ticket_id=thread.ticket_id)
    if thread.done_days is not None and thread.done_days > facts.reopen_days and not facts.is_staff:
        path.note(
            "ticket", f"#{thread.number} was done {thread.done_days:.0f} days ago, so a new one follows it"
        )
        return path.ends(Outcome.NEW, "follows_done_ticket", follows=thread)
    return path.ends(Outcome.REPLY, "reply", ticket_id=thread.ticket_id)


ACKNOWLEDGEMENTS_PER_DAY = 3
"""To one address, whatever the tickets: a peer that answers each letter with a new conversation ends here."""
PER_HOUR = 3
"""Letters of all kinds to one address that nobody but a stranger asked for (TRUST.md T60)."""
TOTAL_PER_HOUR = 1_000
"""Letters of all kinds to everybody: what a flood of forged senders can make this desk send."""
_UNANSWERED = ("noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster", "bounce")


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What it depends on whether a letter may go out by itself.

    `classification`: of the message that it answers, `normal` where it answers none. Counts are of letters that
    went out by themselves: `on_ticket` acknowledgements to the address on this ticket in 24 hours, `acknowledged`
    on any ticket in 24 hours, `to_address` of all kinds in an hour, `in_total` to everybody in an hour.
    """

    address: str
    classification: str = "normal"
    is_own_address: bool = False
    has_null_sender: bool = False
    bounces: bool = False
    is_acknowledgement: bool = True
    on_ticket: int = 0
    acknowledged: int = 0
    to_address: int = 0
    in_total: int = 0


def may_answer_automatically(facts: AnswerFacts) -> tuple[bool, Step]:
    """Decide whether a letter may go out by itself, with the reason (RFC 3834; TRUST.md T60, T65)."""
    refused = next((reason for applies, reason in _refusals(facts) if applies), None)
    if refused is not None:
        return False, Step("answer", f"no automatic answer: {refused}")
    return True, Step("answer", f"an automatic answer goes to {facts.address}")


def _refusals(facts: AnswerFacts) -> Sequence[tuple[bool, str]]:
    local = facts.address.partition("@")[0]
    return (
        (not facts.address, "there is no address to answer to"),
        (facts.is_own_address, "the address is our own"),
        (
            facts.classification not in ("normal", "empty"),
            f"the message is of the kind {facts.classification}",
        ),
        (facts.has_null_sender, "the message asks for no answer (null sender)"),
        (local.startswith(_UNANSWERED), "nobody reads mail to that address"),
        (facts.bounces, "mail to the address came back"),
        (
            facts.is_acknowledgement and facts.on_ticket > 0,
            "this sender had one on this ticket within a day",
        ),
        (
            facts.is_acknowledgement and facts.acknowledged >= ACKNOWLEDGEMENTS_PER_DAY,
            f"this address had {facts.acknowledged} within a day",
        ),
        (facts.to_address >= PER_HOUR, f"this address had {facts.to_address} letters within an hour"),
        (facts.in_total >= TOTAL_PER_HOUR, f"the desk sent {facts.in_total} by itself within an hour"),
    )
