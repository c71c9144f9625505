"""Take mail in: note that a message came, decide what becomes of it, and take a decision back.

A message is stored and committed before anybody is told that we have it; what becomes of it is decided afterwards,
in one transaction a message, so that each is exactly one ticket or comment however often it is delivered or a
process dies on the way. The slow parts (parsing, files) are done before, see `prepared`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.files import StoredBytes
from ombud.kit.text import seen_line
from ombud.mail import queries
from ombud.mail.actions.answers import claim_automatic_letter, release_automatic_letter
from ombud.mail.actions.bounces import note_bounces, works_again
from ombud.mail.facts import gather
from ombud.mail.outgoing.actions import note_reports
from ombud.mail.prepared import PreparedMail, plain_address, recipients, storable
from ombud.mail.routing import Routing, routing
from ombud.mail.rules import Decision, Outcome, Step, Thread, decide
from ombud.mail.tokens import TicketNamer
from ombud.models import (
    AutomaticKind,
    InboundMail,
    MailReference,
    MailRule,
    MailSource,
    MailState,
    Ticket,
    TicketChannel,
    TicketLink,
    TicketParticipant,
    User,
)
from ombud.people import queries as people
from ombud.people.actions import create_user, find_or_create_customer
from ombud.people.addresses import as_stored
from ombud.tickets import add_comment, open_ticket
from ombud.tickets.policy import require_writer
from ombud.tickets.rules import status_after_reply

ATTEMPTS = 3
"""How often a message may end the process that reads it before it goes to quarantine."""
FOLLOWERS_PER_MAIL = 20

_STATE = {
    Outcome.NEW: MailState.ACCEPTED,
    Outcome.REPLY: MailState.ACCEPTED,
    Outcome.BOUNCE: MailState.ACCEPTED,
    Outcome.COPY: MailState.IGNORED,
    Outcome.IGNORE: MailState.IGNORED,
    Outcome.QUARANTINE: MailState.QUARANTINED,
}


Acknowledge = Callable[[Session, InboundMail, int], bool]
"""Puts the letter that a message came into the outbox: the message, and the id of the ticket it opened.

