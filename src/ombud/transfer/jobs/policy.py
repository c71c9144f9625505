"""Who starts exports and imports, and whose they are. Row security in the database says the same a second time."""

import hashlib

from sqlalchemy import ColumnElement, false, true

from ombud.db.actor import Actor, Scope
from ombud.db.permissions import Permission
from ombud.errors import Forbidden
from ombud.models import TransferFormat, TransferJob, TransferKind
from ombud.tickets.policy import require_permission

_RIGHTS = {
    TransferKind.EXPORT: Permission.EXPORTS_MAKE,
    TransferKind.IMPORT: Permission.IMPORTS_MAKE,
}


def jobs_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which a job is the actor's: staff have their own, administrators all."""
    if actor.is_admin:
        return true()
    return TransferJob.owner_id == actor.user_id if actor.is_staff else false()


def require_right_to_transfer(actor: Actor, kind: TransferKind) -> None:
    """Refuse who may not export, or import: all but administrators and those whose custom role says so."""
    require_permission(actor, _RIGHTS[kind])


def require_some_right_to_transfer(actor: Actor) -> None:
    """Refuse who may neither export nor import."""
    if not any(actor.may(one) for one in _RIGHTS.values()):
        raise Forbidden("Only an administrator, or who has the right to export or import, can do that.")


def require_right_to_format(actor: Actor, kind: TransferKind, format_: TransferFormat) -> None:
    """Refuse to bring people and their roles in for anybody but administrators."""
    require_right_to_transfer(actor, kind)
    if kind is TransferKind.IMPORT and format_ is TransferFormat.JSONL and not actor.is_admin:
        raise Forbidden(
            "Only an administrator brings an export back in: people and their roles come with it."
        )


def sight_of(actor: Actor) -> str:
    """Return what an actor sees, as one word: as long as it is the same, what was exported is theirs to have."""
    teams = sorted(actor.team_ids) if actor.scope is Scope.TEAMS else []
    return hashlib.sha256(f"{actor.user_id} {actor.kind} {actor.scope} {teams}".encode()).hexdigest()
