"""What taking mail in asks the database. Pure builders; the system reads here, people through `inbound_log`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import joinedload, undefer

from ombud.models import (
    INCLUDE_DELETED,
    InboundMail,
    Mailbox,
    MailReference,
    MailRule,
    MailState,
    OutboundMail,
    Ticket,
    TicketParticipant,
    User,
)

LOG_PAGE = 50


def mailboxes(*, active: bool = False) -> Select[Mailbox]:
    """Return the desk's mailboxes by address."""
    wanted = select(Mailbox).options(joinedload(Mailbox.team)).order_by(Mailbox.address)
    return wanted.where(Mailbox.is_active) if active else wanted


def mailbox_by_address(addresses: Sequence[str]) -> Select[Mailbox]:
    """Return the active mailbox of the first of these addresses (lower case, without tags) that has one."""
    return (
        select(Mailbox)
        .where(Mailbox.address.in_(addresses), Mailbox.is_active)
        .order_by(func.array_position(list(addresses), Mailbox.address))
        .limit(1)
    )


def mailbox_with_secrets(mailbox_id: int) -> Select[Mailbox]:
    """Return a mailbox with its sealed secrets, for the worker."""
    return (
        select(Mailbox)
        .where(Mailbox.id == mailbox_id)
        .options(undefer(Mailbox.imap_secret), undefer(Mailbox.smtp_secret))
    )


def waiting(limit: int) -> Select[int]:
    """Return the ids of messages that wait for a decision, in the order they came."""
    return (
        select(InboundMail.id)
        .where(InboundMail.state == MailState.RECEIVED)
        .order_by(InboundMail.id)
        .limit(limit)
    )


def waiting_for_change(mail_id: int) -> Select[InboundMail]:
    """Return a message that waits, locked; nothing when another process decided it or is about to."""
    return (
        select(InboundMail)
        .where(InboundMail.id == mail_id, InboundMail.state == MailState.RECEIVED)
        .options(joinedload(InboundMail.mailbox, innerjoin=True))
        .with_for_update(of=InboundMail, skip_locked=True)
    )


def decide_one_at_a_time() -> Select[*tuple[Any, ...]]:
    """Wait for other decisions to be committed: two messages of one new conversation must see each other."""
    return select(func.pg_advisory_xact_lock(0x6F6D_6D61))


def copies(message_id: str, body_hash: str, *, but: int) -> Select[*tuple[Any, ...]]:
    """Return state and ticket of an earlier arrival of the same message, through whichever mailbox."""
    return (
        select(InboundMail.state, InboundMail.ticket_id)
        .where(
            InboundMail.message_id == message_id,
            InboundMail.body_hash == body_hash,
            InboundMail.state != MailState.RECEIVED,
            InboundMail.message_id != "",
            InboundMail.id != but,
        )
        .order_by(InboundMail.ticket_id.is_(None), InboundMail.id)
        .limit(1)
    )


def referenced(message_ids: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Return (message id, ticket id, whether it is a message on the ticket) of those that are known."""
    return select(
        MailReference.message_id, MailReference.ticket_id, MailReference.comment_id.is_not(None)
    ).where(MailReference.message_id.in_(message_ids))


def tickets_of_outbound(mail_ids: Sequence[int]) -> Select[int | None]:
    """Return the tickets that these messages of ours are about."""
    return select(OutboundMail.ticket_id).where(
        OutboundMail.id.in_(mail_ids), OutboundMail.ticket_id.is_not(None)
    )


def threads(ticket_ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    """Return id, number, deleted or not, days since it was done, and the participants' addresses of tickets."""
    followers = (
        select(func.array_agg(aggregate_order_by(User.email_norm, User.id)))
        .join(TicketParticipant, TicketParticipant.user_id == User.id)
        .where(TicketParticipant.ticket_id == Ticket.id)
        .correlate(Ticket)
        .scalar_subquery()
    )
    requester = (
        select(User.email_norm).where(User.id == Ticket.requester_id).correlate(Ticket).scalar_subquery()
    )
    return (
        select(
            Ticket.id,
            Ticket.ticket_number,
            Ticket.deleted_at.is_not(None),
            func.extract("epoch", func.now() - Ticket.resolved_at) / 86400.0,
            requester,
            followers,
        )
        .where(Ticket.id.in_(ticket_ids))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def own_addresses() -> Select[str]:
    """Return the addresses of all mailboxes, retired ones too: what they send is ours."""
    return select(Mailbox.address)


def rules() -> Select[MailRule]:
    """Return the active rules in order."""
    return select(MailRule).where(MailRule.is_active).order_by(MailRule.position, MailRule.id)


def inbound_log(
    *,
    state: MailState | None = None,
    text: str = "",
    mailbox_id: int | None = None,
    ticket_id: int | None = None,
    before: int | None = None,
    limit: int = LOG_PAGE,
) -> Select[InboundMail]:
    """Return messages that came in, newest first; `before` is the last id of the page above.

    `text` finds a Message-ID or a sender's address exactly, or a part of the subject.
    """
    wanted = select(InboundMail).options(joinedload(InboundMail.mailbox, innerjoin=True))
    if state is not None:
        wanted = wanted.where(InboundMail.state == state)
    if mailbox_id is not None:
        wanted = wanted.where(InboundMail.mailbox_id == mailbox_id)
    if ticket_id is not None:
        wanted = wanted.where(InboundMail.ticket_id == ticket_id)
    if text:
        wanted = wanted.where(
            or_(
                InboundMail.message_id == text.strip("<> "),
                InboundMail.sender_email == text.strip().lower(),
                InboundMail.subject.icontains(text.strip(), autoescape=True),
            )
        )
    if before is not None:
        wanted = wanted.where(InboundMail.id < before)
    return wanted.order_by(InboundMail.id.desc()).limit(limit)


def inbound(mail_id: int) -> Select[InboundMail]:
    """Return one message that came in, with its mailbox."""
    return (
        select(InboundMail)
        .where(InboundMail.id == mail_id)
        .options(joinedload(InboundMail.mailbox, innerjoin=True))
    )


def inbound_for_change(mail_id: int) -> Select[InboundMail]:
    """Return one message that came in, locked."""
    return inbound(mail_id).with_for_update(of=InboundMail)


def inbound_counts() -> Select[*tuple[Any, ...]]:
    """Return how many messages wait for a decision, and how many are in quarantine."""
    waiting_ones = select(func.count()).where(InboundMail.state == MailState.RECEIVED).scalar_subquery()
    quarantined = select(func.count()).where(InboundMail.state == MailState.QUARANTINED).scalar_subquery()
    return select(waiting_ones, quarantined)


def references_of(mail: InboundMail) -> Select[MailReference]:
    """Return the Message-ID entry that a message made on its ticket."""
    return select(MailReference).where(
        and_(MailReference.message_id == mail.message_id, MailReference.ticket_id == mail.ticket_id)
    )
