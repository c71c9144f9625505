"""Whom a message goes to and which conversation it belongs to. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ombud.mail.outgoing.rules import thread_of, usable_address, usable_message_id
from ombud.mail.tokens import TicketNamer, without_tag
from ombud.models import RecipientKind

MAX_RECIPIENTS = 50
NO_MAILBOX, NO_RECIPIENT = "no_mailbox", "no_recipient"
THREAD_TAIL = 20
"""Message-IDs that a References line names at most, beside the first."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is to receive a message."""

    email: str
    name: str = ""
    user_id: int | None = None
    kind: RecipientKind = RecipientKind.TO


@dataclass(frozen=True, slots=True)
class Conversation:
    """How a message stands among those before it."""

    message_id: str
    thread: list[str]
    in_reply_to: str


def usual_addressees(
    audience: Iterable[tuple[int, str, str, bool]], author_id: int | None
) -> list[Addressee]:
    """Return who gets a reply by itself: the rows of `queries.audience`, without who wrote it."""
    return [
        Addressee(email, name, user_id, RecipientKind.TO if is_requester else RecipientKind.CC)
        for user_id, email, name, is_requester in audience
        if user_id != author_id
    ]


def reached(wanted: Iterable[Addressee], own: Collection[str]) -> list[Addressee]:
    """Return each usable address once, as it goes into an envelope; never one of our `own`."""
    found: dict[str, Addressee] = {}
    for one in wanted:
        email = usable_address(one.email)
        if email is not None and without_tag(email).lower() not in own:
            found.setdefault(email.lower(), Addressee(email, one.name, one.user_id, one.kind))
    return list(found.values())[:MAX_RECIPIENTS]


def conversation_of(
    namer: TicketNamer, ticket_id: int, address: str, known: Sequence[str], last_in: str
) -> Conversation:
    """Return a new Message-ID of a mailbox, what it answers, and its References, of what `sending_facts` says."""
    thread = thread_of(known, THREAD_TAIL)
    answers = last_in if usable_message_id(last_in) else (thread[-1] if thread else "")
    return Conversation(namer.message_id(address.rpartition("@")[2], ticket_id), thread, answers)
