"""Settings: webhooks, each with what became of its messages. For agents, each their own."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid
from ombud.kit.vault import Vault
from ombud.models import WebhookDelivery, WebhookEndpoint
from ombud.tickets.policy import require_staff
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, field_errors, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.settings import enter
from ombud.web.views.webhooks import DeliveryRow, WebhookRow, delivery_row, event_choices, webhook_row
from ombud.webhooks import (
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    get_endpoint,
    queries,
    rotate_secret,
    send_again,
    send_test,
)
from ombud.webhooks.actions import CHOICES, EndpointChanges
from ombud.worker.hooks import guard_of
from ombud.worker.intake import vault_of

router = APIRouter(prefix="/settings/webhooks")

PAGE = 50
_FIELDS = {"url": "The address", "description": "The description", "events": "What it is told of"}
_NEW: EndpointChanges = {
    "url": "",
    "description": "",
    "events": (),
    "includes_notes": False,
    "is_active": True,
}


@router.get("")
async def list_webhooks(request: Request, visitor: SignedIn) -> Response:
    """Show one's webhooks (an administrator's list is everybody's), and a form for another."""
    enter(visitor.actor, "webhooks")
    return await _list(request, visitor, _NEW)


@router.post("")
async def create(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Set one up, and show its secret, this once."""
    require_staff(visitor.actor)
    visitor.require_fresh()
    vault, guard = await _vault(visitor), guard_of(visitor.parts.runtime.settings)
    try:
        endpoint, secret = await visitor.desk.arun(
            visitor.actor, create_endpoint, _typed(form), vault=vault, guard=guard
        )
    except (Invalid, Conflict) as error:
        return await _list(request, visitor, _typed(form), error=error)
    return await _one(request, visitor, endpoint.id, secret=secret)


@router.get("/{webhook_id}")
async def show(request: Request, visitor: SignedIn, webhook_id: str) -> Response:
    """Show how one is set up, and its messages, newest first."""
    require_staff(visitor.actor)
    before = request.query_params.get("before", "")
    return await _one(request, visitor, _number(webhook_id), before=_number(before) if before else None)


@router.post("/{webhook_id}")
async def change(request: Request, visitor: SignedIn, form: SignedForm, webhook_id: str) -> Response:
    """Change one; switched on again, it starts with a clean record."""
    require_staff(visitor.actor)
    visitor.require_fresh()
    number, guard = _number(webhook_id), guard_of(visitor.parts.runtime.settings)
    try:
        await visitor.desk.arun(visitor.actor, change_endpoint, number, _typed(form), guard=guard)
    except Invalid as error:
        return await _one(request, visitor, number, typed=_typed(form), error=error)
    return go_to(request, at(f"/settings/webhooks/{number}"))


@router.post("/{webhook_id}/deletion")
async def delete(request: Request, visitor: SignedIn, _signed: SignedForm, webhook_id: str) -> Response:
    """Delete one with its messages."""
    require_staff(visitor.actor)
    visitor.require_fresh()
    await visitor.desk.arun(visitor.actor, delete_endpoint, _number(webhook_id))
    return go_to(request, at("/settings/webhooks"))


@router.post("/{webhook_id}/secret")
async def rotate(request: Request, visitor: SignedIn, _signed: SignedForm, webhook_id: str) -> Response:
    """Give one another secret, and show it, this once."""
    require_staff(visitor.actor)
    visitor.require_fresh()
    number, vault = _number(webhook_id), await _vault(visitor)
    _endpoint, secret = await visitor.desk.arun(visitor.actor, rotate_secret, number, vault=vault)
    return await _one(request, visitor, number, secret=secret)


@router.post("/{webhook_id}/trial")
async def try_out(request: Request, visitor: SignedIn, _signed: SignedForm, webhook_id: str) -> Response:
    """Send a message that says that it is a test."""
    require_staff(visitor.actor)
    await visitor.desk.arun(visitor.actor, send_test, _number(webhook_id))
    return go_to(request, at(f"/settings/webhooks/{_number(webhook_id)}"))


@router.post("/{webhook_id}/deliveries/{delivery_id}/attempt")
async def attempt(
    request: Request, visitor: SignedIn, _signed: SignedForm, webhook_id: str, delivery_id: str
) -> Response:
    """Send a message again now."""
    require_staff(visitor.actor)
    await visitor.desk.arun(visitor.actor, send_again, _number(webhook_id), _number(delivery_id))
    return go_to(request, at(f"/settings/webhooks/{_number(webhook_id)}"))


async def _vault(visitor: Visitor) -> Vault:
    return await asyncio.to_thread(vault_of, visitor.parts.runtime.settings)


def _typed(form: FormData) -> EndpointChanges:
    return {
        "url": text_of(form, "url"),
        "description": text_of(form, "description"),
        "events": [event for event in CHOICES if text_of(form, event)],
        "includes_notes": bool(text_of(form, "includes_notes")),
        "is_active": bool(text_of(form, "is_active")),
    }


async def _list(
    request: Request, visitor: Visitor, typed: EndpointChanges, *, error: Invalid | Conflict | None = None
) -> Response:
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        found = (await session.scalars(queries.endpoints(visitor.actor, limit=500))).all()
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "rows": [webhook_row(one) for one in found],
        "can_keep": visitor.can_write,
        **_form(visitor, typed, error),
    }
    return page(request, "pages/webhooks.html", context, status=422 if error is not None else 200)


async def _one(
    request: Request,
    visitor: Visitor,
    webhook_id: int,
    *,
    before: int | None = None,
    secret: str = "",
    typed: EndpointChanges | None = None,
    error: Invalid | None = None,
) -> Response:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        endpoint, messages = await session.run_sync(_load, webhook_id, before)
    rows = [delivery_row(one, endpoint) for one in messages[:PAGE]]
    more = (
        at(f"/settings/webhooks/{webhook_id}?before={messages[PAGE - 1].id}") if len(messages) > PAGE else ""
    )
    present: EndpointChanges = {
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events,
        "includes_notes": endpoint.includes_notes,
        "is_active": endpoint.is_active,
    }
    hook: WebhookRow = webhook_row(endpoint)
    context: dict[str, Any] = {
        "frame": make_frame(request, visitor, around, "settings"),
        "hook": hook,
        "rows": rows,
        "next_href": more,
        "secret": secret,
        "can_keep": visitor.can_write,
        **_form(visitor, typed or present, error),
    }
    return page(request, "pages/webhook.html", context, status=422 if error is not None else 200)


def _load(
    session: Session, webhook_id: int, before: int | None
) -> tuple[WebhookEndpoint, list[WebhookDelivery]]:
    endpoint = get_endpoint(session, webhook_id)
    wanted = queries.deliveries(actor_of(session), webhook_id, before=before, limit=PAGE + 1)
    return endpoint, list(session.scalars(wanted))


def _form(visitor: Visitor, typed: EndpointChanges, error: Invalid | Conflict | None) -> dict[str, Any]:
    errors = field_errors(error, _FIELDS) if isinstance(error, Invalid) else dict.fromkeys(_FIELDS, "")
    return {
        "values": typed,
        "events": event_choices(typed.get("events", ())),
        "errors": errors,
        "failure": error.message if error is not None and not any(errors.values()) else "",
        "is_fresh": visitor.is_fresh,
    }


__all__ = ["DeliveryRow", "router"]
