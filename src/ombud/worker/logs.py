"""Errands for the logs: seal what was changed and export the seal, write down what was looked at."""

from pathlib import Path

from ombud.audit import AccessBuffer, queries, views_of
from ombud.audit import actions as audit
from ombud.audit.access import Look
from ombud.audit.checkpoints import Statement
from ombud.audit.exported import ExportedCheckpoints
from ombud.audit.keys import signing_key
from ombud.audit.spill import Spill
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import data_dir
from ombud.errors import OmbudError
from ombud.kit.logs import Log

log = Log(__name__)


def seal_and_export(desk: Desk, actor: Actor) -> int:
    """Seal what is finished, then copy new checkpoints out of the database; returns how many rows were sealed.

    Committed first and copied then: after a crash in between, the next time copies what is missing.
    """
    folder = data_dir(desk.settings)
    sealed = desk.run(actor, audit.seal, signing_key(keys_folder(folder)))
    export(desk, actor, exported_checkpoints(folder))
    return sealed


def export(desk: Desk, actor: Actor, exported: ExportedCheckpoints) -> int:
    """Append the checkpoints that the file does not have; returns how many."""
    with exported.appending() as appender:
        with desk.read(actor, fresh=True) as session:
            missing = session.scalars(queries.checkpoints(after=appender.last_number)).all()
        return appender.append((Statement.of(one), one.signature) for one in missing) if missing else 0


def write_views(desk: Desk, actor: Actor) -> int:
    """Write the looks that were gathered; while the database is away they go to a file, which is read later."""
    buffer, spill = views_of(desk), spilled_looks(data_dir(desk.settings))

    def write(looks: list[Look]) -> None:
        desk.run(actor, audit.record_accesses, looks)

    looks = buffer.take()
    try:
        write(looks)
    except OmbudError:
        _keep(looks, buffer, spill)
        raise
    return len(looks) + spill.load(write)


def _keep(looks: list[Look], buffer: AccessBuffer, spill: Spill) -> None:
    """Put looks into the file; where that cannot be had, back into memory."""
    try:
        lost = spill.add(looks)
    except OSError:
        log.exception("looks cannot be kept in the file, so they stay in memory", file=str(spill.path))
        buffer.put_back(looks)
        return
    if lost:
        buffer.lost += lost
        log.error("the file of looks is full", file=str(spill.path), lost=lost)


def keys_folder(data: Path) -> Path:
    """Return where the signing key is."""
    return data / "keys"


def exported_checkpoints(data: Path) -> ExportedCheckpoints:
    """Return the file that checkpoints are copied to."""
    return ExportedCheckpoints(data / "audit")


def spilled_looks(data: Path) -> Spill:
    """Return the file in which looks wait while the database is away."""
    return Spill(data / "access")
