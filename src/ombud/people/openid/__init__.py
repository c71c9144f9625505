"""OpenID Connect: providers that administrators set up, and accounts that are connected with them.

A part of `people` that needs the libraries of `ombud[server]` when something is asked or checked, not before.
"""

from ombud.people.openid import queries
from ombud.people.openid.actions import (
    Flow,
    Provider,
    confirm_by,
    cut_off,
    drop_expired_flows,
    unlink,
)
from ombud.people.openid.discovery import Book, ProviderProblem
from ombud.people.openid.door import Arrival, Departure, OpenIdDoor
from ombud.people.openid.providers import (
    ProviderChanges,
    change_provider,
    count_stale,
    create_provider,
    delete_provider,
    get_provider,
    reseal,
)
from ombud.people.openid.trial import Probe, try_provider

__all__ = [
    "Arrival",
    "Book",
    "Departure",
    "Flow",
    "OpenIdDoor",
    "Probe",
    "Provider",
    "ProviderChanges",
    "ProviderProblem",
    "change_provider",
    "confirm_by",
    "count_stale",
    "create_provider",
    "cut_off",
    "delete_provider",
    "drop_expired_flows",
    "get_provider",
    "queries",
    "reseal",
    "try_provider",
    "unlink",
]
