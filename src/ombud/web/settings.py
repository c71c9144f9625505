"""The places of the settings: which there are, and who may go there. Their routes and the links to them ask here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ombud.db.actor import Actor
from ombud.errors import Forbidden
from ombud.mail.policy import require_right_to_keep_mailboxes
from ombud.people.policy import require_admin, require_role_keeper
from ombud.tickets.policy import require_staff
from ombud.transfer.jobs.policy import require_some_right_to_transfer


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the settings. `guard` raises Forbidden for who may not see it."""

    label: str
    guard: Callable[[Actor], None]


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "desk": Place("Desk", require_admin),
        "people": Place("People", require_admin),
        "teams": Place("Teams", require_admin),
        "roles": Place("Roles", require_role_keeper),
        "providers": Place("Sign-in", require_admin),
        "tags": Place("Tags", require_staff),
        "mailboxes": Place("Mailboxes", require_right_to_keep_mailboxes),
        "webhooks": Place("Webhooks", require_staff),
        "transfers": Place("Imports and exports", require_some_right_to_transfer),
        "health": Place("Health", require_admin),
    }
)
"""By the last part of their address."""


def enter(actor: Actor, key: str) -> None:
    """Refuse, with Forbidden, whoever may not see a place."""
    PLACES[key].guard(actor)


def places_of(actor: Actor) -> dict[str, str]:
    """Return the label of each place that somebody may see, by its key."""
    return {key: place.label for key, place in PLACES.items() if _opens(place, actor)}


def _opens(place: Place, actor: Actor) -> bool:
    try:
        place.guard(actor)
    except Forbidden:
        return False
    return True
