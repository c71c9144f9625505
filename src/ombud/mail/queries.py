"""What taking mail in asks the database. Pure builders; the system reads here, people through `inbound_log`."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, Text, and_, bindparam, case, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased, joinedload, undefer

from ombud.db.actor import Actor
from ombud.mail.policy import mail_visible_to
from ombud.models import (
    INCLUDE_DELETED,
    AccountLetter,
    AutomaticKind,
    AutomaticMail,
    BouncedAddress,
    Comment,
    InboundMail,
    Mailbox,
    MailboxPosition,
    MailboxSending,
    MailReference,
    MailRule,
    MailState,
    OutboundMail,
    Ticket,
    TicketParticipant,
    User,
)
from ombud.people.addresses import as_stored

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


def mailbox_by_id(mailbox_id: int) -> Select[Mailbox]:
    """Return a mailbox with its team."""
    return select(Mailbox).options(joinedload(Mailbox.team)).where(Mailbox.id == mailbox_id)


def mailboxes_with_secrets() -> Select[Mailbox]:
    """Return all mailboxes with their sealed secrets, locked, for the system that seals them anew."""
    return (
        select(Mailbox)
        .options(undefer(Mailbox.imap_secret), undefer(Mailbox.smtp_secret), undefer(Mailbox.oauth_secret))
        .order_by(Mailbox.id)
        .with_for_update()
    )


def sealed_letters() -> Select[AccountLetter]:
    """Return letters that still hold a sealed secret, locked, for the system that seals them anew."""
    return (
        select(AccountLetter)
        .where(AccountLetter.sealed.is_not(None))
        .options(undefer(AccountLetter.sealed))
        .order_by(AccountLetter.mail_id)
        .with_for_update()
    )


def sendings_with_keys() -> Select[MailboxSending]:
    """Return how mailboxes send, with their sealed keys, locked, for the system that seals them anew."""
    return (
        select(MailboxSending)
        .options(undefer(MailboxSending.dkim_key))
        .where(MailboxSending.dkim_selector != "")
        .order_by(MailboxSending.mailbox_id)
        .with_for_update()
    )


def mail_positions() -> Select[MailboxPosition]:
    """Return how far each mailbox was fetched."""
    return select(MailboxPosition).order_by(MailboxPosition.mailbox_id)


def mailboxes_of(addresses: Sequence[str]) -> Select[*tuple[Any, ...]]:
    """Return id and address of the active mailboxes that have one of these addresses."""
    return select(Mailbox.id, Mailbox.address).where(Mailbox.address.in_(addresses), Mailbox.is_active)


def mailbox_with_secrets(mailbox_id: int) -> Select[Mailbox]:
    """Return a mailbox with its sealed secrets, for the worker."""
    return (
        select(Mailbox)
        .where(Mailbox.id == mailbox_id)
        .options(undefer(Mailbox.imap_secret), undefer(Mailbox.smtp_secret), undefer(Mailbox.oauth_secret))
    )


def fetched_mailboxes() -> Select[*tuple[Any, ...]]:
    """Return id, address and time of last change of the mailboxes that are fetched by IMAP."""
    return (
        select(Mailbox.id, Mailbox.address, Mailbox.updated_at)
        .where(Mailbox.is_active, Mailbox.imap_host != "")
        .order_by(Mailbox.id)
    )


def waiting(limit: int) -> Select[int]:
    """Return the ids of messages that wait for a decision, in the order they came."""
    return (
        select(InboundMail.id)
        .where(InboundMail.state == MailState.RECEIVED)
        .order_by(InboundMail.id)
        .limit(limit)
    )


def waiting_for_change(mail_ids: Sequence[int]) -> Select[InboundMail]:
    """Return the messages of these that wait, locked; not those that another process decided or is about to."""
    return (
        select(InboundMail)
        .where(InboundMail.id.in_(mail_ids), InboundMail.state == MailState.RECEIVED)
        .options(joinedload(InboundMail.mailbox, innerjoin=True))
        .order_by(InboundMail.id)
        .with_for_update(of=InboundMail, skip_locked=True)
    )


@cache
def decide_one_at_a_time() -> Select[*tuple[Any, ...]]:
    """Wait for other decisions to be committed: two messages of one new conversation must see each other.

    Returns the addresses of all mailboxes (`own`), and whether there are rules (`has_rules`). The commit need not
    wait for the disk: nobody was told of a decision, and one that a crash of the server takes away is taken anew,
    with all that came of it, letters included: these go out only after a commit that does wait for the disk
    (`attempts.claim`), and whatever waits brings along what was written before it.
    """
    return select(
        func.set_config("synchronous_commit", "off", True),
        func.pg_advisory_xact_lock(0x6F6D_6D61),
        select(func.array_agg(Mailbox.address)).scalar_subquery().label("own"),
        select(MailRule.id).where(MailRule.is_active).exists().label("has_rules"),
    )


@cache
def known_of_message() -> Select[*tuple[Any, ...]]:
    """Return what is known of a message, in one row, in the time of one round trip.

    The sender as a `User` (or None; who was merged, as whom they are now), whether their address takes no mail
    (`bounces`), whether the same message arrived before (`is_copy`) and on which ticket it is (`copy_of`), and of its
    names those that are known (`names`: lists of Message-ID, ticket, whether it is a message on the ticket).
    Parameters: `sender`, `message_id`, `body_hash`, `mail_id`, `mailbox_id` (None: copies through any), `names`.
    """
    sender = bindparam("sender", type_=Text)
    mailbox_id = bindparam("mailbox_id", type_=BigInteger)
    one = select(literal(1).label("one")).subquery("one")
    known = aliased(User)
    copy = (
        select(literal(True).label("is_copy"), InboundMail.ticket_id)
        .where(
            InboundMail.message_id == bindparam("message_id", type_=Text),
            InboundMail.body_hash == bindparam("body_hash", type_=Text),
            InboundMail.state != MailState.RECEIVED,
            InboundMail.message_id != "",
            InboundMail.id != bindparam("mail_id", type_=BigInteger),
            or_(mailbox_id.is_(None), InboundMail.mailbox_id == mailbox_id),
        )
        .order_by(InboundMail.ticket_id.is_(None), InboundMail.id)
        .limit(1)
        .subquery("copy")
    )
    name = func.json_build_array(
        MailReference.message_id, MailReference.ticket_id, MailReference.comment_id.is_not(None)
    )
    names = select(func.json_agg(name)).where(
        MailReference.message_id.in_(bindparam("names", expanding=True, type_=Text))
    )
    return (
        select(
            User,
            BouncedAddress.email.is_not(None).label("bounces"),
            func.coalesce(copy.c.is_copy, False).label("is_copy"),
            copy.c.ticket_id.label("copy_of"),
            names.scalar_subquery().label("names"),
        )
        .select_from(one)
        .outerjoin(known, known.email_norm == sender)
        .outerjoin(User, User.id == func.coalesce(known.merged_into_id, known.id))
        .outerjoin(BouncedAddress, BouncedAddress.email == sender)
        .outerjoin(copy, true())
    )


def tickets_of_outbound(mail_ids: Sequence[int]) -> Select[int | None]:
    """Return the tickets that these messages of ours are about."""
    return select(OutboundMail.ticket_id).where(
        OutboundMail.id.in_(mail_ids), OutboundMail.ticket_id.is_not(None)
    )


@cache
def threads() -> Select[*tuple[Any, ...]]:
    """Return the id asked for, and of the ticket where it goes on (itself, unless it was merged): id, number, deleted
    or not,
    days since it was done, status, the requester's and the participants' addresses, and for one that was merged
    those of the ticket asked for. Parameter: `ticket_ids`.
    """
    asked = aliased(Ticket)

    def followers(ticket: Any) -> Any:
        return (
            select(func.array_agg(aggregate_order_by(User.email_norm, User.id)))
            .join(TicketParticipant, TicketParticipant.user_id == User.id)
            .where(TicketParticipant.ticket_id == ticket.id)
            .correlate(ticket)
            .scalar_subquery()
        )

    def requester(ticket: Any) -> Any:
        return (
            select(User.email_norm).where(User.id == ticket.requester_id).correlate(ticket).scalar_subquery()
        )

    former = func.array_append(followers(asked), requester(asked))
    return (
        select(
            asked.id,
            Ticket.id,
            Ticket.ticket_number,
            Ticket.deleted_at.is_not(None),
            func.extract("epoch", func.now() - Ticket.resolved_at) / 86400.0,
            Ticket.status,
            requester(Ticket),
            followers(Ticket),
            case((asked.merged_into_id.is_not(None), former)),
        )
        .join(asked, Ticket.id == func.coalesce(asked.merged_into_id, asked.id))
        .where(asked.id.in_(bindparam("ticket_ids", expanding=True, type_=BigInteger)))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def own_addresses() -> Select[str]:
    """Return the addresses of all mailboxes, retired ones too: what they send is ours."""
    return select(Mailbox.address)


def comment_of(message_ids: Sequence[str], ticket_id: int) -> Select[int | None]:
    """Return the comment on a ticket that one of these Message-IDs is of, the newest first."""
    return (
        select(MailReference.comment_id)
        .where(
            MailReference.message_id.in_(message_ids),
            MailReference.ticket_id == ticket_id,
            MailReference.comment_id.is_not(None),
        )
        .order_by(MailReference.comment_id.desc())
        .limit(1)
    )


def is_silent(ticket_id: int) -> Select[bool]:
    """Return whether nothing is said on a ticket."""
    return select(~select(Comment.id).where(Comment.ticket_id == ticket_id).exists())


def lock_address(email: str) -> Select[*tuple[Any, ...]]:
    """Wait for whoever else decides about a letter to this address."""
    return select(func.pg_advisory_xact_lock(0x6F6D_6D62, func.hashtext(email)))


def automatic_letters(
    email: str, ticket_id: int | None, *, day: datetime, hour: datetime
) -> Select[*tuple[Any, ...]]:
    """Return the counts of letters since `day` and `hour` that the limits look at, and whether mail comes back."""
    to_it = select(func.count()).where(AutomaticMail.address == email)
    acknowledged = to_it.where(
        AutomaticMail.kind == AutomaticKind.ACKNOWLEDGEMENT, AutomaticMail.sent_at > day
    )
    return select(
        acknowledged.where(AutomaticMail.ticket_id == ticket_id).scalar_subquery().label("on_ticket"),
        acknowledged.scalar_subquery().label("acknowledged"),
        to_it.where(AutomaticMail.sent_at > hour).scalar_subquery().label("to_address"),
        select(func.count()).where(AutomaticMail.sent_at > hour).scalar_subquery().label("in_total"),
        select(BouncedAddress.email).where(BouncedAddress.email == email).exists().label("bounces"),
    )


def bounced(emails: Sequence[str]) -> Select[BouncedAddress]:
    """Return which of these addresses (lower case) take no mail."""
    return select(BouncedAddress).where(BouncedAddress.email.in_(emails))


def bounced_addresses(*, after: str = "", limit: int = LOG_PAGE) -> Select[BouncedAddress]:
    """Return addresses that take no mail, in their order; `after` is the last one of the page above."""
    return (
        select(BouncedAddress).where(BouncedAddress.email > after).order_by(BouncedAddress.email).limit(limit)
    )


def rules() -> Select[MailRule]:
    """Return the active rules in order."""
    return select(MailRule).where(MailRule.is_active).order_by(MailRule.position, MailRule.id)


def inbound_log(
    actor: Actor,
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
    wanted = _shown(actor)
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
                InboundMail.sender_email == as_stored(text).lower(),
                InboundMail.subject.icontains(text.strip(), autoescape=True),
            )
        )
    if before is not None:
        wanted = wanted.where(InboundMail.id < before)
    return wanted.order_by(InboundMail.id.desc()).limit(limit)


def inbound(actor: Actor, mail_id: int) -> Select[InboundMail]:
    """Return one message that came in, with its mailbox and ticket."""
    return _shown(actor).where(InboundMail.id == mail_id)


def inbound_for_change(actor: Actor, mail_id: int) -> Select[InboundMail]:
    """Return one message that came in with its mailbox, locked."""
    return (
        select(InboundMail)
        .where(InboundMail.id == mail_id, mail_visible_to(actor))
        .options(joinedload(InboundMail.mailbox, innerjoin=True))
        .with_for_update(of=InboundMail)
    )


def _shown(actor: Actor) -> Select[InboundMail]:
    return (
        select(InboundMail)
        .where(mail_visible_to(actor))
        .options(
            joinedload(InboundMail.mailbox, innerjoin=True),
            joinedload(InboundMail.ticket).load_only(Ticket.ticket_number, Ticket.title),
        )
        .execution_options(**{INCLUDE_DELETED: True})
    )


def inbound_counts(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return how many messages wait for a decision (`waiting`), and how many are in quarantine (`quarantined`)."""
    seen = select(func.count()).select_from(InboundMail).where(mail_visible_to(actor))
    return select(
        seen.where(InboundMail.state == MailState.RECEIVED).scalar_subquery().label("waiting"),
        seen.where(InboundMail.state == MailState.QUARANTINED).scalar_subquery().label("quarantined"),
    )


def rule_by_position() -> Select[MailRule]:
    """Return all rules in the order in which they apply."""
    return select(MailRule).order_by(MailRule.position, MailRule.id)


def references_of(mail: InboundMail) -> Select[MailReference]:
    """Return the Message-ID entry that a message made on its ticket."""
    return select(MailReference).where(
        and_(MailReference.message_id == mail.message_id, MailReference.ticket_id == mail.ticket_id)
    )
