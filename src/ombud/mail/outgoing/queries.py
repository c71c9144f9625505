"""What the outbox asks the database. Pure builders."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, any_, func, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import joinedload, selectinload, undefer

from ombud.db.actor import Actor, Scope
from ombud.db.made import Given
from ombud.models import (
    INCLUDE_DELETED,
    WAITING,
    AccountLetter,
    AccountRequest,
    AccountToken,
    Attachment,
    Comment,
    InboundMail,
    LinkPurpose,
    Mailbox,
    MailboxSending,
    MailState,
    MailTemplate,
    Notification,
    OutboundKind,
    OutboundMail,
    OutboundRecipient,
    OutboundState,
    Ticket,
    TicketParticipant,
    User,
)
from ombud.people.addresses import as_stored
from ombud.tickets.policy import visible_to

PAGE = 50
_LETTERS = (OutboundKind.REPLY, OutboundKind.ACKNOWLEDGEMENT)


def sending_facts(ticket_id: Given) -> Select[*tuple[Any, ...]]:
    """Return how mail about a ticket goes out; no row when no active mailbox can send.

    Columns: mailbox_id, address; `own`, the addresses of all mailboxes; `subject` of the first message that came
    in; `thread`, the Message-IDs of the conversation in order; `last_in`, of the customer's last message. The
    mailbox is that which the customer wrote to last, else that of the ticket's team, else the first.
    """
    arrived = select(InboundMail).where(
        InboundMail.ticket_id == ticket_id, InboundMail.state == MailState.ACCEPTED
    )
    latest = arrived.with_only_columns(InboundMail.mailbox_id).order_by(InboundMail.id.desc()).limit(1)
    last_in = (
        arrived.with_only_columns(InboundMail.message_id)
        .where(InboundMail.message_id != "", InboundMail.decision != "bounce")
        .order_by(InboundMail.id.desc())
        .limit(1)
    )
    subject = arrived.with_only_columns(InboundMail.subject).order_by(InboundMail.id).limit(1)
    team = select(Ticket.team_id).where(Ticket.id == ticket_id).scalar_subquery()
    # Its own SELECTs: the policies of both tables have been asked already, for the ticket.
    own = select(func.array_agg(Mailbox.address)).scalar_subquery()
    return (
        select(
            Mailbox.id.label("mailbox_id"),
            Mailbox.address,
            own.label("own"),
            subject.scalar_subquery().label("subject"),
            _thread(ticket_id).label("thread"),
            last_in.scalar_subquery().label("last_in"),
        )
        .where(Mailbox.is_active, Mailbox.smtp_host != "")
        .order_by(
            (Mailbox.id == latest.scalar_subquery()).desc().nulls_last(),
            (Mailbox.team_id == team).desc().nulls_last(),
            Mailbox.id,
        )
        .limit(1)
    )


def desk_mailbox() -> Select[*tuple[Any, ...]]:
    """Return mailbox_id, address and name of the mailbox that sends for the desk itself; no row when none can send."""
    return (
        select(Mailbox.id.label("mailbox_id"), Mailbox.address, Mailbox.name)
        .where(Mailbox.is_active, Mailbox.smtp_host != "")
        .order_by(Mailbox.team_id.is_not(None), Mailbox.id)
        .limit(1)
    )


def account_letter(mail_id: int) -> Select[AccountLetter]:
    """Return what a letter about an account is, with its sealed secret and what it was about, for the worker."""
    about = select(AccountLetter).where(AccountLetter.mail_id == mail_id)
    about = about.options(undefer(AccountLetter.sealed), undefer(AccountLetter.caused_at))
    return about.options(undefer(AccountLetter.from_ip), undefer(AccountLetter.from_browser))


def account_state(user_id: int) -> Select[*tuple[Any, ...]]:
    """Return invited_until and is_asked of a person, and kind, state and problem of the last letter to them."""
    invited = select(AccountToken.expires_at).where(
        AccountToken.user_id == user_id,
        AccountToken.purpose == LinkPurpose.INVITE,
        AccountToken.expires_at > func.now(),
    )
    asked = select(AccountRequest.id).where(AccountRequest.user_id == user_id).exists()
    last = (
        select(AccountLetter.kind, OutboundMail.state, OutboundMail.problem)
        .join(OutboundMail, OutboundMail.id == AccountLetter.mail_id)
        .where(AccountLetter.user_id == user_id)
        .order_by(AccountLetter.mail_id.desc())
        .limit(1)
        .subquery()
    )
    one = select(invited.scalar_subquery().label("invited_until"), asked.label("is_asked")).subquery()
    return select(one, last).select_from(one.outerjoin(last, true()))


def _thread(ticket_id: Given) -> Any:
    came = select(InboundMail.message_id, InboundMail.received_at.label("at")).where(
        InboundMail.ticket_id == ticket_id,
        InboundMail.state == MailState.ACCEPTED,
        InboundMail.message_id != "",
        InboundMail.decision != "bounce",
    )
    went = select(OutboundMail.message_id, OutboundMail.queued_at.label("at")).where(
        OutboundMail.ticket_id == ticket_id,
        OutboundMail.kind.in_(_LETTERS),
        OutboundMail.state.not_in([OutboundState.CANCELED, OutboundState.SKIPPED]),
    )
    both = union_all(came, went).subquery()
    return select(func.array_agg(aggregate_order_by(both.c.message_id, both.c.at))).scalar_subquery()


def audience(ticket_id: Given) -> Select[*tuple[Any, ...]]:
    """Return who a public reply reaches: (user id, address, name, is the requester), the requester first.

    Followers among the staff are not mailed: they are notified.
    """
    requester = select(Ticket.requester_id).where(Ticket.id == ticket_id)
    followers = select(TicketParticipant.user_id).where(TicketParticipant.ticket_id == ticket_id)
    # One array, computed once: by "is it, or is it one of these" every person of the desk would be looked at.
    known = any_(func.array(union_all(requester, followers).scalar_subquery()))
    is_requester = User.id == requester.scalar_subquery()
    return (
        select(User.id, User.email, User.full_name, is_requester.label("is_requester"))
        .where(User.is_active, User.id == known, or_(is_requester, User.is_staff.is_(False)))
        .order_by(is_requester.desc(), User.id)
    )


def to_claim(now: datetime, limit: int) -> Select[OutboundMail]:
    """Return messages that are due, or whose process is dead, locked; those of paused mailboxes stay.

    Ones that another process looks at are passed over.
    """
    due = and_(OutboundMail.state.in_(WAITING), OutboundMail.due_at <= now)
    left = and_(OutboundMail.state == OutboundState.SENDING, OutboundMail.lease_until < now)
    paused = select(MailboxSending.mailbox_id).where(MailboxSending.is_paused)
    return (
        select(OutboundMail)
        .where(or_(due, left), OutboundMail.mailbox_id.not_in(paused))
        .order_by(OutboundMail.due_at, OutboundMail.id)
        .limit(limit)
        .with_for_update(of=OutboundMail, skip_locked=True)
    )


def held(mail_ids: Collection[int], attempt: str) -> Select[OutboundMail]:
    """Return those messages that the holder of `attempt` still holds, locked."""
    return (
        select(OutboundMail)
        .where(
            OutboundMail.id.in_(mail_ids),
            OutboundMail.attempt == attempt,
            OutboundMail.state == OutboundState.SENDING,
        )
        .options(selectinload(OutboundMail.recipients))
        .order_by(OutboundMail.id)
        .with_for_update(of=OutboundMail)
    )


def letter(mail_id: int) -> Select[OutboundMail]:
    """Return a message with all that its text is made of."""
    files = joinedload(OutboundMail.comment).selectinload(Comment.attachments)
    return (
        select(OutboundMail)
        .where(OutboundMail.id == mail_id)
        .options(
            joinedload(OutboundMail.mailbox),
            joinedload(OutboundMail.ticket).joinedload(Ticket.requester),
            joinedload(OutboundMail.ticket).joinedload(Ticket.team),
            joinedload(OutboundMail.comment).joinedload(Comment.author),
            joinedload(OutboundMail.notification).joinedload(Notification.cause),
            selectinload(OutboundMail.recipients),
            files,
        )
        .execution_options(**{INCLUDE_DELETED: True})
    )


def sending_of(mailbox_id: int) -> Select[MailboxSending]:
    """Return how a mailbox sends, with its sealed key, for the worker."""
    return (
        select(MailboxSending)
        .where(MailboxSending.mailbox_id == mailbox_id)
        .options(undefer(MailboxSending.dkim_key))
    )


def public_sending_of(mailbox_id: int) -> Select[MailboxSending]:
    """Return how a mailbox sends, without its key."""
    return select(MailboxSending).where(MailboxSending.mailbox_id == mailbox_id)


def templates_for(team_id: int | None) -> Select[MailTemplate]:
    """Return the templates of a team and those of all, the team's first."""
    of_team = MailTemplate.team_id == team_id if team_id is not None else MailTemplate.team_id.is_(None)
    return (
        select(MailTemplate)
        .where(or_(of_team, MailTemplate.team_id.is_(None)))
        .order_by(MailTemplate.team_id.is_(None))
    )


