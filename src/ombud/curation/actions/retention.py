"""Remove for good what was deleted long enough ago, and the files that nobody refers to any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ombud import clock
from ombud.curation import queries
from ombud.db.actor import ActorKind
from ombud.db.context import actor_of
from ombud.errors import Forbidden, Invalid
from ombud.models import InboundMail, StaleFile, Ticket

BATCH = 100
QUIET = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class PurgeStep:
    """Which tickets went in one step. Fewer than asked for: there are no more."""

    ticket_ids: tuple[int, ...]


def purge_deleted_tickets(session: Session, *, days: int, limit: int = BATCH) -> PurgeStep:
    """Remove up to `limit` tickets that were deleted more than `days` ago, with all that belongs to them.

    Comments, files' records, mails and links go with them; people stay. The audit log keeps that it happened and
    what was removed, until the person is anonymised. For the system; there is no way back.
    """
    if actor_of(session).kind is not ActorKind.SYSTEM:
        raise Forbidden("Only the worker purges.")
    if days < 1:
        raise Invalid(fields={"days": "must be at least 1."})
    before = clock.now() - timedelta(days=days)
    ids = session.scalars(queries.purgeable(before, limit)).all()
    if ids:
        session.execute(delete(InboundMail).where(InboundMail.ticket_id.in_(ids)), execution_options=QUIET)
        session.execute(delete(Ticket).where(Ticket.id.in_(ids)), execution_options=QUIET)
        session.expire_all()
    return PurgeStep(tuple(ids))


def forget_stale_files(session: Session, keys: Sequence[str]) -> None:
    """Note that these files were dealt with: removed from the store, or in use again."""
    session.execute(delete(StaleFile).where(StaleFile.storage_key.in_(keys)), execution_options=QUIET)
