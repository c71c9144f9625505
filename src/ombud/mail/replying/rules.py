"""Which mail a reply is, of what the database knows of its ticket. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ombud.mail.outgoing.planning import (
    NO_MAILBOX,
    NO_RECIPIENT,
    Addressee,
    conversation_of,
    reached,
    usual_addressees,
)
from ombud.mail.outgoing.rules import one_line, reply_subject
from ombud.mail.tokens import TicketNamer
from ombud.models import OutboundState

Mail = tuple[str | None, ...]
"""The parts STATE to RECIPIENTS of `ombud.tickets.queries.answering`."""
NO_MAIL: Mail = (None,) * 8


def planned(
    namer: TicketNamer,
    ticket_id: int,
    title: str,
    *,
    author_id: int,
    facts: Mapping[str, Any] | None,
    audience: Sequence[Mapping[str, Any]],
) -> Mail:
    """Return the mail of a reply, with no recipients where it does not go out and says why."""
    if facts is None:
        return _skipped(NO_MAILBOX)
    rows = ((one["id"], one["email"], one["full_name"], one["is_requester"]) for one in audience)
    people = reached(usual_addressees(rows, author_id), set(facts["own"]))
    if not people:
        return _skipped(NO_RECIPIENT)
    mail = conversation_of(namer, ticket_id, facts["address"], facts["thread"] or (), facts["last_in"] or "")
    return (
        OutboundState.QUEUED.value,
        "",
        str(facts["mailbox_id"]),
        mail.message_id,
        mail.in_reply_to,
        json.dumps(mail.thread),
        reply_subject(facts["subject"] or title),
        json.dumps([_shown(one) for one in people]),
    )


def _skipped(problem: str) -> Mail:
    return OutboundState.SKIPPED.value, problem, None, None, "", "[]", "", None


def _shown(one: Addressee) -> dict[str, Any]:
    return {
        "user_id": one.user_id,
        "kind": one.kind.value,
        "email": one.email,
        "name": one_line(one.name, 255),
    }
