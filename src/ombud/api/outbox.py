"""Mail that goes out: what became of it, and what can be done about it. For the team only."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.paging import Link, PageQuery, WhichPage, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import BIGINT_MAX, Page, PathId
from ombud.api.schemas.outbox import BouncedAddress, MailTemplate, NewMailTemplate, OutboundMail
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.mail import queries as inbound
from ombud.mail.actions import clear_bounce
from ombud.mail.outgoing import actions, queries
from ombud.mail.outgoing.templates import set_template, templates
from ombud.models import BouncedAddress as BouncedAddressRow
from ombud.models import OutboundMail as OutboundMailRow
from ombud.models import OutboundState, TemplateKind
from ombud.tickets.policy import require_staff

router = api_router("Mail")


class OutboxQuery(PageQuery):
    """Which messages."""

    state: Annotated[OutboundState | None, Field(description="Only messages in this state.")] = None


@router.get("/outbox")
async def list_outbox(
    page: Annotated[OutboxQuery, Query()], call: CurrentCall, link: Link
) -> Page[OutboundMail]:
    """List mail that goes out or did, newest first."""
    before = page.after_id("-outbox", start=BIGINT_MAX)
    rows = await call.read(_outbox, page.state, before, page.limit + 1)
    return link.page(rows, page.limit, OutboundMail.of, lambda mail: cursor_at("-outbox", mail.id))


@router.get("/outbox/{mail_id}")
async def read_outbound_mail(mail_id: PathId, call: CurrentCall) -> OutboundMail:
    """Read one message with what became of it for each recipient."""
    return await call.read(_mail, mail_id)


@router.post("/outbox/{mail_id}/attempt", responses=problems(409))
async def send_again(mail_id: PathId, call: CurrentCall) -> OutboundMail:
    """Send a message now that waits, is paused, failed or came back; it keeps its Message-ID."""
    return await call.write(_change, actions.retry, mail_id)


@router.post("/outbox/{mail_id}/pause", responses=problems(409))
async def pause_mail(mail_id: PathId, call: CurrentCall) -> OutboundMail:
    """Hold a message back until it is sent again."""
    return await call.write(_change, actions.pause, mail_id)


@router.post("/outbox/{mail_id}/cancellation", responses=problems(409))
async def cancel_mail(mail_id: PathId, call: CurrentCall) -> OutboundMail:
    """Never send a message that waits or failed; its comment stays."""
    return await call.write(_change, actions.cancel, mail_id)


@router.get("/bounced-addresses")
async def list_bounced_addresses(page: WhichPage, call: CurrentCall, link: Link) -> Page[BouncedAddress]:
    """List addresses that mail came back from for good: nothing goes there until they write, or it is cleared."""
    rows = await call.read(_bounced, page.after_name("bounced"), page.limit + 1)
    return link.page(rows, page.limit, BouncedAddress.of, lambda one: cursor_at("bounced", one.email))


@router.delete("/bounced-addresses/{email}", status_code=204)
async def clear_bounced_address(email: Annotated[str, Path(max_length=320)], call: CurrentCall) -> None:
    """Let mail go to an address again."""
    await call.write(clear_bounce, email)


@router.get("/mail-templates")
async def list_mail_templates(call: CurrentCall) -> Page[MailTemplate]:
    """List the templates of mail, those of everybody first."""
    return Page(items=await call.read(_templates), next_cursor=None)


@router.put("/mail-templates/{kind}", status_code=204, responses=problems(413, 415))
async def set_mail_template(kind: TemplateKind, body: NewMailTemplate, call: CurrentCall) -> None:
    """Keep the template of a team, or of all without one. For administrators."""
    await call.write(_set, kind, body)


def _outbox(
    session: Session, state: OutboundState | None, before: int, limit: int
) -> Sequence[OutboundMailRow]:
    actor = actor_of(session)
    require_staff(actor)
    return session.scalars(queries.outbox(actor, state=state, before=before, limit=limit)).all()


def _mail(session: Session, mail_id: int) -> OutboundMail:
    actor = actor_of(session)
    require_staff(actor)
    statement = queries.outbound(actor, mail_id).execution_options(populate_existing=True)
    mail = session.scalar(statement)
    if mail is None:
        raise NotFound("There is no such message here.")
    return OutboundMail.of(mail)


def _change(
    session: Session, action: Callable[[Session, int], OutboundMailRow], mail_id: int
) -> OutboundMail:
    action(session, mail_id)
    return _mail(session, mail_id)


def _bounced(session: Session, after: str, limit: int) -> Sequence[BouncedAddressRow]:
    require_staff(actor_of(session))
    return session.scalars(inbound.bounced_addresses(after=after, limit=limit)).all()


def _templates(session: Session) -> list[MailTemplate]:
    require_staff(actor_of(session))
    return [MailTemplate.of(one) for one in templates(session)]


def _set(session: Session, kind: TemplateKind, body: NewMailTemplate) -> None:
    set_template(session, kind, body.body, team_id=body.team_id)
