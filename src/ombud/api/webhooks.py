"""Webhooks: where programs are told of what happens, and what became of each message. For agents, each their own."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, ClassVar

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api.calls import Call, CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link, PageQuery, WhichPage, cursor_at
from ombud.api.routing import ApiRoute, api_router, problems
from ombud.api.schemas.base import BIGINT_MAX, Page, PathId
from ombud.api.schemas.webhooks import NewWebhook, Webhook, WebhookDelivery, WebhookPatch, WebhookWithSecret
from ombud.db.context import actor_of
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault
from ombud.models import DeliveryState
from ombud.models import WebhookDelivery as DeliveryRow
from ombud.models import WebhookEndpoint as EndpointRow
from ombud.tickets.policy import require_staff
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
from ombud.worker.hooks import guard_of
from ombud.worker.intake import vault_of


class SecretRoute(ApiRoute):
    """A route whose answer shows a secret, which is not kept beside its `Idempotency-Key`."""

    secrets: ClassVar[tuple[str, ...]] = ("secret",)


router = api_router("Webhooks")
secret_router = api_router("Webhooks", SecretRoute)


class DeliveriesQuery(PageQuery):
    """Which messages."""

    state: Annotated[DeliveryState | None, Field(description="Only messages in this state.")] = None


@router.get("/webhooks")
async def list_webhooks(page: WhichPage, call: CurrentCall, link: Link) -> Page[Webhook]:
    """List the caller's webhooks; an administrator's list is everybody's."""
    rows = await call.read(_endpoints, page.after_id("webhooks"), page.limit + 1)
    return link.page(rows, page.limit, Webhook.of, lambda one: cursor_at("webhooks", one.id))


@secret_router.post("/webhooks", status_code=201, responses=problems(409, 413, 415))
async def create_webhook(body: NewWebhook, call: CurrentCall, created: Created) -> WebhookWithSecret:
    """Set up a webhook of the caller. The answer shows its secret, once."""
    vault = await _vault(call)
    made = await call.write(_create, body, vault, guard_of(call.runtime.settings))
    created.at(f"/webhooks/{made.id}")
    return made


@router.get("/webhooks/{webhook_id}")
async def read_webhook(webhook_id: PathId, call: CurrentCall) -> Webhook:
    """Read how a webhook is set up and how it fares."""
    return await call.read(_read, webhook_id)


@router.patch("/webhooks/{webhook_id}", responses=problems(409, 413, 415))
async def update_webhook(webhook_id: PathId, body: WebhookPatch, call: CurrentCall) -> Webhook:
    """Change a webhook. `is_active` switches one on again that was switched off."""
    return await call.write(_change, webhook_id, body, guard_of(call.runtime.settings))


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(webhook_id: PathId, call: CurrentCall) -> None:
    """Delete a webhook with its messages."""
    await call.write(delete_endpoint, webhook_id)


@secret_router.post("/webhooks/{webhook_id}/secret")
async def rotate_webhook_secret(webhook_id: PathId, call: CurrentCall) -> WebhookWithSecret:
    """Give a webhook another secret, shown once. For a day messages are signed with both."""
    vault = await _vault(call)
    return await call.write(_rotate, webhook_id, vault)


@router.post("/webhooks/{webhook_id}/trial", responses=problems(409))
async def try_webhook(webhook_id: PathId, call: CurrentCall) -> WebhookDelivery:
    """Send a message of the type `webhook.test`; read it again to see what became of it."""
    return await call.write(
        lambda session: WebhookDelivery.of(_loaded(session, send_test(session, webhook_id)))
    )


@router.get("/webhooks/{webhook_id}/deliveries")
async def list_webhook_deliveries(
    webhook_id: PathId, page: Annotated[DeliveriesQuery, Query()], call: CurrentCall, link: Link
) -> Page[WebhookDelivery]:
    """List the messages to a webhook, newest first; settled ones are kept for 30 days."""
    before = page.after_id("-deliveries", start=BIGINT_MAX)
    rows = await call.read(_deliveries, webhook_id, page.state, before, page.limit + 1)
    return link.page(rows, page.limit, WebhookDelivery.of, lambda one: cursor_at("-deliveries", one.id))


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/attempt", responses=problems(409))
async def send_webhook_again(webhook_id: PathId, delivery_id: PathId, call: CurrentCall) -> WebhookDelivery:
    """Send a message again now, under the same id."""
    return await call.write(
        lambda session: WebhookDelivery.of(_loaded(session, send_again(session, webhook_id, delivery_id)))
    )


async def _vault(call: Call) -> Vault:
    return await asyncio.to_thread(vault_of, call.runtime.settings)


def _endpoints(session: Session, after: int, limit: int) -> Sequence[EndpointRow]:
    actor = actor_of(session)
    require_staff(actor)
    return session.scalars(queries.endpoints(actor, after=after, limit=limit)).all()


def _create(session: Session, body: NewWebhook, vault: Vault, guard: Guard) -> WebhookWithSecret:
    endpoint, secret = create_endpoint(session, body.given(), vault=vault, guard=guard)  # type: ignore[arg-type]  # NewWebhook has the fields of EndpointChanges
    return WebhookWithSecret.told(endpoint, secret)


def _change(session: Session, webhook_id: int, body: WebhookPatch, guard: Guard) -> Webhook:
    change_endpoint(session, webhook_id, body.given(), guard=guard)  # type: ignore[arg-type]  # WebhookPatch has the fields of EndpointChanges
    session.expire_all()  # updated_at is the database's
    return _read(session, webhook_id)


def _rotate(session: Session, webhook_id: int, vault: Vault) -> WebhookWithSecret:
    return WebhookWithSecret.told(*rotate_secret(session, webhook_id, vault=vault))


def _read(session: Session, webhook_id: int) -> Webhook:
    return Webhook.of(get_endpoint(session, webhook_id))


def _deliveries(
    session: Session, webhook_id: int, state: DeliveryState | None, before: int, limit: int
) -> Sequence[DeliveryRow]:
    get_endpoint(session, webhook_id)
    actor = actor_of(session)
    wanted = queries.deliveries(actor, webhook_id, state=state, before=before, limit=limit)
    return session.scalars(wanted).all()


def _loaded(session: Session, delivery: DeliveryRow) -> DeliveryRow:
    session.refresh(delivery)
    return delivery
