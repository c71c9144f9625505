"""Gather what a decision about a message depends on, in a fixed number of statements."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from ombud.mail import queries
from ombud.mail.prepared import PreparedMail, recipients
from ombud.mail.rules import Facts, Thread
from ombud.mail.tokens import TicketNamer, looks_signed, without_tag
from ombud.models import InboundMail, User
from ombud.people import queries as people


def gather(
    session: Session,
    mail: InboundMail,
    prepared: PreparedMail,
    namer: TicketNamer,
    *,
    own: set[str],
    verified: bool | None,
) -> tuple[Facts, User | None]:
    """Return the facts, and the sender where the desk knows them."""
    sender = session.scalar(people.user_by_email(prepared.sender)) if prepared.sender else None
    copy = session.execute(
        queries.copies(
            prepared.parsed.message_id,
            prepared.body_hash,
            but=mail.id,
            mailbox_id=None if mail.mailbox.joins_copies else mail.mailbox_id,
        )
    ).one_or_none()
    addresses = recipients(prepared.parsed, mail.envelope_to)
    signed, forged = _signed(namer, [*addresses, *prepared.names])
    signed += _reported(session, namer, addresses)
    known = _known(session, prepared.names)
    threads = _threads(session, [*signed, *known])
    is_bounce = prepared.parsed.classification.value == "bounce"
    facts = Facts(
        sender=prepared.sender,
        classification=prepared.parsed.classification.value,
        is_own_address=without_tag(prepared.sender) in own,
        is_staff=sender is not None and sender.is_staff,
        is_active=sender is None or sender.is_active,
        verified=verified,
        is_copy=copy is not None,
        copy_of=copy.ticket_id if copy is not None else None,
        signed=[threads[ticket] for ticket in signed if ticket in threads],
        forged=forged,
        known=[threads[ticket] for ticket in known if ticket in threads],
        # A report is about a message of ours only when it names one by our signature: others are easily forged.
        bounced=next((threads[ticket] for ticket in signed if ticket in threads), None)
        if is_bounce
        else None,
        reopen_days=mail.mailbox.reopen_days,
    )
    return facts, sender


def _signed(namer: TicketNamer, names: Iterable[str]) -> tuple[list[int], list[str]]:
    """Return the tickets named under our signature, in order, and the names of our form that are not ours."""
    tickets: dict[int, None] = {}
    forged = []
    for name in names:
        if not looks_signed(name) or namer.mail_of_address(name) is not None:
            continue
        ticket = namer.ticket_of_address(name) or namer.ticket_of_message_id(name)
        if ticket is None:
            forged.append(name)
        else:
            tickets[ticket] = None
    return list(tickets), forged[:5]


def _reported(session: Session, namer: TicketNamer, addresses: Iterable[str]) -> list[int]:
    """Return the tickets of our own messages that a delivery report came back for: their return addresses say so."""
    mails = [mail for address in addresses if (mail := namer.mail_of_address(address)) is not None]
    found = session.scalars(queries.tickets_of_outbound(mails)) if mails else ()
    return [ticket for ticket in found if ticket is not None]


def _known(session: Session, names: Sequence[str]) -> list[int]:
    """Return the tickets of known Message-IDs: the nearest reference first, messages before mere mentions."""
    if not names:
        return []
    place = {name: number for number, name in enumerate(names)}
    rows = [
        (place[name], not is_message, ticket)
        for name, ticket, is_message in session.execute(queries.referenced(names))
    ]
    return list(dict.fromkeys(ticket for _, _, ticket in sorted(rows)))


def _threads(session: Session, ticket_ids: Sequence[int]) -> dict[int, Thread]:
    if not ticket_ids:
        return {}
    return {
        asked: Thread(
            ticket_id=ticket_id,
            number=number,
            participants=frozenset([requester, *(followers or ())]),
            is_deleted=is_deleted,
            done_days=float(done_days) if done_days is not None else None,
        )
        for asked, ticket_id, number, is_deleted, done_days, requester, followers in session.execute(
            queries.threads(ticket_ids)
        )
    }
