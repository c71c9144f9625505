"""Ombud: a customer-support desk to run, embed and trust.

The names below are loaded when they are first used: `import ombud` itself touches no driver, no framework
and no database.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ombud._version import __version__

if TYPE_CHECKING:
    from ombud.config import Settings
    from ombud.db.actor import Actor, ActorKind
    from ombud.db.context import DeskSession, actor_of
    from ombud.db.desk import Desk
    from ombud.db.open import open_desk
    from ombud.models import (
        Attachment,
        AuditLog,
        Comment,
        Organization,
        Tag,
        Team,
        Ticket,
        TicketChannel,
        TicketPriority,
        TicketStatus,
        User,
        UserRole,
    )

_HOMES = {
    "Actor": "ombud.db.actor",
    "ActorKind": "ombud.db.actor",
    "Attachment": "ombud.models",
    "AuditLog": "ombud.models",
    "Comment": "ombud.models",
    "Desk": "ombud.db.desk",
    "DeskSession": "ombud.db.context",
    "Organization": "ombud.models",
    "Settings": "ombud.config",
    "Tag": "ombud.models",
    "Team": "ombud.models",
    "Ticket": "ombud.models",
    "TicketChannel": "ombud.models",
    "TicketPriority": "ombud.models",
    "TicketStatus": "ombud.models",
    "User": "ombud.models",
    "UserRole": "ombud.models",
    "actor_of": "ombud.db.context",
    "open_desk": "ombud.db.open",
}

__all__ = [
    "Actor",
    "ActorKind",
    "Attachment",
    "AuditLog",
    "Comment",
    "Desk",
    "DeskSession",
    "Organization",
    "Settings",
    "Tag",
    "Team",
    "Ticket",
    "TicketChannel",
    "TicketPriority",
    "TicketStatus",
    "User",
    "UserRole",
    "__version__",
    "actor_of",
    "open_desk",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'ombud' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
