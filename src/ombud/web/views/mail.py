"""Mail in pages: rows of the log, one message with its decision, mailboxes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ombud.models import InboundMail, Mailbox, MailboxPosition

STATE_LABELS = {
    "received": "Waiting",
    "accepted": "On a ticket",
    "quarantined": "In quarantine",
    "ignored": "Put away",
}
STATE_ICONS = {
    "received": "clock",
    "accepted": "circle-check",
    "quarantined": "octagon-alert",
    "ignored": "circle-slash",
}
REASONS = {
    "new_conversation": "A new conversation",
    "reply": "An answer",
    "automatic_reply": "An automatic answer",
    "bounce": "Mail that came back",
    "copy": "A copy of a message that came another way",
    "own_address": "From one of our own addresses",
    "rule": "Ignored by a rule",
    "no_sender": "Names no sender",
    "spam": "Marked as spam",
    "unverified_staff": "Says to be one of us, unconfirmed",
    "unknown_sender": "A stranger; only people whom the desk knows open tickets",
    "inactive_sender": "The sender was deactivated here",
    "token_of_stranger": "A stranger with somebody's reply address",
    "forged_token": "A reply address that we did not sign",
    "unknown_bounce": "A bounce of something we did not send",
    "ticket_deleted": "Its ticket is deleted, so a new one",
    "follows_done_ticket": "Its ticket was done long ago, so a new one",
    "merged_into_anothers": "Its ticket was merged into another person's, so a new one",
    "unreadable": "Could not be read",
    "unexpected": "Could not be handled",
    "released": "Released from quarantine",
    "discarded": "Discarded",
}


@dataclass(frozen=True, slots=True)
class MailRow:
    """One message in the log."""

    id: int
    href: str
    at: datetime
    sender: str
    subject: str
    mailbox: str
    state: str
    state_label: str
    icon: str
    reason: str
    verdict: str
    ticket: str
    size: int

    @classmethod
    def of(cls, mail: InboundMail, href: str) -> MailRow:
        """Show a message whose mailbox and ticket are loaded."""
        return cls(
            id=mail.id,
            href=href,
            at=mail.received_at,
            sender=mail.sender_name or mail.sender_email or mail.envelope_from or "unknown",
            subject=mail.subject or "(not read yet)",
            mailbox=mail.mailbox.address,
            state=mail.state.value,
            state_label=STATE_LABELS[mail.state.value],
            icon=STATE_ICONS[mail.state.value],
            reason=REASONS.get(mail.decision, mail.decision.replace("_", " ").capitalize()),
            verdict=verdict_of(mail.verified),
            ticket=mail.ticket.ticket_number if mail.ticket is not None else "",
            size=mail.size,
        )


@dataclass(frozen=True, slots=True)
class MailText:
    """A message as it came: its headers in order, its text, the names of its files. All of it plain text.

    `notes` say how it is protected and what in it is damaged. `has_html`: it can be shown as it was formatted, in a
    frame; `has_remote`: with pictures that somebody else's server would be asked for.
    """

    headers: tuple[tuple[str, str], ...]
    text: str
    files: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    has_html: bool = False
    has_remote: bool = False


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox in the list of them."""

    id: int
    href: str
    name: str
    address: str
    team: str
    way: str
    state: str
    is_good: bool
    fetched_at: datetime | None

    @classmethod
    def of(cls, box: Mailbox, place: MailboxPosition | None, href: str) -> MailboxRow:
        """Show a mailbox whose team is loaded, with how its last fetch went."""
        problem = place.problem if place is not None else ""
        return cls(
            id=box.id,
            href=href,
            name=box.name,
            address=box.address,
            team=box.team.name if box.team is not None else "Nobody's",
            way=f"Fetched from {box.imap_host}" if box.imap_host else "Brought by a mail server",
            state=problem or ("Takes mail" if box.is_active else "Switched off"),
            is_good=not problem,
            fetched_at=place.fetched_at if place is not None else None,
        )


def verdict_of(verified: bool | None) -> str:
    """Return what the receiving server says of a sender, in words."""
    return {
        True: "Sender confirmed",
        False: "Sender denied by their own domain",
        None: "Sender not confirmed",
    }[verified]