Returns False when no mailbox sends, so that there is no letter.
"""


def receive(
    session: Session,
    mailbox_id: int,
    stored: StoredBytes,
    source: MailSource,
    *,
    envelope_from: str = "",
    envelope_to: Sequence[str] = (),
) -> int | None:
    """Note that a message came, whose bytes are in the store; returns its id, None when it had come before.

    When this is committed the message is ours, and the sender's server may forget it.
    """
    found = receive_all(
        session, mailbox_id, [stored], source, envelope_from=envelope_from, envelope_to=envelope_to
    )
    return found[0] if found else None


def receive_all(
    session: Session,
    mailbox_id: int,
    stored: Sequence[StoredBytes],
    source: MailSource,
    *,
    envelope_from: str = "",
    envelope_to: Sequence[str] = (),
) -> Sequence[int]:
    """Note that messages came, in this order; returns the ids of those that had not come before."""
    envelope = {
        "mailbox_id": mailbox_id,
        "source": source,
        "envelope_from": storable(envelope_from)[:320],
        "envelope_to": [storable(address)[:320] for address in envelope_to][:100],
    }
    rows = [
        {"checksum": one.checksum, "storage_key": one.storage_key, "size": one.size, **envelope}
        for one in stored
    ]
    if not rows:
        return []
    statement = (
        insert(InboundMail)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["mailbox_id", "checksum"])
        .returning(InboundMail.id)
    )
    return session.scalars(statement).all()


def begin_attempts(session: Session, mail_ids: Sequence[int]) -> list[InboundMail]:
    """Count an attempt to decide these messages and return those that were begun; others may be left for a next call.

    Committed before a message is read, so that one which ends the process every time is noticed: after ATTEMPTS
    it goes to quarantine (and is returned as such). Several are begun together only when none of them was tried
    before, so that one which ends the process does not count against the others again.
    """
    mails = session.scalars(queries.waiting_for_change(mail_ids)).all()
    tried = [mail for mail in mails if mail.attempts]
    begun = list(tried[:1] or mails)
    for mail in begun:
        if mail.attempts >= ATTEMPTS:
            step = Step("reading", f"ended the process {mail.attempts} times")
            _settle(mail, Decision(Outcome.QUARANTINE, "unreadable", (step,)))
        else:
            mail.attempts += 1
    session.flush()
    return begun


def settle(
    session: Session,
    mail_id: int,
    prepared: PreparedMail,
    namer: TicketNamer,
    *,
    verified: bool | None,
    acknowledge: Acknowledge | None = None,
) -> Decision | None:
    """Decide what becomes of a message and do it; None when another process was quicker.

    `acknowledge` puts a letter into the outbox that says the message came; it is called when one may go out.
    """
    desk = session.execute(queries.decide_one_at_a_time()).one()
    mail = session.scalar(queries.waiting_for_change([mail_id]))
    if mail is None:
        return None
    own: set[str] = set(desk.own or ())
    known = gather(session, mail, prepared, namer, own=own, verified=verified)
    facts, sender = known.facts, known.sender
    decision = decide(facts)
    if decision.outcome is Outcome.NEW:
        rules = session.scalars(queries.rules()).all() if desk.has_rules else ()
        decision = _open(session, mail, prepared, decision, sender=sender, rules=rules)
    elif decision.outcome is Outcome.REPLY and decision.ticket_id is not None and sender is not None:
        is_note = facts.writes.get(decision.ticket_id, False)
        thread = known.thread(decision.ticket_id)
        _append(session, mail, prepared, decision, sender=sender, thread=thread, is_note=is_note)
    elif decision.ticket_id is not None:
        mail.ticket_id = decision.ticket_id
        if decision.outcome is Outcome.BOUNCE and facts.bounced is not None:
            decision = _note_bounce(session, mail, prepared, decision, facts.bounced)
        if decision.outcome is Outcome.BOUNCE:
            _note_reports(session, mail, prepared, namer)
    _describe(mail, prepared, verified)
    _settle(mail, decision)
    session.flush()
    if (
        mail.state is MailState.ACCEPTED
        and decision.outcome is not Outcome.BOUNCE
        and mail.ticket_id is not None
    ):
        _add_followers(session, mail, prepared, own, is_note=facts.writes.get(mail.ticket_id, False))
        remember(session, prepared, mail.ticket_id, mail.comment_id)
        if known.bounces:
            works_again(session, mail.sender_email)
        if acknowledge is not None and decision.outcome is Outcome.NEW and mail.mailbox.acknowledges:
            _acknowledge(session, mail, prepared, mail.ticket_id, acknowledge)
    return decision


def requeue(session: Session, mail_id: int) -> InboundMail:
    """Let a message be decided about anew that came to nothing: after a rule or a setting was changed.

    Raises Conflict for one that is on a ticket (move it instead), or waits already.
    """
    require_writer(actor_of(session))
    mail = session.scalar(queries.inbound_for_change(actor_of(session), mail_id))
    if mail is None:
        raise NotFound("There is no such message here.")
    if mail.state is MailState.RECEIVED:
        return mail
    if mail.ticket_id is not None:
        raise Conflict("This message is on a ticket. Move it instead.")
    mail.state, mail.decided_at, mail.attempts = MailState.RECEIVED, None, 0
    session.flush()
    return mail


def refuse(session: Session, mail_id: int, code: str, reason: str) -> None:
    """Put a message that could not be handled into quarantine, with the reason, so that the next one is taken."""
    mail = session.scalar(queries.waiting_for_change([mail_id]))
    if mail is None:
        raise NotFound("This message does not wait for a decision.")
    _settle(mail, Decision(Outcome.QUARANTINE, code, (Step("problem", reason[:500]),)))
    session.flush()


def open_from_mail(
    session: Session, mail: InboundMail, prepared: PreparedMail, sender: User, route: Routing | None = None
) -> Ticket:
    """Open the ticket that a message begins, routed as its rules and its mailbox say."""
    if route is None:
        route = routing(session.scalars(queries.rules()).all(), prepared, mail.envelope_to)
    return open_ticket(
        session,
        title=prepared.subject,
        description=prepared.text,
        requester_id=sender.id,
        priority=route.priority,
        channel=TicketChannel.EMAIL,
        team_id=route.team_id if route.team_id is not None else mail.mailbox.team_id,
        tags=route.tags,
        files=prepared.files,
    )


def _describe(mail: InboundMail, prepared: PreparedMail, verified: bool | None) -> None:
    mail.message_id = storable(prepared.parsed.message_id)[:500]
    mail.body_hash = prepared.body_hash
    mail.sender_email = prepared.sender
    mail.sender_name = prepared.sender_name
    mail.subject = prepared.subject
    mail.classification = prepared.parsed.classification.value
    mail.verified = verified


def _settle(mail: InboundMail, decision: Decision) -> None:
    mail.state = _STATE[decision.outcome]
    mail.decision = decision.code
    mail.steps = [step.as_json() for step in decision.steps]
    mail.decided_at = clock.now()


def _note_bounce(
    session: Session, mail: InboundMail, prepared: PreparedMail, decision: Decision, thread: Thread
) -> Decision:
    """Mark addresses, and find the message that came back, so that it says so itself."""
    session.flush()
    steps = note_bounces(session, mail, prepared.parsed.delivery, thread.participants)
    mail.comment_id = session.scalar(queries.comment_of(prepared.names, thread.ticket_id))
    return replace(decision, steps=(*decision.steps, *steps))


def _acknowledge(
    session: Session, mail: InboundMail, prepared: PreparedMail, ticket_id: int, queue: Acknowledge
) -> None:
    allowed, step = claim_automatic_letter(
        session,
        mail.sender_email,
        AutomaticKind.ACKNOWLEDGEMENT,
        ticket_id=ticket_id,
        classification=mail.classification,
        has_null_sender=prepared.has_null_sender,
    )
    if allowed and not queue(session, mail, ticket_id):
        release_automatic_letter(session, mail.sender_email, AutomaticKind.ACKNOWLEDGEMENT, ticket_id)
        step = Step("answer", "no automatic answer: no mailbox of this desk sends mail")
    mail.steps = [*mail.steps, step.as_json()]
    session.flush()


def _open(
    session: Session,
    mail: InboundMail,
    prepared: PreparedMail,
    decision: Decision,
    *,
    sender: User | None,
    rules: Sequence[MailRule],
) -> Decision:
    route = routing(rules, prepared, mail.envelope_to)
    steps = (*decision.steps, *route.steps)
    if route.ignored_by is not None:
        return Decision(Outcome.IGNORE, "rule", steps, is_automatic=decision.is_automatic)
    if sender is None:
        sender = create_user(session, email=prepared.sender, full_name=prepared.sender_name)
    _learn_name(sender, prepared)
    ticket = open_from_mail(session, mail, prepared, sender, route)
    mail.ticket_id = ticket.id
    if decision.follows is not None:
        session.add(TicketLink(ticket_id=ticket.id, follows_id=decision.follows.ticket_id))
    return Decision(
        decision.outcome, decision.code, steps, ticket.id, decision.follows, decision.is_automatic
    )


def _append(
    session: Session,
    mail: InboundMail,
    prepared: PreparedMail,
    decision: Decision,
    *,
    sender: User,
    thread: Thread | None,
    is_note: bool,
) -> None:
    if thread is None or thread.status is None:
        raise ValueError("a reply belongs to a ticket that it names")
    _learn_name(sender, prepared)
    # An answer by mail is the sender's, so it moves the status as their answer on a page would.
    status = status_after_reply(thread.status, by_customer=not sender.is_staff)
    comment = add_comment(
        session,
        thread.ticket_id,
        prepared.reply_text,
        is_internal=is_note,
        author_id=sender.id,
        status=thread.status if decision.is_automatic or is_note else status,
        files=prepared.files,
    )
    mail.ticket_id, mail.comment_id = thread.ticket_id, comment.id


def _learn_name(sender: User, prepared: PreparedMail) -> None:
    """Note the name of a customer of whom the desk had the address only: they were in copy, say."""
    if prepared.sender_name and not sender.full_name and not sender.is_staff:
        sender.full_name = prepared.sender_name


def _note_reports(session: Session, mail: InboundMail, prepared: PreparedMail, namer: TicketNamer) -> None:
    """Let the message of ours that came back say so, by the return address that it had (VERP)."""
    for address in recipients(prepared.parsed, mail.envelope_to):
        ours = namer.mail_of_address(address)
        if ours is not None:
            note_reports(session, ours, prepared.parsed.delivery)


def _add_followers(
    session: Session, mail: InboundMail, prepared: PreparedMail, own: set[str], *, is_note: bool
) -> None:
    """Let the other recipients follow, where the mailbox's policy is so: they see what comes from now on by mail.

    A note is among colleagues: it brings nobody in.
    """
    if is_note or not mail.mailbox.adds_followers:
        return
    others = [
        address
        for address in (*prepared.parsed.to, *prepared.parsed.cc)
        if (email := plain_address(address.email)) not in own and email != prepared.sender
    ]
    for address in others[:FOLLOWERS_PER_MAIL]:
        email = as_stored(address.email).lower()
        follower = _follower(session, email, seen_line(storable(address.name), 255))
        if follower is not None:
            add = insert(TicketParticipant).values(ticket_id=mail.ticket_id, user_id=follower)
            session.execute(add.on_conflict_do_nothing())


def _follower(session: Session, email: str, name: str) -> int | None:
    found = session.scalar(people.user_by_email(email))
    if found is not None:
        return found.id if found.is_active and not found.is_staff else None
    if not email.isascii():
        return None
    try:
        return find_or_create_customer(session, email=email, full_name=name).id
    except Invalid:
        return None  # of a recipient that is no address nothing may stop the mail


def remember(session: Session, prepared: PreparedMail, ticket_id: int, comment_id: int | None) -> None:
    """Note the Message-IDs of this message and of those that it names: later and earlier ones find the ticket."""
    own = storable(prepared.parsed.message_id)[:500]
    rows = [
        {"message_id": name, "ticket_id": ticket_id, "comment_id": comment_id if name == own else None}
        for name in prepared.names
    ]
    statement = insert(MailReference).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["message_id", "ticket_id"],
            set_={"comment_id": func.coalesce(MailReference.comment_id, statement.excluded.comment_id)},
        )
    )
