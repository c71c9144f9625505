"""Messages that came in: bring one, see what was decided and why, put one elsewhere, take that back."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api import lookup
from ombud.api.calls import Call, CurrentCall
from ombud.api.conditional import unless_known
from ombud.api.handing import handed_out
from ombud.api.paging import Link, PageQuery, cursor_at
from ombud.api.routing import RawMailRoute, api_router, problems
from ombud.api.schemas.base import Page, PathId, RequestId
from ombud.api.schemas.mail import InboundMail, MovedMail, NewPlace, TakenMail, UndoneMove
from ombud.audit import record_access
from ombud.db.context import actor_of
from ombud.errors import Forbidden, NotFound
from ombud.files import download_headers, part_of
from ombud.mail import actions, queries
from ombud.mail.actions import Refiled, acting_for
from ombud.models import AccessKind, MailSource, MailState
from ombud.models import InboundMail as InboundMailRow
from ombud.tickets.policy import require_staff
from ombud.worker.intake import Intake, Received, open_intake

router = api_router("Mail")
raw_router = api_router("Mail", RawMailRoute)

T = TypeVar("T")

SPOOL = 1 << 20
_RAW = {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}


class WhichMail(PageQuery):
    """Which page of the log, of which messages."""

    state: MailState | None = None
    mailbox: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    ticket: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    q: Annotated[str, Field(max_length=500, description="A Message-ID, an address, a part of a subject.")] = (
        ""
    )


@raw_router.post(
    "/mail/inbound",
    status_code=202,
    responses=problems(404, 413, 415),
    openapi_extra={"requestBody": {"required": True, "content": _RAW}},
)
async def bring_mail(
    request: Request,
    call: CurrentCall,
    mailbox: Annotated[str | None, Query(max_length=255, description="The address it came to.")] = None,
) -> TakenMail:
    """Bring a message as it is, by a token with the scope `mail`. It is committed before this answers.

    Without `mailbox` the message's own recipients say where it belongs.
    """
    if not call.actor.is_admin:
        raise Forbidden("Only an administrator's token brings mail.")
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as file:
        async for piece in request.stream():
            file.write(piece)
        file.seek(0)
        taken = await asyncio.to_thread(_take, call, file, mailbox)
    return TakenMail(id=taken.mail_id, mailbox_id=taken.mailbox_id, is_new=taken.mail_id is not None)


@router.get("/mail/inbound", responses=problems(404))
async def list_inbound_mail(
    page: Annotated[WhichMail, Query()], call: CurrentCall, link: Link
) -> Page[InboundMail]:
    """List messages that came in, newest first, with what was decided and why."""
    rows = await call.read(_log, page)
    return link.page(rows, page.limit, InboundMail.of, lambda mail: cursor_at("mail", mail.id))


@router.get("/mail/inbound/{mail_id}")
async def read_inbound_mail(mail_id: PathId, call: CurrentCall) -> InboundMail:
    """Read what was decided about a message."""
    return InboundMail.of(await call.read(_mail, mail_id))


@router.get(
    "/mail/inbound/{mail_id}/content",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The message as it came, as a download.", "content": _RAW},
        206: {"description": "The part of it that a `Range` header asked for.", "content": _RAW},
        **problems(416),
    },
)
async def read_inbound_mail_content(mail_id: PathId, call: CurrentCall, request: Request) -> Response:
    """Download a message as it came, or with a `Range` header (one range of bytes) a part of it."""

    async def described() -> dict[str, str]:
        return _headers(await call.read(_mail, mail_id))

    if request.state.is_head:
        return Response(headers=await described())
    known = await unless_known(request, described)
    if known is not None:
        return known
    mail = await call.write(_download, mail_id)
    headers = _headers(mail)
    part = part_of(request.headers, headers)
    intake = await asyncio.to_thread(_intake, call)
    opened = await intake.aopen(mail, part.bounds if part is not None else None)
    pieces = handed_out(request, call, opened, _mail, mail_id)
    if part is None:
        return StreamingResponse(pieces, headers=headers)
    return StreamingResponse(pieces, 206, headers | part.headers)


@router.put("/mail/inbound/{mail_id}/ticket", responses=problems(409, 413, 415))
async def move_inbound_mail(mail_id: PathId, body: NewPlace, call: CurrentCall) -> MovedMail:
    """Put a message onto another ticket, or (with null) onto one of its own; out of quarantine, too."""
    mail = await call.read(_mail, mail_id)
    ticket_id = await call.read(lookup.ticket_id, body.ticket) if body.ticket is not None else None
    if mail.state is not MailState.ACCEPTED:
        prepared = await asyncio.to_thread(lambda: _intake(call).prepared(mail))
        done = await _refile(call, actions.release, mail_id, prepared, ticket_id=ticket_id)
    elif ticket_id is None:
        done = await _refile(call, actions.split_message, mail_id)
    else:
        done = await _refile(call, actions.move_message, mail_id, ticket_id)
    return _moved(done)


@router.post("/mail/inbound/{mail_id}/decision", responses=problems(409))
async def decide_inbound_mail_anew(mail_id: PathId, call: CurrentCall) -> InboundMail:
    """Decide anew about a message that came to nothing, after a rule or a setting was changed."""
    await call.write(_requeue, mail_id)
    await asyncio.to_thread(lambda: _intake(call).decide(mail_id))
    return InboundMail.of(await call.read(_mail, mail_id))


@router.delete("/mail/inbound/{mail_id}/quarantine", responses=problems(409))
async def discard_inbound_mail(mail_id: PathId, call: CurrentCall) -> MovedMail:
    """Put a message from quarantine away; its original stays."""
    await call.read(_mail, mail_id)
    return _moved(await _refile(call, actions.discard, mail_id))


@router.delete("/mail/moves/{request_id}", responses=problems(409))
async def undo_mail_move(request_id: RequestId, call: CurrentCall) -> UndoneMove:
    """Take back what one request did to a message: one's own, or as an administrator anybody's."""
    undone = await _refile(call, actions.undo_refiling, request_id)
    return UndoneMove(messages=undone.messages, tickets=undone.tickets)


async def _refile(call: Call, action: Callable[..., T], *args: Any, **named: Any) -> T:
    """Let the system do it for the caller, whose right the action checks and whose name the log shows."""
    return await call.runtime.desk.arun(acting_for(call.actor), action, call.actor, *args, **named)


def _take(call: Call, file: Any, mailbox: str | None) -> Received:
    intake = _intake(call)
    mailbox_id = intake.mailboxes_at([mailbox]).get(mailbox) if mailbox is not None else None
    if mailbox is not None and mailbox_id is None:
        raise NotFound("There is no such mailbox here.")
    pieces = iter(lambda: file.read(SPOOL), b"")
    return intake.receive(pieces, MailSource.HTTP, mailbox_id=mailbox_id)


def _intake(call: Call) -> Intake:
    return open_intake(call.runtime.desk, call.runtime.settings)


def _moved(done: Refiled) -> MovedMail:
    return MovedMail(id=done.mail_id, ticket=done.ticket_number or None, request_id=done.request_id)


def _log(session: Session, page: WhichMail) -> Sequence[InboundMailRow]:
    actor = actor_of(session)
    require_staff(actor)
    ticket_id = lookup.ticket_id(session, page.ticket) if page.ticket is not None else None
    return session.scalars(
        queries.inbound_log(
            actor,
            state=page.state,
            text=page.q,
            mailbox_id=page.mailbox,
            ticket_id=ticket_id,
            before=page.after_id("mail") or None,
            limit=page.limit + 1,
        )
    ).all()


def _mail(session: Session, mail_id: int) -> InboundMailRow:
    actor = actor_of(session)
    require_staff(actor)
    mail = session.scalar(queries.inbound(actor, mail_id))
    if mail is None:
        raise NotFound("There is no such message here.")
    return mail


def _requeue(session: Session, mail_id: int) -> None:
    _mail(session, mail_id)
    actions.requeue(session, mail_id)


def _download(session: Session, mail_id: int) -> InboundMailRow:
    """Note the download; it is committed before the first byte leaves."""
    mail = _mail(session, mail_id)
    record_access(session, AccessKind.DOWNLOAD, f"mail:{mail.id}")
    return mail


def _headers(mail: InboundMailRow) -> dict[str, str]:
    return download_headers(
        file_name=f"mail-{mail.id}.eml",
        content_type="application/octet-stream",
        size=mail.size,
        checksum=mail.checksum,
    )
