"""What mail is to know of a ticket that is answered, and how it writes; `mail.outgoing` does it with a session."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Insert,
    Select,
    String,
    Text,
    cast,
    column,
    exists,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from ombud.db.json import written
from ombud.db.plain import given, given_and
from ombud.mail.outgoing.queries import audience, sending_facts
from ombud.models import BouncedAddress, MailReference, OutboundKind, OutboundMail, OutboundRecipient
from ombud.tickets.queries.answering import Part, id_in

_FOUND = 1
"""Where `ticket_to_answer` has the id."""


def mail_facts() -> Select[*tuple[Any, ...]]:
    """Hand on what `ticket_to_answer` found, and behind it three JSON texts, each of which may be NULL.

    The row of `sending_facts`, the rows of `audience`, and whether mail to one of these came back.
    """
    return _MAIL_FACTS


def new_mail() -> Insert:
    """Queue the mail of the comment, or say why none goes out."""
    return _NEW_MAIL


def new_recipients() -> Select[*tuple[Any, ...]]:
    """Say who is to receive the mail, and that its Message-ID belongs to the ticket."""
    return _NEW_RECIPIENTS


def _mail_facts() -> Select[*tuple[Any, ...]]:
    ticket = cast(given(_FOUND), BigInteger)
    sending = sending_facts(ticket).subquery("sending")
    reached = audience(ticket).subquery("reached")
    facts = select(func.row_to_json(sending.table_valued())).scalar_subquery()
    people = select(func.json_agg(func.row_to_json(reached.table_valued()))).scalar_subquery()
    came_back = exists().where(BouncedAddress.email.in_(select(func.lower(reached.c.email))))
    return select(given_and(cast(facts, Text), cast(people, Text), cast(cast(came_back, Text), Text)))


def _new_mail() -> Insert:
    message_id = func.coalesce(given(Part.MESSAGE_ID), func.concat(written("comment-"), given(Part.COMMENT)))
    thread = select(literal_column("value", String)).select_from(
        func.json_array_elements_text(cast(given(Part.THREAD), JSON)).alias("named")
    )
    return (
        insert(OutboundMail)
        .values(
            kind=written(OutboundKind.REPLY.value),
            mailbox_id=id_in(Part.MAILBOX),
            ticket_id=id_in(Part.TICKET),
            comment_id=id_in(Part.COMMENT),
            message_id=message_id,
            in_reply_to=given(Part.ANSWERS),
            thread=func.array(thread.scalar_subquery()),
            subject=given(Part.SUBJECT),
            state=given(Part.STATE),
            problem=given(Part.PROBLEM),
        )
        .returning(given_and(cast(OutboundMail.id, Text)))
    )


def _new_recipients() -> Select[*tuple[Any, ...]]:
    named = (
        func.json_to_recordset(cast(given(Part.RECIPIENTS), JSON))
        .table_valued(
            column("user_id", BigInteger), column("kind", Text), column("email", Text), column("name", Text)
        )
        .render_derived(name="named", with_types=True)
    )
    rows = select(id_in(Part.MAIL), named.c.user_id, named.c.kind, named.c.email, named.c.name)
    columns = ("mail_id", "user_id", "kind", "email", "name")
    told = (
        insert(OutboundRecipient)
        .from_select(columns, rows, include_defaults=False)
        .returning(OutboundRecipient.id)
    )
    reference = {
        "message_id": given(Part.MESSAGE_ID),
        "ticket_id": id_in(Part.TICKET),
        "comment_id": id_in(Part.COMMENT),
    }
    known = (
        upsert(MailReference).values(reference).on_conflict_do_nothing().returning(MailReference.ticket_id)
    )
    return select(given_and()).add_cte(told.cte("told"), known.cte("known"))


_MAIL_FACTS = _mail_facts()
_NEW_MAIL = _new_mail()
_NEW_RECIPIENTS = _new_recipients()
