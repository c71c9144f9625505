"""Gather what a decision about a message depends on, in a fixed number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud.db.choices import settings_of
from ombud.db.permissions import Permission
from ombud.mail import queries
from ombud.mail.prepared import PreparedMail, recipients, storable
from ombud.mail.rules import Facts, Thread
from ombud.mail.tokens import TicketNamer, looks_signed, without_tag
from ombud.models import InboundMail, User
from ombud.models.mail import MESSAGE_ID_LIMIT
from ombud.people.accounts import find_actor
from ombud.tickets import queries as tickets


@dataclass(frozen=True, slots=True)
class Gathered:
    """The facts, the sender where the desk knows them, and whether mail to their address came back."""

    facts: Facts
    sender: User | None
    bounces: bool

    def thread(self, ticket_id: int) -> Thread | None:
        """Return what is known of a ticket that the message names."""
        named = (*self.facts.signed, *self.facts.known)
        return next((thread for thread in named if thread.ticket_id == ticket_id), None)


def gather(
    session: Session,
    mail: InboundMail,
    prepared: PreparedMail,
    namer: TicketNamer,
    *,
    own: set[str],
    verified: bool | None,
) -> Gathered:
    """Return what a decision about a message depends on."""
    row = session.execute(
        queries.known_of_message(),
        {
            "sender": prepared.sender,
            "message_id": storable(prepared.parsed.message_id)[:MESSAGE_ID_LIMIT],
            "body_hash": prepared.body_hash,
            "mail_id": mail.id,
            "mailbox_id": None if mail.mailbox.joins_copies else mail.mailbox_id,
            "names": prepared.names,
        },
    ).one()
    sender: User | None = row[0]
    addresses = recipients(prepared.parsed, mail.envelope_to)
    signed, forged = _signed(namer, [*addresses, *prepared.names])
    signed += _reported(session, namer, addresses)
    known = _known(prepared.names, row.names or ())
    threads = _threads(session, [*signed, *known])
    is_note = any(namer.is_for_note(address) for address in addresses)
    is_bounce = prepared.parsed.classification.value == "bounce"
    facts = Facts(
        sender=prepared.sender,
        classification=prepared.parsed.classification.value,
        is_own_address=without_tag(prepared.sender) in own,
        is_known=sender is not None,
        takes_strangers=settings_of(session).unknown_senders,
        is_staff=sender is not None and sender.is_staff,
        is_active=sender is None or sender.is_active,
        verified=verified,
        is_copy=row.is_copy,
        copy_of=row.copy_of,
        signed=[threads[ticket] for ticket in signed if ticket in threads],
        forged=forged,
        known=[threads[ticket] for ticket in known if ticket in threads],
        # A report is about a message of ours only when it names one by our signature: others are easily forged.
        bounced=next((threads[ticket] for ticket in signed if ticket in threads), None)
        if is_bounce
        else None,
        reopen_days=mail.mailbox.reopen_days,
        writes=_writes(session, sender, threads, is_note=is_note) if verified else {},
    )
    return Gathered(facts, sender, row.bounces)


def _writes(
    session: Session, sender: User | None, threads: Mapping[int, Thread], *, is_note: bool
) -> dict[int, bool]:
    """Return to which of these tickets somebody of the staff may write, and whether what they write is a note there.

    As on the desk's pages: only where they see the ticket (or asked themselves), and who may not answer customers, or
    not in that team, writes a note.
    """
    if sender is None or not (sender.is_staff and sender.is_active and threads):
        return {}
    actor = find_actor(session, sender.email)
    if actor is None:
        return {}
    found: dict[int, bool] = {}
    for ticket_id, team_id in session.execute(
        tickets.met_by(actor, {one.ticket_id for one in threads.values()})
    ):
        as_note = is_note or not actor.may(Permission.TICKETS_REPLY) or actor.only_reads(team_id)
        if not as_note or actor.may(Permission.NOTES_WRITE):
            found[ticket_id] = as_note
    return found


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


def _known(names: Sequence[str], rows: Iterable[tuple[str, int, bool]]) -> list[int]:
    """Return the tickets of known Message-IDs: the nearest reference first, messages before mere mentions."""
    place = {name: number for number, name in enumerate(names)}
    ranked = sorted((place[name], not is_message, ticket) for name, ticket, is_message in rows)
    return list(dict.fromkeys(ticket for _, _, ticket in ranked))


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
            status=status,
            former=frozenset(former or ()),
        )
        for asked, ticket_id, number, is_deleted, done_days, status, requester, followers, former in (
            session.execute(queries.threads(), {"ticket_ids": list(ticket_ids)})
        )
    }
