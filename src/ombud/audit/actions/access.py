"""Note who looked at what."""

from collections.abc import Sequence

from sqlalchemy import insert
from sqlalchemy.orm import Session

from ombud.audit.access import Look
from ombud.db.context import actor_of
from ombud.models import AccessKind, AccessLog


def record_access(session: Session, kind: AccessKind, thing: str) -> None:
    """Note in this very transaction that its actor reads `thing` (`attachment:4`, `export:tickets`).

    For downloads and exports: commit before any byte leaves, so that without the note nothing leaves.
    """
    actor = actor_of(session)
    record_accesses(session, [Look(kind, thing, actor.label, actor.user_id, actor.request_id)])


def record_accesses(session: Session, looks: Sequence[Look]) -> None:
    """Note many looks at once; those of others need the system as actor."""
    if looks:
        # Inline: nothing is asked back, because people may not read what they leave here.
        session.execute(insert(AccessLog).inline(), [look.row() for look in looks])
