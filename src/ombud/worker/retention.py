"""Errands of retention: remove what was deleted long enough ago, then the files that nobody refers to."""

from datetime import timedelta

from ombud import clock
from ombud.curation import forget_stale_files, purge_deleted_tickets, queries
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import NotFound
from ombud.files import FileStore, files_of
from ombud.kit.logs import Log

log = Log(__name__)

FILES_AT_ONCE = 500
GRACE = timedelta(hours=1)
"""A file is put before the row that refers to it is committed; no upload takes longer."""


def purge(desk: Desk, actor: Actor) -> int:
    """Remove one batch of tickets that were deleted longer ago than the setting says; returns how many."""
    days = desk.current.purge_after_days
    return len(desk.run(actor, purge_deleted_tickets, days=days).ticket_ids) if days is not None else 0


def remove_files(desk: Desk, actor: Actor) -> int:
    """Remove one batch of files that no row refers to; returns how many were dealt with."""
    store = files_of(desk.settings)
    return remove_stale_files(desk, actor, store)


def remove_stale_files(desk: Desk, actor: Actor, store: FileStore, grace: timedelta = GRACE) -> int:
    """Remove stale files from a store. A crash in between leaves the note, and the next time goes on."""
    with desk.read(actor) as session:
        keys = session.scalars(queries.stale_files(clock.now() - grace, FILES_AT_ONCE)).all()
        referred = set(session.scalars(queries.referred_files(keys))) if keys else set()
    done = [key for key in keys if key in referred or _remove(store, key, grace)]
    if done:
        desk.run(actor, forget_stale_files, done)
    return len(done)


def _remove(store: FileStore, key: str, grace: timedelta) -> bool:
    try:
        return store.remove(key, untouched_for=grace.total_seconds())
    except NotFound:
        log.warning("a stale file has no key of the store", key=key)
        return True
