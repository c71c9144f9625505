"""Mail that came in: the log with its reasons, one message with its original, putting it elsewhere and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response, StreamingResponse

from ombud.audit import record_access
from ombud.db.context import actor_of
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.files import content_disposition
from ombud.mail import actions, queries
from ombud.mail.actions import Refiled, acting_for
from ombud.mail.prepared import PreparedMail, storable
from ombud.mail.shown import has_remote_pictures, html_document, notes_on
from ombud.models import AccessKind, InboundMail, MailState
from ombud.tickets.policy import require_staff
from ombud.tickets.queries import ticket_id as ticket_id_of
from ombud.web import queries as web_queries
from ombud.web.answers import Toast, go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor, handed_out
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at
from ombud.web.routes.attachments import BIGINT_DIGITS
from ombud.web.views.mail import STATE_LABELS, MailRow, MailText
from ombud.web.wording import size
from ombud.worker.intake import Intake, open_intake

router = APIRouter(prefix="/mail")

T = TypeVar("T")
PAGE = 50
SHOWN = 200_000
"""Characters of a message's text and headers that a page shows; the download has all of it."""
_FRAMED = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; img-src data:"
)
"""No script, no form, no plug-in, an origin of its own without a session; links open in windows that know nothing."""


@router.get("")
async def log(request: Request, visitor: SignedIn) -> Response:
    """Show messages that came in, newest first, with what was decided and why."""
    _require_staff(visitor)
    given = request.query_params
    state = MailState(given["state"]) if given.get("state") in set(MailState) else None
    before = _number(given["before"]) if given.get("before") else None
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        found = (
            await session.scalars(
                queries.inbound_log(
                    visitor.actor, state=state, text=given.get("q", "")[:500], before=before, limit=PAGE + 1
                )
            )
        ).all()
        counts = (await session.execute(queries.inbound_counts(visitor.actor))).one()
    kept = {name: given[name] for name in ("state", "q") if given.get(name)}
    older = f"{at('/mail')}?{urlencode({**kept, 'before': found[PAGE - 1].id})}" if len(found) > PAGE else ""
    context = {
        "frame": make_frame(request, visitor, around, "mail"),
        "rows": [MailRow.of(mail, at(f"/mail/{mail.id}")) for mail in found[:PAGE]],
        "older_href": older,
        "query": given.get("q", ""),
        "state": state.value if state else "",
        "states": [("", "All"), *STATE_LABELS.items()],
        "waiting": counts.waiting,
        "quarantined": counts.quarantined,
    }
    return page(request, "pages/mail_log.html", context)


