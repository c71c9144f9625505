"""How the tests' hosts know who calls: a header holds kind and id, as a host's own session would."""

from __future__ import annotations

from ombud import Actor
from ombud.errors import Unauthenticated
from ombud.testing import Persona


def signed_in(who: Persona) -> dict[str, str]:
    """Return the headers of a request by a persona."""
    return {"X-Caller": f"{who.actor.kind.value}:{who.id}", "Accept": "application/json"}


def actor_from(header: str | None) -> Actor:
    """Return the actor that a header names."""
    kind, _, user_id = (header or "").partition(":")
    match kind:
        case "customer":
            return Actor.customer(int(user_id))
        case "agent":
            return Actor.agent(int(user_id))
    raise Unauthenticated
