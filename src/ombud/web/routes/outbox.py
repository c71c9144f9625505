"""The outbox: what goes out, what became of it, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.audit import record_access
from ombud.errors import Invalid, NotFound
from ombud.files import content_disposition
from ombud.kit.ids import is_id
from ombud.mail import queries as inbound
from ombud.mail.actions import clear_bounce
from ombud.mail.outgoing import actions, queries
from ombud.models import AccessKind, OutboundKind, OutboundMail, OutboundState
from ombud.tickets.policy import require_staff
from ombud.web import queries as around_queries
from ombud.web.answers import Toast, go_to, is_htmx, page, toasted
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.deliveries import STATE_WORDS, delivery_of
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at
from ombud.web.views.lists import Empty
from ombud.web.views.outbox import OutboundView, OutboxView

router = APIRouter(prefix="/outbox")

KINDS = {
    OutboundKind.REPLY: "Reply",
    OutboundKind.ACKNOWLEDGEMENT: "Acknowledgement",
    OutboundKind.NOTIFICATION: "Notification",
    OutboundKind.ACCOUNT: "About an account",
}
SOURCE_LIMIT = 200_000
"""Characters of a message's source that a page shows; all of it can be downloaded."""
EMPTY = Empty(
    "send", "Nothing here", "Public replies stand here as soon as they are written, with what became of them."
)
NO_HIT = Empty(
    "search-x",
    "No mail is like that",
    "The search looks at addresses, subjects and Message-IDs.",
    "Show the whole outbox",
    "/outbox",
)
NONE_BOUNCED = Empty(
    "circle-check", "Mail reaches everybody", "An address stands here when mail to it came back for good."
)
_VERBS: dict[str, tuple[Callable[[Session, int], OutboundMail], str, str]] = {
    "attempt": (actions.retry, "Send now", "It goes out now."),
    "pause": (actions.pause, "Pause", "It waits until you send it."),
    "cancellation": (actions.cancel, "Cancel", "It will not go out."),
}
_ALLOWED = {
    OutboundState.QUEUED: ("attempt", "pause", "cancellation"),
    OutboundState.UNKNOWN: ("attempt", "pause", "cancellation"),
    OutboundState.PAUSED: ("attempt", "cancellation"),
    OutboundState.FAILED: ("attempt", "cancellation"),
    OutboundState.BOUNCED: ("attempt",),
}


@router.get("")
async def outbox(request: Request, visitor: SignedIn) -> Response:
    """Show what goes out, newest first; `state`, `q` and `before` narrow it."""
    require_staff(visitor.actor)
    asked = request.query_params
    state, before = _state(asked.get("state", "")), asked.get("before", "")
    if before and not _is_number(before):
        raise Invalid(fields={"before": "is not an id."})
    statement = queries.outbox(
        visitor.actor,
        state=state,
        text=asked.get("q", "")[:300],
        before=int(before) if before else None,
        limit=queries.PAGE + 1,
    )
    async with visitor.desk.aread(visitor.actor) as session:
        row = (await session.execute(around_queries.surroundings(visitor.actor))).one()
        mails = list(await session.scalars(statement))
    more = len(mails) > queries.PAGE
    mails = mails[: queries.PAGE]
    kept = {name: value for name in ("state", "q") if (value := asked.get(name, ""))}
    view = OutboxView(
        rows=tuple(_view(mail, visitor) for mail in mails),
        states=tuple((value, word, state == value) for value, word in STATE_WORDS.items()),
        empty=replace(NO_HIT, href=at(NO_HIT.href)) if kept else EMPTY,
        query=asked.get("q", ""),
        next_href=at(f"/outbox?{urlencode({**kept, 'before': mails[-1].id})}") if more else "",
    )
    frame = make_frame(request, visitor, read_around(row), "outbox")
    return page(request, "pages/outbox.html", {"frame": frame, "outbox": view})


@router.get("/bounced")
async def bounced(request: Request, visitor: SignedIn) -> Response:
    """Show the addresses that take no mail; `after` is the last one of the page above."""
    require_staff(visitor.actor)
    statement = inbound.bounced_addresses(
        after=request.query_params.get("after", "")[:320].replace("\0", ""), limit=inbound.LOG_PAGE + 1
    )
    async with visitor.desk.aread(visitor.actor) as session:
        row = (await session.execute(around_queries.surroundings(visitor.actor))).one()
        found = list(await session.scalars(statement))
    shown = found[: inbound.LOG_PAGE]
    context = {
        "frame": make_frame(request, visitor, read_around(row), "outbox"),
        "bounced": shown,
        "can_clear": visitor.can_write,
        "empty": NONE_BOUNCED,
        "next_href": at(f"/outbox/bounced?{urlencode({'after': shown[-1].email})}")
        if len(found) > len(shown)
        else "",
    }
    return page(request, "pages/bounced.html", context)


@router.post("/bounced")
async def clear(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Let mail go to an address again."""
    await visitor.desk.arun(visitor.actor, clear_bounce, text_of(form, "email"))
    return go_to(request, at("/outbox/bounced"))


@router.get("/{mail_id}")
async def show(request: Request, visitor: SignedIn, mail_id: str) -> Response:
    """Show one message: each recipient's state, and its source as it went out."""
    mail, row = await _find(visitor, mail_id)
    source = ""
    if mail.storage_key:
        source = await _source(visitor, mail.storage_key)
    context = {
        "frame": make_frame(request, visitor, read_around(row), "outbox"),
        "mail": _view(mail, visitor),
        "source": source,
    }
    return page(request, "pages/outbound.html", context)


@router.get("/{mail_id}/source")
async def download(visitor: SignedIn, mail_id: str) -> Response:
    """Send the message as it went out."""
    mail, _ = await _find(visitor, mail_id)
    if not mail.storage_key:
        raise NotFound("This message has not been made yet.")
    await visitor.desk.arun(visitor.actor, record_access, AccessKind.DOWNLOAD, f"outbound_mail:{mail.id}")
    pieces = [piece async for piece in visitor.parts.runtime.files.stream(mail.storage_key)]
    headers = {"Content-Disposition": content_disposition(f"mail-{mail.id}.eml")}
    return Response(b"".join(pieces), media_type="application/octet-stream", headers=headers)


@router.post("/{mail_id}/{noun}")
async def change(request: Request, visitor: SignedIn, _form: SignedForm, mail_id: str, noun: str) -> Response:
    """Send, hold or drop a message."""
    if noun not in _VERBS or not _is_number(mail_id):
        raise NotFound("There is no such message here.")
    action, _, said = _VERBS[noun]
    await visitor.desk.arun(visitor.actor, action, int(mail_id))
    if is_htmx(request):
        return toasted(
            request, visitor.csrf, Toast(said), {"HX-Trigger": "tickets-changed", "HX-Refresh": "true"}
        )
    return go_to(request, at(f"/outbox/{mail_id}"))


async def _find(visitor: Visitor, mail_id: str) -> tuple[OutboundMail, Any]:
    require_staff(visitor.actor)
    async with visitor.desk.aread(visitor.actor) as session:
        row = (await session.execute(around_queries.surroundings(visitor.actor))).one()
        number = int(mail_id) if _is_number(mail_id) else 0
        mail = await session.scalar(queries.outbound(visitor.actor, number)) if is_id(number) else None
    if mail is None:
        raise NotFound("There is no such message here.")
    return mail, row


async def _source(visitor: Visitor, storage_key: str) -> str:
    raw = b""
    async for piece in visitor.parts.runtime.files.stream(storage_key):
        raw += piece
        if len(raw) >= SOURCE_LIMIT:
            break
    return raw[:SOURCE_LIMIT].decode("utf-8", "replace").replace("\r\n", "\n")


def _view(mail: OutboundMail, visitor: Visitor) -> OutboundView:
    here = at(f"/outbox/{mail.id}")
    number = mail.ticket.ticket_number if mail.ticket is not None else ""
    nouns = _ALLOWED.get(mail.state, ()) if visitor.can_write else ()
    return OutboundView(
        href=here,
        subject=mail.subject or (mail.ticket.title if mail.ticket is not None else "") or "(no subject)",
        kind=KINDS[mail.kind],
        delivery=delivery_of(mail),
        queued_at=mail.queued_at,
        mailbox=mail.mailbox.address if mail.mailbox is not None else "",
        message_id=mail.message_id,
        attempts=mail.attempts,
        ticket=number,
        ticket_href=at(f"/tickets/{number}") + (f"#comment-{mail.comment_id}" if mail.comment_id else ""),
        verbs=tuple((f"{here}/{noun}", _VERBS[noun][1]) for noun in nouns),
        source_href=f"{here}/source" if mail.storage_key else "",
    )


def _state(text: str) -> OutboundState | None:
    if not text:
        return None
    try:
        return OutboundState(text)
    except ValueError:
        raise Invalid(fields={"state": "is not one of the choices."}) from None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
