"""What the doctor reads of what is stored. Pure builders, for the system."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import undefer

from ombud.models import ApiToken, IdentityProvider, Mailbox, MailboxSending, User, WebhookEndpoint


def mailboxes() -> Select[Mailbox]:
    """Return all mailboxes."""
    return select(Mailbox).order_by(Mailbox.id)


def dkim_keys() -> Select[MailboxSending]:
    """Return how mailboxes sign, with their sealed keys."""
    return (
        select(MailboxSending)
        .options(undefer(MailboxSending.dkim_key))
        .where(MailboxSending.dkim_selector != "")
        .order_by(MailboxSending.mailbox_id)
    )


def providers() -> Select[IdentityProvider]:
    """Return the providers that let people in."""
    return select(IdentityProvider).where(IdentityProvider.is_active).order_by(IdentityProvider.id)


def plain_webhooks() -> Select[WebhookEndpoint]:
    """Return webhooks that are told of things without TLS."""
    return (
        select(WebhookEndpoint)
        .where(WebhookEndpoint.is_active, WebhookEndpoint.url.like("http://%"))
        .order_by(WebhookEndpoint.id)
    )


def old_tokens(before: datetime) -> Select[*tuple[Any, ...]]:
    """Return how many API tokens of whom were made before that, still count and never expire."""
    return (
        select(User.email, func.count())
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(ApiToken.created_at < before, ApiToken.revoked_at.is_(None), ApiToken.expires_at.is_(None))
        .group_by(User.email)
        .order_by(User.email)
    )
