"""Pure decisions about mail that goes out: when to try again, what an attempt means, whose address is usable."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ombud.config import Settings
from ombud.models import UNSETTLED, OutboundState, RecipientState
from ombud.people.addresses import ascii_domain

GIVE_UP_AFTER = timedelta(days=5)
"""RFC 5321, 4.5.4.1: four to five days."""
RETRY_AFTER = tuple(timedelta(minutes=n) for n in (1, 5, 15, 30, 60, 120, 180, 240))
"""Quick at first, for greylisting; then every four hours."""
LIMIT = 320
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_MESSAGE_ID = re.compile(r"[!-;=?-~]{3,250}")
_PREFIX = re.compile(
    r"^\s*(?:(?:re|aw|sv|vs|antw|odp|r|ref|rif|res|回复|答复|fw|fwd|wg|tr)\s*"
    r"(?:\[\d+\])?\s*[:\uff1a]\s*)+",
    re.IGNORECASE,
)


class Outcome(StrEnum):
    """How an attempt ended for one recipient, or for all."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended, and what the server (or the connection) said about it, shortened and printable."""

    outcome: Outcome
    answer: str = ""


def retry_at(now: datetime, attempts: int) -> datetime:
    """Return when to try again after `attempts` attempts."""
    return now + RETRY_AFTER[min(max(attempts, 1), len(RETRY_AFTER)) - 1]


def state_after(
    states: Sequence[RecipientState], *, is_unknown: bool, sends_at: datetime, now: datetime
) -> OutboundState:
    """Return the state of a message whose recipients are in these states after an attempt."""
    if any(state in UNSETTLED for state in states):
        if now - sends_at < GIVE_UP_AFTER:
            return OutboundState.UNKNOWN if is_unknown else OutboundState.QUEUED
        # Given up: what may have arrived is not called lost.
        return OutboundState.SENT if RecipientState.ACCEPTED in states else OutboundState.FAILED
    if RecipientState.ACCEPTED in states:
        return OutboundState.SENT
    return OutboundState.BOUNCED if RecipientState.BOUNCED in states else OutboundState.FAILED


def usable_address(email: str) -> str | None:
    """Return an address as it goes into an envelope, its domain in ASCII (IDNA); None when it cannot.

    Local parts beyond ASCII would need SMTPUTF8 all the way, which we do not promise.
    """
    local, _, domain = email.strip().rpartition("@")
    known = ascii_domain(domain)
    if known is None:
        return None
    address = f"{local}@{known.lower()}"
    if ".." in address or local.startswith(".") or local.endswith("."):
        return None
    return address if _ADDRESS.fullmatch(address) and len(address) <= LIMIT else None


def addresses_of(line: str) -> tuple[str, ...]:
    """Return the addresses of a line that a person typed, separated by commas or semicolons; names are dropped.

    What is no address is returned as it stands, so that whoever queues it can say so.
    """
    found = []
    for piece in re.split(r"[,;\n]", line[:10_000]):
        named = re.search(r"<([^<>]*)>\s*$", piece)
        address = (named[1] if named else piece).strip()
        if address:
            found.append(address)
    return tuple(dict.fromkeys(found))


def usable_message_id(message_id: str) -> bool:
    """Tell whether somebody's Message-ID may stand in a header of ours."""
    return "@" in message_id and _MESSAGE_ID.fullmatch(message_id) is not None


def one_line(text: str, limit: int = 500) -> str:
    """Return text as one printable line: what could end a header, or turn its direction, becomes a space."""
    kept = (
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") or c in _OVERRIDES else c for c in text
    )
    return " ".join("".join(kept).split())[:limit]


_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: `Re:` once, whatever the customer's program wrote."""
    return f"Re: {bare_subject(subject)}"


def bare_subject(subject: str) -> str:
    """Return a subject without prefixes of answers, for Thread-Topic and grouping."""
    return _PREFIX.sub("", one_line(subject)).strip() or "(no subject)"


def thread_of(known: Sequence[str], tail: int) -> list[str]:
    """Return the References of an answer: the first message of a conversation and the last ones, each once."""
    usable = list(dict.fromkeys(name for name in known if usable_message_id(name)))
    return usable if len(usable) <= tail + 1 else [usable[0], *usable[-tail:]]


def desk_called(chosen: str, mailbox: str) -> str:
    """Return what a letter about an account calls the desk: as administrators chose, or else as its mailbox."""
    is_chosen = chosen != Settings.model_fields["desk_name"].default
    return one_line(chosen if is_chosen else mailbox, 100)
