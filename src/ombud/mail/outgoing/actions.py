"""Queue mail with its cause, take it back, hold it, send it again.

What is written here goes out only if the transaction commits, and goes out then even if the process dies.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.choices import settings_of
from ombud.db.context import actor_of
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.mail import queries as inbound
from ombud.mail.outgoing import queries
from ombud.mail.outgoing.planning import (
    MAX_RECIPIENTS,
    NO_MAILBOX,
    NO_RECIPIENT,
    Addressee,
    conversation_of,
    reached,
    usual_addressees,
)
from ombud.mail.outgoing.rules import desk_called, one_line, reply_subject, usable_address
from ombud.mail.parse.model import DeliveryStatus
from ombud.mail.tokens import TicketNamer, without_tag
from ombud.models import (
    AccountLetter,
    AccountRequest,
    BouncedAddress,
    Comment,
    MailReference,
    OutboundKind,
    OutboundMail,
    OutboundRecipient,
    OutboundState,
    RecipientKind,
    RecipientState,
    Ticket,
    TicketParticipant,
    TicketStatus,
)
from ombud.people.actions import find_or_create_customer
from ombud.people.addresses import as_stored
from ombud.tickets import Delivery, save_draft
from ombud.tickets.actions.find import get_ticket_for_change
from ombud.tickets.policy import require_writer
from ombud.tickets.rules import STATUS_MOVES

ALL_BOUNCE = "Mail to these addresses came back. It was not tried again."


class TooLate(Conflict):
    """The message is on its way, or was."""

    code = "too_late"
    default_message = "It is too late: this message is on its way already."


def queue_reply(
    session: Session, namer: TicketNamer, ticket: Ticket, comment: Comment, delivery: Delivery
) -> OutboundMail:
    """Queue a public comment for the requester and the followers, or for whom `delivery` names.

    On a desk without a mailbox that sends, or with nobody to send to, the row says so and nothing goes out.
    """
    facts = session.execute(queries.sending_facts(ticket.id)).one_or_none()
    if facts is None:
        return _skip(session, ticket, comment, NO_MAILBOX)
    addressees = _addressees(session, ticket, comment, delivery, set(facts.own))
    if not addressees:
        return _skip(session, ticket, comment, NO_RECIPIENT)
    mail = OutboundMail(
        kind=OutboundKind.REPLY,
        mailbox_id=facts.mailbox_id,
        ticket_id=ticket.id,
        comment_id=comment.id,
        subject=reply_subject(facts.subject or ticket.title),
    )
    _thread(mail, namer, facts)
    if delivery.not_before is not None:
        mail.sends_at = mail.due_at = delivery.not_before
    return _queue(session, mail, addressees)


def queue_automatic(
    session: Session,
    namer: TicketNamer,
    ticket: Ticket,
    kind: OutboundKind,
    addressee: Addressee,
    *,
    subject: str,
    comment_id: int | None = None,
    notification_id: int | None = None,
) -> OutboundMail | None:
    """Queue an acknowledgement or a notification; None when no mailbox sends, or the address cannot be used."""
    facts = session.execute(queries.sending_facts(ticket.id)).one_or_none()
    email = usable_address(addressee.email)
    if facts is None or email is None or without_tag(email).lower() in facts.own:
        return None
    mail = OutboundMail(
        kind=kind,
        mailbox_id=facts.mailbox_id,
        ticket_id=ticket.id,
        comment_id=comment_id,
        notification_id=notification_id,
        subject=one_line(subject),
    )
    if kind is OutboundKind.ACKNOWLEDGEMENT:
        _thread(mail, namer, facts)
    else:
        mail.message_id = namer.message_id(_domain(facts.address), ticket.id)
    return _queue(session, mail, [addressee])


def queue_account(
    session: Session, request: AccountRequest, addressee: Addressee, subject: str, *, problem: str = ""
) -> OutboundMail:
    """Queue a letter about an account that was asked for, from a mailbox of the whole desk.

    `subject` may name the desk, `{name}`. With a `problem`, or where no mailbox can send, the row says so and
    nothing goes out.
    """
    facts = session.execute(queries.desk_mailbox()).one_or_none()
    email = usable_address(addressee.email)
    problem = problem or (NO_MAILBOX if facts is None else NO_RECIPIENT if email is None else "")
    name = desk_called(settings_of(session).desk_name, facts.name if facts is not None else "the desk")
    mail = OutboundMail(kind=OutboundKind.ACCOUNT, subject=subject.format(name=name))
    nonce = secrets.token_hex(12)
    if problem or facts is None or email is None:
        mail.message_id, mail.state, mail.problem = f"account-{nonce}", OutboundState.SKIPPED, problem
        session.add(mail)
        session.flush()
    else:
        mail.mailbox_id, mail.message_id = (
            facts.mailbox_id,
            f"ombud.account.{nonce}@{_domain(facts.address)}",
        )
        _queue(session, mail, [addressee])
    letter = AccountLetter(mail_id=mail.id, user_id=addressee.user_id, kind=request.kind)
    letter.caused_at = request.created_at
    if mail.state is OutboundState.QUEUED:
        letter.from_ip, letter.from_browser = request.from_ip, request.from_browser
    session.add(letter)
    session.flush()
    return mail


def take_back(
    session: Session, comment_id: int, *, status: TicketStatus | None = None, seen: TicketStatus | None = None
) -> Ticket:
    """Undo a reply that has not begun to go out: its author gets the words back as a draft.

    The comment is removed. `status`: where the ticket was before, restored when it still is where the reply left
    it (`seen`). Raises TooLate, Forbidden, NotFound.
    """
    actor = actor_of(session)
    require_writer(actor)
    comment = session.get(Comment, comment_id) if is_id(comment_id) else None
    if comment is None:
        raise NotFound("There is no such comment here.")
    if comment.author_id != actor.user_id:
        raise Forbidden("Only who wrote a reply takes it back.")
    ticket = get_ticket_for_change(session, comment.ticket_id)
    mail = session.scalar(queries.outbound_of_comment(comment.id))
    if mail is None or mail.attempts or mail.state not in (OutboundState.QUEUED, OutboundState.PAUSED):
        raise TooLate
    mail.state = OutboundState.CANCELED
    session.flush()
    if ticket.first_response_at == comment.created_at:
        ticket.first_response_at = None
    if status is not None and ticket.status is seen and status in STATUS_MOVES[ticket.status]:
        ticket.status = status
    session.delete(comment)
    session.flush()
    save_draft(session, ticket.id, comment.content, is_internal=False)
    return ticket


def pause(session: Session, mail_id: int) -> OutboundMail:
    """Hold a message back until it is resumed."""
    return _change(session, mail_id, {OutboundState.QUEUED, OutboundState.UNKNOWN}, OutboundState.PAUSED)


def cancel(session: Session, mail_id: int) -> OutboundMail:
    """Never send a message (again) that waits or failed; its comment stays."""
    return _change(session, mail_id, _WAITS | {OutboundState.FAILED}, OutboundState.CANCELED)


def retry(session: Session, mail_id: int) -> OutboundMail:
    """Send a message now that waits, is paused or failed, to those who have not got it. Same Message-ID."""
    again = _WAITS | {OutboundState.FAILED, OutboundState.BOUNCED}
    mail = _change(session, mail_id, again, OutboundState.QUEUED)
    # The days until it is given up begin anew: a person wants it to go.
    mail.sends_at = mail.due_at = clock.now()
    for one in mail.recipients:
        if one.state in (RecipientState.REFUSED, RecipientState.BOUNCED):
            one.state = RecipientState.PENDING
    session.flush()
    return mail


def note_bounce(session: Session, mail_id: int, recipient: str, answer: str) -> OutboundMail | None:
    """Note a delivery report about one of our messages; returns the message, None when there is none.

    The report names it by the address that it came to (`TicketNamer.mail_of_address`). Without a recipient among
    its own it counts for a message's only recipient. It is bounced when nobody is left who has it.
    """
    mail = session.scalar(queries.outbound_by_id(mail_id))
    if mail is None or mail.state in (OutboundState.CANCELED, OutboundState.SKIPPED):
        return None
    email = as_stored(recipient).lower()
    named = [one for one in mail.recipients if one.email.lower() == email]
    for one in named or (mail.recipients if len(mail.recipients) == 1 else []):
        one.state = RecipientState.BOUNCED
        one.answer = one_line(answer)
        one.settled_at = clock.now()
    if all(one.state in (RecipientState.BOUNCED, RecipientState.REFUSED) for one in mail.recipients):
        mail.state, mail.lease_until = OutboundState.BOUNCED, None
        mail.problem = one_line(answer)
    session.flush()
    return mail


def note_reports(session: Session, mail_id: int, reports: Iterable[DeliveryStatus]) -> None:
    """Note what a delivery report says about one of our messages, recipient by recipient; delays change nothing."""
    for report in list(reports)[:MAX_RECIPIENTS]:
        if report.is_permanent and report.action in ("failed", ""):
            note_bounce(session, mail_id, report.recipient, f"{report.status} {report.diagnostic}".strip())


_WAITS = frozenset({OutboundState.QUEUED, OutboundState.UNKNOWN, OutboundState.PAUSED})


def _change(
    session: Session, mail_id: int, allowed: Iterable[OutboundState], state: OutboundState
) -> OutboundMail:
    actor = actor_of(session)
    require_writer(actor)
    statement = queries.outbound_for_change(actor, mail_id)
    mail = session.scalar(statement) if is_id(mail_id) else None
    if mail is None:
        raise NotFound("There is no such message here.")
    if mail.state not in allowed:
        raise Conflict(f"A message that is {mail.state.value} cannot become {state.value}.")
    mail.state = state
    session.flush()
    return mail


def _skip(session: Session, ticket: Ticket, comment: Comment, problem: str) -> OutboundMail:
    mail = OutboundMail(
        kind=OutboundKind.REPLY,
        ticket_id=ticket.id,
        comment_id=comment.id,
        message_id=f"comment-{comment.id}",
        state=OutboundState.SKIPPED,
        problem=problem,
    )
    session.add(mail)
    session.flush()
    return mail


def _thread(mail: OutboundMail, namer: TicketNamer, facts: Any) -> None:
    if mail.ticket_id is None:
        raise ValueError("a conversation is about a ticket")
    told = conversation_of(namer, mail.ticket_id, facts.address, facts.thread or (), facts.last_in or "")
    mail.message_id, mail.thread, mail.in_reply_to = told.message_id, told.thread, told.in_reply_to


def _queue(session: Session, mail: OutboundMail, addressees: Sequence[Addressee]) -> OutboundMail:
    """Queue a message. Whose address takes no mail is passed over and says so; a person may send it all the same."""
    back = {
        one.email: one for one in session.scalars(inbound.bounced([one.email.lower() for one in addressees]))
    }
    if len(back) == len({one.email.lower() for one in addressees}):
        mail.state, mail.problem = OutboundState.BOUNCED, ALL_BOUNCE
    session.add(mail)
    session.flush()
    session.execute(
        insert(OutboundRecipient),
        [
            {
                "mail_id": mail.id,
                "user_id": one.user_id,
                "kind": one.kind,
                "email": one.email,
                "name": one_line(one.name, 255),
                **_passed_over(back.get(one.email.lower())),
            }
            for one in addressees
        ],
    )
    if mail.ticket_id is not None and mail.kind is not OutboundKind.NOTIFICATION:
        named = {"message_id": mail.message_id, "ticket_id": mail.ticket_id, "comment_id": mail.comment_id}
        session.execute(upsert(MailReference).values(named).on_conflict_do_nothing())
    return mail


def _passed_over(bounced: BouncedAddress | None) -> dict[str, Any]:
    if bounced is None:
        return {"state": RecipientState.PENDING, "answer": "", "settled_at": None}
    said = one_line(f"{bounced.status} {bounced.diagnostic}".strip(), 300)
    answer = f"Not sent: mail to this address came back on {bounced.bounced_at:%d %b %Y} ({said})."
    return {"state": RecipientState.BOUNCED, "answer": answer, "settled_at": clock.now()}


def _addressees(
    session: Session, ticket: Ticket, comment: Comment, delivery: Delivery, own: set[str]
) -> list[Addressee]:
    """Return who gets a reply, each address once; never ourselves, and not who wrote it."""
    usual = usual_addressees(
        (tuple(row) for row in session.execute(queries.audience(ticket.id))), comment.author_id
    )
    is_usual = delivery.to is None and delivery.cc is None
    return reached(usual if is_usual else _named(session, ticket, delivery, usual, own), own)


def _named(
    session: Session, ticket: Ticket, delivery: Delivery, usual: Sequence[Addressee], own: set[str]
) -> list[Addressee]:
    """Return the addressees that the writer named; who is new follows the ticket from now on, or could not answer."""
    known = {one.email.lower(): one for one in usual}
    defaults = {
        RecipientKind.TO: [one.email for one in usual if one.kind is RecipientKind.TO],
        RecipientKind.CC: [one.email for one in usual if one.kind is RecipientKind.CC],
    }
    found = []
    for kind, given in ((RecipientKind.TO, delivery.to), (RecipientKind.CC, delivery.cc)):
        for email in defaults[kind] if given is None else given:
            address = usable_address(email)
            if address is None:
                raise Invalid(
                    fields={kind.value: f"{one_line(email, 100)} is not an address that mail can go to."}
                )
            if without_tag(address).lower() in own:
                raise Invalid(fields={kind.value: f"{address} is an address of this desk."})
            one = known.get(email.lower())
            if one is None:
                person = find_or_create_customer(session, email=address)
                one = Addressee(address, person.full_name, person.id)
                follow = {"ticket_id": ticket.id, "user_id": person.id}
                if person.id != ticket.requester_id and not person.is_staff:
                    session.execute(upsert(TicketParticipant).values(follow).on_conflict_do_nothing())
            found.append(Addressee(one.email, one.name, one.user_id, kind))
    if not any(one.kind is RecipientKind.TO for one in found):
        raise Invalid(fields={"to": "must name somebody."})
    if len(found) > MAX_RECIPIENTS:
        raise Invalid(fields={"to": f"can be {MAX_RECIPIENTS} addresses at most, with those in copy."})
    return found


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def not_before(seconds: float) -> datetime | None:
    """Return until when a reply can be taken back; None for a delay of nothing."""
    return clock.now() + timedelta(seconds=seconds) if seconds > 0 else None