def templates() -> Select[MailTemplate]:
    """Return all templates."""
    return select(MailTemplate).order_by(MailTemplate.kind, MailTemplate.team_id.nulls_first())


def template(kind: str, team_id: int | None) -> Select[MailTemplate]:
    """Return one template."""
    of_team = MailTemplate.team_id.is_(None) if team_id is None else MailTemplate.team_id == team_id
    return select(MailTemplate).where(MailTemplate.kind == kind, of_team)


def said_before(ticket_id: int, comment_id: int) -> Select[Comment]:
    """Return the last public comment before another one, with its author: what a reply quotes."""
    return (
        select(Comment)
        .where(Comment.ticket_id == ticket_id, Comment.is_internal.is_(False), Comment.id < comment_id)
        .options(joinedload(Comment.author))
        .order_by(Comment.id.desc())
        .limit(1)
    )


def outbound(actor: Actor, mail_id: int) -> Select[OutboundMail]:
    """Return one message with its recipients."""
    return outbox(actor).where(OutboundMail.id == mail_id)


def outbound_for_change(actor: Actor, mail_id: int) -> Select[OutboundMail]:
    """Return one message, locked."""
    return outbound(actor, mail_id).limit(None).order_by(None).with_for_update(of=OutboundMail)


def outbound_by_id(mail_id: int) -> Select[OutboundMail]:
    """Return one message with its recipients, locked, for the system."""
    return (
        select(OutboundMail)
        .where(OutboundMail.id == mail_id)
        .options(selectinload(OutboundMail.recipients))
        .with_for_update(of=OutboundMail)
    )


