"""What tests of Ombud, and of programs that embed it, need: real databases, people, tickets, a still clock.

Nothing here is a mock. `scratch_server` runs a real PostgreSQL, `ScratchDatabase` is a migrated database of
one's own, `make_*` call the same actions as everybody else, and what an `UndoneDesk` commits never happened.
The fixtures are in `ombud.testing.pytest`, a plugin that does nothing unless it is asked for.
"""

from ombud.clock import frozen
from ombud.db.statements import StatementLog, counted
from ombud.testing.databases import NotATestDatabase, ScratchDatabase, ScratchServer, scratch_server
from ombud.testing.factories import (
    make_admin,
    make_agent,
    make_comment,
    make_customer,
    make_light_agent,
    make_organization,
    make_tag,
    make_team,
    make_ticket,
    make_user,
    stored_file,
)
from ombud.testing.personas import PASSWORD, Cast, Persona, make_cast, persona
from ombud.testing.stage import AsyncStage, Perform, Stage, SyncStage
from ombud.testing.undone import AsyncUndoneDesk, UndoneDesk, undone

__all__ = [
    "PASSWORD",
    "AsyncStage",
    "AsyncUndoneDesk",
    "Cast",
    "NotATestDatabase",
    "Perform",
    "Persona",
    "ScratchDatabase",
    "ScratchServer",
    "Stage",
    "StatementLog",
    "SyncStage",
    "UndoneDesk",
    "counted",
    "frozen",
    "make_admin",
    "make_agent",
    "make_cast",
    "make_comment",
    "make_customer",
    "make_light_agent",
    "make_organization",
    "make_tag",
    "make_team",
    "make_ticket",
    "make_user",
    "persona",
    "scratch_server",
    "stored_file",
    "undone",
]
