"""What tests of jobs have in common: people who may, files to import, a look at a job."""

from __future__ import annotations

import csv
import io
import threading
from typing import Any

from ombud import Actor, Desk
from ombud.db.permissions import AGENT, Permission
from ombud.files import FileStore
from ombud.models import (
    TransferFormat,
    TransferJob,
    TransferState,
)
from ombud.people.actions import change_user
from ombud.people.roles import create_role
from ombud.testing import Persona
from ombud.transfer.jobs import (
    Upload,
    start_export,
    start_import,
)
from ombud.worker.transfers import Mover

SYSTEM = Actor.system("test")
LIMIT = 10**7
EXPORTER = AGENT | {Permission.EXPORTS_MAKE, Permission.IMPORTS_MAKE}
NEVER = threading.Event()


def job_of(desk: Desk, job_id: int) -> TransferJob:
    with desk.read(SYSTEM) as session:
        return session.get_one(TransferJob, job_id)


def give_rights(desk: Desk, who: Persona) -> Actor:
    """Let a member of staff export and import, and return who they are now."""
    may = [one.value for one in EXPORTER]
    role = desk.run(SYSTEM, create_role, name="Mover", permissions=may)
    desk.run(SYSTEM, change_user, who.id, {"custom_role_id": role.id})
    teams = who.actor.team_ids if who.actor.scope == "teams" else None
    return Actor.agent(who.id, teams=teams, permissions=EXPORTER)


def exported(desk: Desk, mover: Mover, store: FileStore, actor: Actor, format_: TransferFormat) -> str:
    job = desk.run(actor, start_export, format_)
    assert mover.do_next(NEVER)
    done = job_of(desk, job.id)
    assert done.state is TransferState.DONE, done.problem
    assert done.storage_key is not None
    return store.get(done.storage_key).decode()


def table(rows: list[dict[str, str]]) -> bytes:
    written = io.StringIO(newline="")
    names = ("Id", "Subject", "Mail", "Team")
    sheet = csv.DictWriter(written, names, restval="")
    sheet.writeheader()
    sheet.writerows(rows)
    return written.getvalue().encode()


MAPPING = """
source = "old"
[ticket]
key = "Id"
title = "Subject"
team = "Team"
[requester]
email = "Mail"
"""


def brought(desk: Desk, store: FileStore, actor: Actor, content: bytes, **more: Any) -> int:
    upload = Upload("old.csv", store.put([content]), TransferFormat.CSV, MAPPING, **more)
    return desk.run(actor, start_import, upload).id