@router.post("/undo")
async def undo(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Take back what was done to a message."""
    request_id, mail_id = text_of(form, "request_id")[:100], _number(text_of(form, "mail"))
    await _refile(visitor, actions.undo_refiling, request_id)
    return go_to(request, at(f"/mail/{mail_id}"))


@router.get("/{mail_id}")
async def show(request: Request, visitor: SignedIn, mail_id: str) -> Response:
    """Show one message: where it went and why, its headers and its text, escaped."""
    _require_staff(visitor)
    async with visitor.desk.abegin(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        mail = await _find(session, visitor, mail_id)
        await session.run_sync(record_access, AccessKind.VIEW, f"mail:{mail.id}")
    context = {
        "frame": make_frame(request, visitor, around, "mail"),
        "mail": MailRow.of(mail, at(f"/mail/{mail.id}")),
        "size": size(mail.size),
        "message_id": mail.message_id,
        "steps": mail.steps,
        "original": await asyncio.to_thread(_original, visitor, mail),
        "can_release": mail.state in (MailState.QUARANTINED, MailState.IGNORED),
        "can_move": mail.state is MailState.ACCEPTED and mail.classification != "bounce",
        "is_reply": mail.comment_id is not None,
        "pictures": _wants_pictures(request),
        "toast": _toast(request, mail.id),
    }
    return page(request, "pages/mail_message.html", context)


@router.get("/{mail_id}/formatted")
async def formatted(request: Request, visitor: SignedIn, mail_id: str) -> Response:
    """Send a message's HTML, sanitised, for the frame on its page: it runs nothing and asks nobody for anything."""
    _require_staff(visitor)
    async with visitor.desk.abegin(visitor.actor) as session:
        mail = await _find(session, visitor, mail_id)
        await session.run_sync(record_access, AccessKind.VIEW, f"mail:{mail.id}")
    pictures = _wants_pictures(request)
    prepared = await asyncio.to_thread(_prepared, visitor, mail)
    document = await asyncio.to_thread(html_document, prepared.parsed, remote_pictures=pictures)
    headers = {
        "Content-Security-Policy": _FRAMED + (" https: http:" if pictures else ""),
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(storable(document), headers=headers)


@router.get("/{mail_id}/original")
async def original(request: Request, visitor: SignedIn, mail_id: str) -> Response:
    """Send a message as it came."""
    _require_staff(visitor)
    async with visitor.desk.abegin(visitor.actor) as session:
        mail = await _find(session, visitor, mail_id)
        # Committed before the first byte leaves: what cannot be noted is not sent.
        await session.run_sync(record_access, AccessKind.DOWNLOAD, f"mail:{mail.id}")
    headers = {
        "Content-Length": str(mail.size),
        "Content-Disposition": content_disposition(f"mail-{mail.id}.eml"),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    opened = await (await asyncio.to_thread(_intake, visitor)).aopen(mail)
    pieces = handed_out(request, visitor, opened, _require_seen, mail.id)
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)


@router.post("/{mail_id}/ticket")
async def put(request: Request, visitor: SignedIn, form: SignedForm, mail_id: str) -> Response:
    """Put a message onto the ticket of that number; without one, onto a ticket of its own."""
    number = text_of(form, "number").strip().lstrip("#")
    async with visitor.desk.aread(visitor.actor) as session:
        mail = await _find(session, visitor, mail_id)
        target = await session.scalar(ticket_id_of(visitor.actor, number[:50])) if number else None
    if number and target is None:
        raise Invalid("There is no ticket of that number here.")
    if mail.state is not MailState.ACCEPTED:
        prepared = await asyncio.to_thread(_prepared, visitor, mail)
        done = await _refile(visitor, actions.release, mail.id, prepared, ticket_id=target)
    elif target is None:
        done = await _refile(visitor, actions.split_message, mail.id)
    else:
        done = await _refile(visitor, actions.move_message, mail.id, target)
    return _told(request, done)


@router.post("/{mail_id}/discarding")
async def discard(request: Request, visitor: SignedIn, _form: SignedForm, mail_id: str) -> Response:
    """Put a message from quarantine away."""
    return _told(request, await _refile(visitor, actions.discard, _number(mail_id)))


@router.post("/{mail_id}/requeue")
async def requeue(request: Request, visitor: SignedIn, _form: SignedForm, mail_id: str) -> Response:
    """Decide anew about a message that came to nothing."""
    number = _number(mail_id)
    await visitor.desk.arun(visitor.actor, actions.requeue, number)
    await asyncio.to_thread(lambda: _intake(visitor).decide(number))
    return go_to(request, at(f"/mail/{number}"))


async def _refile(visitor: Visitor, action: Callable[..., T], *args: Any, **named: Any) -> T:
    """Let the system do it for the visitor, whose right the action checks and whose name the log shows."""
    return await visitor.desk.arun(acting_for(visitor.actor), action, visitor.actor, *args, **named)


def _require_seen(session: Session, mail_id: int) -> None:
    actor = actor_of(session)
    require_staff(actor)
    if session.scalar(queries.inbound(actor, mail_id)) is None:
        raise NotFound("There is no such message here.")


async def _find(session: Any, visitor: Visitor, mail_id: str) -> InboundMail:
    found: InboundMail | None = await session.scalar(queries.inbound(visitor.actor, _number(mail_id)))
    if found is None:
        raise NotFound("There is no such message here.")
    return found


def _told(request: Request, done: Refiled) -> Response:
    """Show the message again, with the way back."""
    query = urlencode({"done": done.request_id, "ticket": done.ticket_number})
    return go_to(request, f"{at(f'/mail/{done.mail_id}')}?{query}")


def _toast(request: Request, mail_id: int) -> Toast | None:
    request_id, ticket = request.query_params.get("done", ""), request.query_params.get("ticket", "")
    if not request_id:
        return None
    text = f"The message is on #{ticket[:50]} now." if ticket else "The message is put away."
    return Toast(text, at("/mail/undo"), {"request_id": request_id[:100], "mail": str(mail_id)})


def _original(visitor: Visitor, mail: InboundMail) -> MailText:
    try:
        parsed = _prepared(visitor, mail).parsed
    except NotFound:
        return MailText((), "The original is missing from the store.", ())
    return MailText(
        headers=tuple((name[:200], storable(value)[:SHOWN]) for name, value in parsed.headers[:200]),
        text=storable(parsed.text)[:SHOWN],
        files=tuple((storable(file.filename), size(file.size)) for file in parsed.attachments[:100]),
        notes=tuple(notes_on(parsed)[:20]),
        has_html=bool(parsed.html),
        has_remote=has_remote_pictures(parsed),
    )


def _wants_pictures(request: Request) -> bool:
    return request.query_params.get("pictures") == "1"


def _prepared(visitor: Visitor, mail: InboundMail) -> PreparedMail:
    return _intake(visitor).prepared(mail)


def _intake(visitor: Visitor) -> Intake:
    return open_intake(visitor.desk, visitor.parts.runtime.settings)


def _require_staff(visitor: Visitor) -> None:
    if not visitor.is_staff:
        raise Forbidden("The log of mail is for the support team.")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= BIGINT_DIGITS):
        raise NotFound("There is no such message here.")
    return int(text)
