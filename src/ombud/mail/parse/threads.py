"""Grouping messages into conversations, independent of their order.

Two messages belong together when they name a common Message-ID (their own, In-Reply-To, References) and share a
participant: an address, or the mailing list both went through. The subject alone never joins anything, and
knowing a Message-ID alone does not let a stranger in (TRUST.md T62).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ombud.mail.parse.addresses import parse_addresses
from ombud.mail.parse.dates import parse_date
from ombud.mail.parse.headers import Headers, read_headers
from ombud.mail.parse.ids import message_ids, own_message_id, surrogate_id
from ombud.mail.parse.tree import header_start

_FROM_LINE = re.compile(
    rb"^From [^\r\n]{1,300}\b\d{4}(?:[ \t][^\r\n]{0,100})?\r?\n(?=[!-9;-~]{1,100}:|>?From )", re.MULTILINE
)
_PARTICIPANT_FIELDS = ("from", "to", "cc", "reply-to", "sender", "resent-to")
_RECIPIENT_FIELDS = ("to", "cc", "resent-to")
_LIST_FIELDS = ("list-id", "list-post", "x-mailing-list", "mailing-list")
_NOBODY = "(no recipient known)"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What grouping needs to know of a message. `related` holds its own Message-ID and all that it names."""

    message_id: str
    related: frozenset[str]
    participants: frozenset[str]
    moment: float


def read_envelope(raw: bytes) -> Envelope:
    """Read what grouping needs from a message's headers; the body is not looked at. Never raises."""
    headers, _ = read_headers(raw, header_start(raw), len(raw))
    own = own_message_id(headers) or surrogate_id(raw)
    participants = _participants(headers)
    named = [*message_ids(headers.get("references")), *message_ids(headers.get("in-reply-to"))]
    # some programs write "In-Reply-To: message from <someone@example.com> of ..."
    related = {own, *(i for i in named if i.lower() not in participants)}
    date = parse_date(headers.text("date"))
    return Envelope(own, frozenset(related), participants, date.timestamp() if date else float("inf"))


def _participants(headers: Headers) -> frozenset[str]:
    found: set[str] = set()
    for name in _PARTICIPANT_FIELDS:
        found |= {a.email.lower() for a in parse_addresses(headers.get_all(name)) if a.email}
    for name in _LIST_FIELDS:
        value = headers.text(name)
        if value:
            found.add(value[:200].lower())
    if not found or not any(headers.get(name) for name in _RECIPIENT_FIELDS):
        found.add(_NOBODY)  # archives often drop recipients: such messages are alike in this
    return frozenset(found)


def split_mbox(raw: bytes) -> list[bytes]:
    """Cut a mailbox file into messages; a single message is a mailbox of one."""
    if not raw.startswith(b"From "):
        return [raw]
    starts = [m.start() for m in _FROM_LINE.finditer(raw) if _after_blank_line(raw, m.start())]
    if not starts:
        return [raw]
    return [raw[a:b] for a, b in zip(starts, [*starts[1:], len(raw)], strict=True)]


def _after_blank_line(raw: bytes, at: int) -> bool:
    return at == 0 or raw[max(0, at - 3) : at].endswith((b"\n\n", b"\n\r\n"))


def group(envelopes: Sequence[Envelope]) -> list[str]:
    """Give each message the label of its conversation: the Message-ID of the conversation's first message.

    The labels do not depend on the order of the messages. Linear in the number of names and participants.
    """
    parent = list(range(len(envelopes)))

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[tuple[str, str], int] = {}
    for index, envelope in enumerate(envelopes):
        for key in _keys(envelope):
            other = seen.setdefault(key, index)
            if other != index:
                parent[find(index)] = find(other)
    first: dict[int, tuple[float, str, str]] = {}
    for index, envelope in enumerate(envelopes):
        root = find(index)
        mine = (envelope.moment, envelope.message_id, min(envelope.participants))
        first[root] = min(first.get(root, mine), mine)
    shared = Counter(message_id for _, message_id, _ in first.values())
    return [_label(first[find(index)], shared) for index in range(len(envelopes))]


def _label(first: tuple[float, str, str], shared: Counter[str]) -> str:
    """Name a conversation; strangers who use one Message-ID twice are told apart by who takes part."""
    _, message_id, participant = first
    return message_id if shared[message_id] == 1 else f"{message_id} {participant}"


def _keys(envelope: Envelope) -> Iterable[tuple[str, str]]:
    participants = sorted(envelope.participants)[:200]
    return ((name, who) for name in envelope.related for who in participants)
