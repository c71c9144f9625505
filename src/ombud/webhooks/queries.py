"""What webhooks ask the database. Pure builders."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Select, Text, and_, cast, column, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import joinedload, undefer

from ombud.db.actor import Actor
from ombud.models import (
    INCLUDE_DELETED,
    Comment,
    DeliveryState,
    Ticket,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookPosition,
)
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.webhooks.policy import deliveries_visible_to, endpoints_visible_to


def endpoints(actor: Actor, *, after: int = 0, limit: int = 50) -> Select[WebhookEndpoint]:
    """Return the endpoints that `actor` keeps, oldest first."""
    return (
        select(WebhookEndpoint)
        .options(joinedload(WebhookEndpoint.owner))
        .where(endpoints_visible_to(actor), WebhookEndpoint.id > after)
        .order_by(WebhookEndpoint.id)
        .limit(limit)
    )


def endpoint(actor: Actor, endpoint_id: int) -> Select[WebhookEndpoint]:
    """Return one endpoint."""
    return endpoints(actor).where(WebhookEndpoint.id == endpoint_id)


def endpoint_count() -> Select[int]:
    """Return how many endpoints the desk has, whoever keeps them, and let nobody add one until the transaction ends."""
    return select(func.ombud.count_webhooks(type_=BigInteger()))


def count_of(user_id: int) -> Select[int]:
    """Return how many endpoints somebody keeps. Asked after `endpoint_count`, nobody adds one meanwhile."""
    return select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.owner_id == user_id)


def endpoint_by_id(endpoint_id: int) -> Select[WebhookEndpoint]:
    """Return one endpoint, locked, for the system."""
    return (
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update(of=WebhookEndpoint)
    )


def deliveries(
    actor: Actor,
    endpoint_id: int,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Select[WebhookDelivery]:
    """Return an endpoint's messages, newest first, without those that it was not to get."""
    wanted = (
        select(WebhookDelivery)
        .join(WebhookDelivery.endpoint)
        .where(WebhookDelivery.endpoint_id == endpoint_id)
        .where(endpoints_visible_to(actor), deliveries_visible_to(actor))
    )
    wanted = wanted.where(
        WebhookDelivery.state == state
        if state is not None
        else WebhookDelivery.state != DeliveryState.SKIPPED
    )
    if before is not None:
        wanted = wanted.where(WebhookDelivery.id < before)
    return wanted.order_by(WebhookDelivery.id.desc()).limit(limit)


def delivery(actor: Actor, endpoint_id: int, delivery_id: int) -> Select[WebhookDelivery]:
    """Return one message, locked."""
    found = deliveries(actor, endpoint_id).where(WebhookDelivery.id == delivery_id)
    return found.limit(None).order_by(None).with_for_update(of=WebhookDelivery)


def position() -> Select[WebhookPosition]:
    """Return how far the log was read, locked; nothing while another process reads on."""
    return select(WebhookPosition).where(WebhookPosition.id == 1).with_for_update(skip_locked=True)


def present_moment() -> Select[str]:
    """Return a snapshot as text."""
    return select(cast(func.pg_current_snapshot(), Text))


def listening() -> Select[WebhookEndpoint]:
    """Return the endpoints that are told."""
    return select(WebhookEndpoint).where(WebhookEndpoint.is_active).order_by(WebhookEndpoint.id)


def logged_between(since: str, until: str, after_id: int, limit: int) -> Select[*tuple[Any, ...]]:
    """Return what was committed between two snapshots, by id: what of it the actor of the session sees.

    Columns: id, created_at, xid, table_name, record_id, ticket_id, action, actor, changes.
    """
    columns = (
        "id", "created_at", "xid", "table_name", "record_id", "ticket_id", "action", "actor",
        column("changes", JSONB),
    )  # fmt: skip
    found = func.ombud.logged_between(since, until, after_id, limit).table_valued(*columns)
    return select(found).order_by(found.c.id)


def to_claim(now: datetime, busy: Collection[int], each: int, limit: int) -> Select[WebhookDelivery]:
    """Return messages that are due or whose process is dead, locked: of each endpoint the first few.

    None of `busy` endpoints, of those that asked to be left alone, and of those that are switched off.
    """
    due = (
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.endpoint_id == WebhookEndpoint.id,
            WebhookDelivery.state == DeliveryState.WAITING,
            WebhookDelivery.due_at <= now,
        )
        .order_by(WebhookDelivery.due_at, WebhookDelivery.id)
        .limit(each)
        .lateral()
    )
    first = (
        select(due.c.id)
        .select_from(WebhookEndpoint)
        .join(due, true())
        .where(
            WebhookEndpoint.is_active,
            or_(WebhookEndpoint.held_until.is_(None), WebhookEndpoint.held_until <= now),
            WebhookEndpoint.id.not_in(busy),
        )
    )
    left = and_(
        WebhookDelivery.state == DeliveryState.SENDING,
        WebhookDelivery.lease_until < now,
        WebhookDelivery.endpoint_id.in_(select(WebhookEndpoint.id).where(WebhookEndpoint.is_active)),
    )
    return (
        select(WebhookDelivery)
        .where(or_(WebhookDelivery.id.in_(first), left))
        .order_by(WebhookDelivery.due_at, WebhookDelivery.id)
        .limit(limit)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )


def held(delivery_id: int, attempt: str) -> Select[WebhookDelivery]:
    """Return a message that the holder of `attempt` still holds, locked."""
    return (
        select(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.attempt == attempt,
            WebhookDelivery.state == DeliveryState.SENDING,
        )
        .with_for_update(of=WebhookDelivery)
    )


def letter(delivery_id: int) -> Select[WebhookDelivery]:
    """Return a message with its endpoint, the sealed secrets and the owner, for the worker."""
    of_endpoint = joinedload(WebhookDelivery.endpoint)
    return (
        select(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id)
        .options(
            of_endpoint.options(undefer(WebhookEndpoint.secret), undefer(WebhookEndpoint.old_secret)),
            of_endpoint.joinedload(WebhookEndpoint.owner),
        )
    )


def sealed_endpoints() -> Select[WebhookEndpoint]:
    """Return all endpoints with their sealed secrets, for the system."""
    return select(WebhookEndpoint).options(
        undefer(WebhookEndpoint.secret), undefer(WebhookEndpoint.old_secret)
    )


def ticket_told_of(actor: Actor, ticket_id: int) -> Select[Ticket]:
    """Return a ticket, a deleted one too, with what a message says of it."""
    return (
        select(Ticket)
        .options(
            joinedload(Ticket.requester),
            joinedload(Ticket.assignee),
            joinedload(Ticket.team),
            joinedload(Ticket.organization),
            joinedload(Ticket.tags),
        )
        .where(Ticket.id == ticket_id, visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def comment_told_of(actor: Actor, ticket_id: int, comment_id: int) -> Select[Comment]:
    """Return a comment of a ticket that was found, with its author."""
    return (
        select(Comment)
        .options(joinedload(Comment.author))
        .where(Comment.id == comment_id, Comment.ticket_id == ticket_id, comments_visible_to(actor))
    )


def internal_among(comment_ids: Collection[int]) -> Select[int]:
    """Return which of these comments are internal."""
    return select(Comment.id).where(Comment.id.in_(comment_ids), Comment.is_internal)


def numbers_among(actor: Actor, ticket_ids: Collection[int]) -> Select[int, str]:
    """Return id and number of those of these tickets that `actor` sees, deleted ones too."""
    return (
        select(Ticket.id, Ticket.ticket_number)
        .where(Ticket.id.in_(ticket_ids), visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )
