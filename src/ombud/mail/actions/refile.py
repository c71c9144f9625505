"""Put a message where it belongs: on another ticket, on one of its own, out of quarantine, or away.

The work is the system's, because a customer's words go where only customers write; who asked for it is named in the
audit log, must be allowed to, and can take it back: `undo_refiling`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.audit import Undone, undo_request
from ombud.audit.queries import changes_of_request
from ombud.db.actor import Actor
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.text import is_seen
from ombud.mail import queries
from ombud.mail.actions.intake import open_from_mail, remember
from ombud.mail.prepared import PreparedMail
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    Comment,
    InboundMail,
    MailState,
    MessageMove,
    Ticket,
    TicketChannel,
    TicketParticipant,
    User,
)
from ombud.people.actions import find_or_create_customer
from ombud.tickets import StoredFile, TicketDeleted, open_ticket
from ombud.tickets import queries as tickets
from ombud.tickets.policy import require_writer
from ombud.tickets.rules import status_after_reply


@dataclass(frozen=True, slots=True)
class Refiled:
    """What was done: where the message is now, and the request by which it is taken back."""

    request_id: str
    mail_id: int
    ticket_id: int | None
    ticket_number: str


def acting_for(person: Actor, job: str = "mail/refile") -> Actor:
    """Return the system at work for a person, whose name the audit log shows."""
    return replace(Actor.system(job), user_id=person.user_id, request_id=person.request_id)


def move_message(session: Session, person: Actor, mail_id: int, ticket_id: int) -> Refiled:
    """Move a message to another ticket, with its files. Run as `acting_for(person)`."""
    mail, target = _movable(session, person, mail_id), _target(session, person, ticket_id)
    return _move(session, person, mail, target)


def split_message(session: Session, person: Actor, mail_id: int) -> Refiled:
    """Give a message a ticket of its own. Run as `acting_for(person)`."""
    mail = _movable(session, person, mail_id)
    if mail.comment_id is None:
        raise Conflict("This message is the beginning of its ticket already.")
    source = _ticket(session, mail.ticket_id)
    author = session.get_one(Comment, mail.comment_id).author_id
    ticket = open_ticket(
        session,
        title=next(filter(is_seen, (mail.subject, source.title)), "(no subject)"),
        requester_id=author,
        channel=TicketChannel.EMAIL,
        team_id=source.team_id,
        priority=source.priority,
    )
    return _move(session, person, mail, ticket)


def release(
    session: Session, person: Actor, mail_id: int, prepared: PreparedMail, *, ticket_id: int | None = None
) -> Refiled:
    """Take a message out of quarantine: onto a ticket, or as a new one. Run as `acting_for(person)`.

    What somebody who says to be one of us wrote unverified becomes an internal note: it never goes out in their name.
    """
    mail = _stopped(session, person, mail_id)
    if not prepared.sender:
        raise Invalid("This message names no sender who could be answered. It can only be discarded.")
    sender = find_or_create_customer(session, email=prepared.sender, full_name=prepared.sender_name)
    if ticket_id is None:
        ticket = open_from_mail(session, mail, prepared, sender)
        comment_id = None
    else:
        ticket = _target(session, person, ticket_id)
        comment_id = _say(session, ticket, sender, prepared.reply_text, files=prepared.files)
    mail.state, mail.decision, mail.decided_at = MailState.ACCEPTED, "released", clock.now()
    mail.ticket_id, mail.comment_id = ticket.id, comment_id
    where = "as a new ticket" if ticket_id is None else f"onto #{ticket.ticket_number}"
    _note(session, person, mail, "released", where)
    remember(session, prepared, ticket.id, comment_id)
    return _done(person, mail, ticket)


def discard(session: Session, person: Actor, mail_id: int) -> Refiled:
    """Put a message from quarantine away; its original stays. Run as `acting_for(person)`."""
    mail = _stopped(session, person, mail_id)
    if mail.state is MailState.IGNORED:
        raise Conflict("Nothing came of this message already.")
    mail.state, mail.decision, mail.decided_at = MailState.IGNORED, "discarded", clock.now()
    _note(session, person, mail, "discarded", "from quarantine")
    return _done(person, mail, None)


def undo_refiling(session: Session, person: Actor, request_id: str) -> Undone:
    """Take back what `person` did to a message (administrators: anybody). Run as `acting_for(person)`."""
    require_writer(person)
    rows = session.scalars(changes_of_request(acting_for(person), request_id)).all()
    mails = [row.record_id for row in rows if row.table_name == "inbound_mails"]
    if not mails:
        raise NotFound("No message was moved under that request id.")
    if not person.is_admin and any(row.user_id != person.user_id for row in rows):
        raise Forbidden("Somebody else did that; an administrator can take it back.")
    undone = undo_request(session, request_id)
    for mail_id in dict.fromkeys(mails):
        mail = session.get(InboundMail, mail_id, populate_existing=True)
        if mail is not None:
            _note(session, person, mail, "taken back", "it is where it was")
    return undone


def _movable(session: Session, person: Actor, mail_id: int) -> InboundMail:
    mail = _mail(session, person, mail_id)
    if mail.state is not MailState.ACCEPTED or mail.ticket_id is None or mail.classification == "bounce":
        raise Conflict("Only a message that is on a ticket can be moved.")
    return mail


def _stopped(session: Session, person: Actor, mail_id: int) -> InboundMail:
    mail = _mail(session, person, mail_id)
    if mail.state not in (MailState.QUARANTINED, MailState.IGNORED):
        raise Conflict("This message is not in quarantine.")
    return mail


def _mail(session: Session, person: Actor, mail_id: int) -> InboundMail:
    require_writer(person)
    mail = session.scalar(queries.inbound_for_change(person, mail_id))
    if mail is None:
        raise NotFound("There is no such message here.")
    return mail


def _target(session: Session, person: Actor, ticket_id: int) -> Ticket:
    ticket = session.scalar(tickets.ticket_for_change(person, ticket_id))
    if ticket is None:
        raise NotFound("There is no such ticket here.")
    if ticket.deleted_at is not None:
        raise TicketDeleted
    return ticket


def _ticket(session: Session, ticket_id: int | None) -> Ticket:
    return session.get_one(Ticket, ticket_id, execution_options={INCLUDE_DELETED: True})


def _move(session: Session, person: Actor, mail: InboundMail, target: Ticket) -> Refiled:
    if mail.ticket_id == target.id:
        raise Conflict(f"The message is on #{target.ticket_number} already.")
    source = _ticket(session, mail.ticket_id)
    if mail.comment_id is None:
        mail.comment_id = _move_opening(session, source, target)
    else:
        comment = session.get_one(Comment, mail.comment_id)
        comment.ticket_id = target.id
        _move_files(session, target, comment.id, of_comment=comment.id)
        _let_in(session, target, comment.author_id)
    session.add(MessageMove(mail_id=mail.id, from_ticket_id=source.id, to_ticket_id=target.id))
    mail.ticket_id = target.id
    _note(session, person, mail, "moved", f"from #{source.ticket_number} to #{target.ticket_number}")
    return _done(person, mail, target)


def _move_opening(session: Session, source: Ticket, target: Ticket) -> int:
    """Move what a ticket began with; a ticket of which nothing else is left goes into the bin."""
    author = session.get_one(User, source.requester_id)
    said = source.description if is_seen(source.description) else "(no text)"
    comment_id = _say(session, target, author, said)
    session.get_one(Comment, comment_id).created_at = source.created_at
    _move_files(session, target, comment_id, of_ticket=source.id)
    source.description = ""
    if session.scalar(queries.is_silent(source.id)):
        source.deleted_at = clock.now()
    session.flush()
    return comment_id


def _say(session: Session, ticket: Ticket, author: User, text: str, files: Sequence[StoredFile] = ()) -> int:
    comment = Comment(ticket_id=ticket.id, author_id=author.id, content=text, is_internal=author.is_staff)
    session.add(comment)
    session.flush()
    session.add_all(
        Attachment(
            ticket_id=ticket.id,
            comment_id=comment.id,
            uploader_id=author.id,
            file_name=file.file_name,
            content_type=file.content_type,
            size=file.size,
            checksum=file.checksum,
            storage_key=file.storage_key,
        )
        for file in files
    )
    if not author.is_staff:
        _let_in(session, ticket, author.id)
        status = status_after_reply(ticket.status, by_customer=True)
        if status is not None:
            ticket.status = status
    session.flush()
    return comment.id


def _move_files(
    session: Session, target: Ticket, comment_id: int, *, of_comment: int | None = None, of_ticket: int = 0
) -> None:
    own = (
        Attachment.comment_id == of_comment
        if of_comment is not None
        else (Attachment.ticket_id == of_ticket) & Attachment.comment_id.is_(None)
    )
    session.execute(
        update(Attachment).where(own).values(ticket_id=target.id, comment_id=comment_id),
        execution_options={"synchronize_session": False},
    )


def _let_in(session: Session, ticket: Ticket, user_id: int) -> None:
    """Let the author take part, so that the next answer finds the ticket."""
    if user_id != ticket.requester_id:
        add = insert(TicketParticipant).values(ticket_id=ticket.id, user_id=user_id)
        session.execute(add.on_conflict_do_nothing())


def _note(session: Session, person: Actor, mail: InboundMail, step: str, result: str) -> None:
    user = session.get(User, person.user_id) if person.user_id is not None else None
    who = (user.full_name or user.email) if user is not None else "the console"
    mail.steps = [*mail.steps, {"step": step, "result": f"{result}, by {who}"}]
    session.flush()


def _done(person: Actor, mail: InboundMail, ticket: Ticket | None) -> Refiled:
    return Refiled(
        person.request_id,
        mail.id,
        ticket.id if ticket is not None else None,
        ticket.ticket_number if ticket is not None else "",
    )
