"""A comment of a member of the staff in two round trips: what is to be known of the ticket, then all that is written.

For what a desk does by itself about a comment: mail to those whom a reply reaches, a word to the assignee. Whoever
names a delivery, moves the ticket, mentions somebody in a note, or writes to an address whose mail came back, goes the
usual way; so does everybody on a desk with other reactions, and when the ticket changed between the two.
"""

import json
from collections.abc import Sequence

from pydantic import ValidationError
from starlette.types import Scope

from ombud.api.asking import Answer, Route, Texts, ask, may_ask
from ombud.api.auth import Known
from ombud.api.json_body import read_json
from ombud.api.schemas.conversation import NewComment
from ombud.db.permissions import Permission
from ombud.db.plain import Step
from ombud.errors import OmbudError
from ombud.kit.text import clean_words
from ombud.mail.outgoing.reactions import Mailing
from ombud.mail.replying import NO_MAIL, planned
from ombud.mail.replying.queries import mail_facts, new_mail, new_recipients
from ombud.notifications.actions import tell_of
from ombud.notifications.queries import assignee_told
from ombud.tickets.queries.answering import Part, locked_ticket, new_comment, ticket_to_answer

_REPLY = Route.of("POST", "/tickets/{number}/comments")


async def reply(scope: Scope, known: Known, body: bytes, *, number: str) -> Answer | None:
    """Write a comment, and return it; None: nothing was done, write it the usual way."""
    actor, mailing = known.seat.actor, _mailing(scope)
    if mailing is None:
        return None
    try:
        wanted = NewComment.model_validate(read_json(body))
        content = clean_words("content", wanted.content)
    except (ValidationError, OmbudError):
        return None  # the usual way says what is wrong
    internal = wanted.is_internal
    if wanted.delivery is not None or wanted.status_after is not None or (internal and "@" in content):
        return None
    if not actor.may(Permission.NOTES_WRITE if internal else Permission.TICKETS_REPLY):
        return None
    if not may_ask(scope, known, _REPLY):
        return None
    first = (ticket_to_answer(actor), *(() if internal else (mail_facts(),)))
    facts = await ask(scope, known, _REPLY, first, number)
    if facts is None:
        return None
    ticket, version, team, assignee, title, deleted, *more = facts
    if deleted is not None or (not internal and actor.only_reads(None if team is None else int(team))):
        return None
    mail = NO_MAIL
    if not internal:
        sending, audience = (json.loads(text or "null") for text in more[:2])
        if more[2] != "false" or not all(one["email"].isascii() for one in audience or ()):
            return None
        ticket_id, people = int(ticket or 0), audience or ()
        mail = planned(
            mailing.namer,
            ticket_id,
            title or "",
            author_id=actor.user_id or 0,
            facts=sending,
            audience=people,
        )
    said = str(actor.user_id), content, "true" if internal else "false", assignee
    steps = _steps(locked_ticket(actor), mail, is_told=not internal and assignee not in (None, said[0]))
    written = await ask(scope, known, _REPLY, steps, number, version, ticket, *said, *mail, does="writes")
    return None if written is None else _shown(scope, number, written)


def _mailing(scope: Scope) -> Mailing | None:
    """Return how a reply becomes mail, on a desk that does what we know about a comment, and nothing else."""
    desk = scope["app"].state.runtime.desk
    match desk.reactions:
        case (Mailing() as mailing, told) if told is tell_of and not desk.hooks:
            return mailing
    return None


def _steps(lock: Step, mail: Sequence[str | None], *, is_told: bool) -> tuple[Step, ...]:
    steps: list[Step] = [lock, new_comment()]
    if mail is not NO_MAIL:
        steps.append(new_mail())
        if mail[-1] is not None:
            steps.append(new_recipients())
    if is_told:
        steps.append(assignee_told())
    return tuple(steps)


def _shown(scope: Scope, number: str, written: Texts) -> Answer:
    comment, shown = written[Part.COMMENT - 1], written[Part.SHOWN - 1]
    place = f"{scope.get('root_path', '')}/tickets/{number}/comments/{comment}"
    return str(shown).encode(), [(b"location", place.encode())]