def outbound_of_comment(comment_id: int) -> Select[OutboundMail]:
    """Return the message that carries a comment, locked."""
    return (
        select(OutboundMail)
        .where(OutboundMail.comment_id == comment_id, OutboundMail.kind == OutboundKind.REPLY)
        .with_for_update(of=OutboundMail)
    )


def outbox(
    actor: Actor,
    *,
    state: OutboundState | None = None,
    mailbox_id: int | None = None,
    text: str = "",
    before: int | None = None,
    limit: int = PAGE,
) -> Select[OutboundMail]:
    """Return messages that go out or did, newest first, of the tickets that `actor` sees.

    `text` finds a Message-ID or a recipient's address exactly, or a part of the subject; `before` is the last id
    of the page above.
    """
    wanted = (
        select(OutboundMail)
        .options(
            joinedload(OutboundMail.mailbox),
            joinedload(OutboundMail.ticket),
            selectinload(OutboundMail.recipients),
        )
        .where(_seen_by(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )
    if state is not None:
        wanted = wanted.where(OutboundMail.state == state)
    if mailbox_id is not None:
        wanted = wanted.where(OutboundMail.mailbox_id == mailbox_id)
    if sought := text.strip():
        to = select(OutboundRecipient.mail_id).where(OutboundRecipient.email == as_stored(sought).lower())
        wanted = wanted.where(
            or_(
                OutboundMail.message_id == sought.strip("<>"),
                OutboundMail.id.in_(to),
                OutboundMail.subject.icontains(sought, autoescape=True),
            )
        )
    if before is not None:
        wanted = wanted.where(OutboundMail.id < before)
    return wanted.order_by(OutboundMail.id.desc()).limit(limit)


def outbox_counts(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return (state, how many, the oldest) of what is not settled well: waiting, sending, paused, failed, bounced."""
    return (
        select(OutboundMail.state, func.count(), func.min(OutboundMail.queued_at))
        .where(
            OutboundMail.state.not_in([OutboundState.SENT, OutboundState.CANCELED, OutboundState.SKIPPED]),
            _seen_by(actor),
        )
        .group_by(OutboundMail.state)
    )


def deliveries_of(ticket_id: Given) -> Select[*tuple[Any, ...]]:
    """Return the state of each message that carries a comment of a ticket, with its recipients as objects.

    A comment that came by merging was mailed for the ticket that it was on; its message stays that ticket's.
    """
    here = select(Ticket.id).where(or_(Ticket.id == ticket_id, Ticket.merged_into_id == ticket_id))
    told = (
        select(
            func.coalesce(
                func.json_agg(
                    aggregate_order_by(
                        func.json_build_object(
                            "email", OutboundRecipient.email, "name", OutboundRecipient.name,
                            "state", OutboundRecipient.state, "answer", OutboundRecipient.answer,
                        ),
                        OutboundRecipient.id,
                    )
                ),
                func.json_build_array(),
            )
        )
        .where(OutboundRecipient.mail_id == OutboundMail.id)
        .correlate(OutboundMail)
        .scalar_subquery()
    )  # fmt: skip
    return select(
        OutboundMail.id,
        OutboundMail.comment_id,
        OutboundMail.state,
        OutboundMail.problem,
        OutboundMail.attempts,
        OutboundMail.sends_at,
        OutboundMail.due_at,
        OutboundMail.sent_at,
        OutboundMail.storage_key.is_not(None).label("is_kept"),
        told.label("recipients"),
    ).where(
        OutboundMail.ticket_id == any_(func.array(here.scalar_subquery())),
        OutboundMail.kind == OutboundKind.REPLY,
        OutboundMail.comment_id.is_not(None),
    )


def unmailed_notifications(before: datetime, limit: int) -> Select[Notification]:
    """Return notifications that are to become mail by now, locked, with their people and tickets."""
    return (
        select(Notification)
        .where(Notification.by_mail, Notification.mailed_at.is_(None), Notification.created_at <= before)
        .options(
            joinedload(Notification.user, innerjoin=True),
            joinedload(Notification.ticket, innerjoin=True),
            joinedload(Notification.comment),
        )
        .order_by(Notification.id)
        .limit(limit)
        .with_for_update(of=Notification, skip_locked=True)
    )


def attachment(attachment_id: int) -> Select[Attachment]:
    """Return a file's record, for a signed link: that ends with the file, and while its ticket is deleted."""
    return select(Attachment).join(Attachment.ticket).where(Attachment.id == attachment_id)


def _seen_by(actor: Actor) -> Any:
    if actor.scope is Scope.ALL:
        return true()
    return OutboundMail.ticket_id.in_(select(Ticket.id).where(visible_to(actor)))
