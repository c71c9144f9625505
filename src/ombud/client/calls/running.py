"""Running a desk: settings, health, webhooks, and who signs in by which provider."""

from collections.abc import Sequence
from typing import Any

from ombud.client.calls.making import Call, Json, Listing


def settings() -> Call[Json]:
    """Read all settings, who set them and which are chosen in the desk; without secrets. For administrators."""
    return Call("GET", "settings")


def change_settings(*, if_version: int | None = None, **values: str | float | bool | None) -> Call[Json]:
    """Choose settings by their keys, None to choose nothing any more; with `if_version` only while it is that."""
    headers = {"If-Match": f'"{if_version}"'} if if_version is not None else {}
    return Call("PATCH", "settings", json=values, headers=headers)


def health() -> Call[Json]:
    """Read how the desk is."""
    return Call("GET", "health")


def webhooks(**params: Any) -> Listing[Json]:
    """List webhooks."""
    return Listing("webhooks", params)


def webhook(webhook_id: int) -> Call[Json]:
    """Read a webhook."""
    return Call("GET", f"webhooks/{webhook_id}")


def add_webhook(url: str, events: Sequence[str] = (), **fields: Any) -> Call[Json]:
    """Add a webhook, for all events unless some are named. Its secret is shown once."""
    return Call("POST", "webhooks", json={"url": url, "events": list(events), **fields})


def change_webhook(webhook_id: int, **fields: Any) -> Call[Json]:
    """Change a webhook."""
    return Call("PATCH", f"webhooks/{webhook_id}", json=fields)


def delete_webhook(webhook_id: int) -> Call[None]:
    """Delete a webhook."""
    return Call("DELETE", f"webhooks/{webhook_id}")


def renew_webhook_secret(webhook_id: int) -> Call[Json]:
    """Give a webhook another secret, shown once; the old one signs beside it for a while."""
    return Call("POST", f"webhooks/{webhook_id}/secret")


def try_webhook(webhook_id: int) -> Call[Json]:
    """Send a webhook a trial."""
    return Call("POST", f"webhooks/{webhook_id}/trial")


def webhook_deliveries(webhook_id: int, **params: Any) -> Listing[Json]:
    """List what a webhook was sent, newest first; `state="failed"`, ..."""
    return Listing(f"webhooks/{webhook_id}/deliveries", params)


def retry_webhook_delivery(webhook_id: int, delivery_id: int) -> Call[Json]:
    """Send a delivery again."""
    return Call("POST", f"webhooks/{webhook_id}/deliveries/{delivery_id}/attempt")


def identity_providers() -> Listing[Json]:
    """List the providers of OpenID Connect."""
    return Listing("identity-providers")


def identity_provider(provider_id: int) -> Call[Json]:
    """Read a provider."""
    return Call("GET", f"identity-providers/{provider_id}")


def add_identity_provider(slug: str, label: str, issuer: str, client_id: str, **fields: Any) -> Call[Json]:
    """Add a provider. Wants a fresh proof."""
    told = {"slug": slug, "label": label, "issuer": issuer, "client_id": client_id}
    return Call("POST", "identity-providers", json={**told, **fields})


def change_identity_provider(provider_id: int, **fields: Any) -> Call[Json]:
    """Change a provider. Wants a fresh proof."""
    return Call("PATCH", f"identity-providers/{provider_id}", json=fields)


def delete_identity_provider(provider_id: int) -> Call[None]:
    """Delete a provider. Wants a fresh proof."""
    return Call("DELETE", f"identity-providers/{provider_id}")


def try_identity_provider(provider_id: int) -> Call[Json]:
    """Try whether people could sign in by it, step by step."""
    return Call("POST", f"identity-providers/{provider_id}/trial")
