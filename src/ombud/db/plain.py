"""Reading on the driver's own connection, below SQLAlchemy: for the few answers that are asked for all the time.

A transaction through SQLAlchemy's asynchronous session costs some 4 ms of Python where the driver takes 0.3
(docs/performance.md). Here the same builders' statements, put together once (`ombud.db.made`), are compiled once and
sent by asyncpg: one round trip begins and says who acts, one for each statement, one ends. Same pool, role, row
security, time limit and read-only transaction. Rows come as the driver makes them; no objects are loaded.

Whatever goes wrong is done again the usual way by the caller (None), which finds the words for it: only a statement
that ran into its time limit is told here, because it would do so again.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Select
from sqlalchemy.util import greenlet_spawn

from ombud.db.actor import Actor
from ombud.db.alive import GRACE_SECONDS
from ombud.db.context import context_values
from ombud.db.statements import note
from ombud.db.translate import TooSlow

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

Row: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[Row]
Wanted: TypeAlias = tuple[Select[*tuple[Any, ...]], Mapping[str, Any]]
"""A statement that is made once, and the parameters that it is executed with."""

CANCELED = "57014"
ENTER = "enter"
# Ids, words of ours, arrays of them, a UUID: nothing that anybody typed, and nothing that ends a literal.
_HARMLESS = re.compile(r"[A-Za-z0-9_:.,{}\-]*")
_SETTINGS = {
    "ombud.actor": "actor",
    "ombud.user_id": "user_id",
    "ombud.kind": "kind",
    "ombud.scope": "scope",
    "ombud.teams": "teams",
    "ombud.organization_id": "organization",
    "ombud.request_id": "request",
    "role": "role",
    "ombud.permissions": "permissions",
    "ombud.read_teams": "read_teams",
}


async def rows_of(
    engine: "AsyncEngine", actor: Actor, wanted: Sequence[Wanted], *, seconds: float, by_key: bool
) -> list[Rows] | None:
    """Return the rows of each statement, all read in one transaction; None when it did not work out.

    A statement may take `seconds`; `by_key` keeps plans (see `ombud.db.plans`). Raises TooSlow.
    """
    if engine.dialect.driver != "asyncpg":
        return None

    try:
        begin = begin_as(actor, seconds, by_key=by_key)
    except ValueError:
        return None
    compiled = [(_compiled(statement, engine), given) for statement, given in wanted]
    try:
        link = await greenlet_spawn(engine.sync_engine.raw_connection)
    except Exception:  # noqa: BLE001 - of a full server asyncpg tells by errors of its own
        return None
    is_well = False
    try:
        driver: Any = link.driver_connection
        note(ENTER)
        async with asyncio.timeout((seconds + GRACE_SECONDS) * (1 + len(wanted))):
            await driver.execute(begin)
            found = [await driver.fetch(text, *values(given)) for (text, values), given in compiled]
            await driver.execute("COMMIT")
        is_well = True
        for (text, _values), _given in compiled:
            note(text)
    except Exception as error:  # the core does without asyncpg's names; the usual way finds words for it
        if getattr(error, "sqlstate", "") == CANCELED:
            raise TooSlow from error
        return None
    else:
        return found
    finally:
        if not is_well:
            link.invalidate()  # whatever state it is in, and whatever still runs there
        await greenlet_spawn(link.close)


async def row_of(engine: "AsyncEngine", wanted: Wanted, *, seconds: float) -> dict[str, Any] | None:
    """Return the first row of a statement that nobody asks, outside any transaction; None: ask the usual way."""
    if engine.dialect.driver != "asyncpg":
        return None

    statement, given = wanted
    text, values = _compiled(statement, engine)
    try:
        link = await greenlet_spawn(engine.sync_engine.raw_connection)
    except Exception:  # noqa: BLE001 - of a full server asyncpg tells by errors of its own
        return None
    is_well = False
    try:
        driver: Any = link.driver_connection
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            found = await driver.fetchrow(text, *values(given))
        is_well = True
    except Exception:  # noqa: BLE001 - as above
        return None
    else:
        if found is None:
            return None
        note(text)
        return dict(found)
    finally:
        if not is_well:
            link.invalidate()
        await greenlet_spawn(link.close)


def begin_as(actor: Actor, seconds: float, *, by_key: bool) -> str:
    """Return what begins a read-only transaction of `actor`, as one text: it is sent without parameters.

    ValueError for a value that is not made of harmless characters only.
    """
    values = context_values(actor)
    settings = {name: values[key] for name, key in _SETTINGS.items()}
    settings["statement_timeout"] = f"{seconds * 1000:.0f}"
    settings["plan_cache_mode"] = "force_generic_plan" if by_key else "force_custom_plan"
    for value in settings.values():
        if not _HARMLESS.fullmatch(value):
            raise ValueError("an actor with a value that cannot be sent as a literal")
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"BEGIN READ ONLY; SELECT {calls}"


class _Values:
    """The values of a compiled statement in the order of its text."""

    def __init__(self, compiled: Any, names: Sequence[str], fixed: Mapping[str, Any]) -> None:
        """`names` in that order; `fixed` are values of a list that was written out when it was compiled."""
        self._compiled = compiled
        self._names = names
        self._fixed = fixed
        self._processors: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001 - no public name for it

    def __call__(self, given: Mapping[str, Any]) -> list[Any]:
        known = self._compiled.construct_params(given) | self._fixed
        return [self._one(name, known[name]) for name in self._names]

    def _one(self, name: str, value: Any) -> Any:
        process = self._processors.get(name)
        return process(value) if process is not None else value


_made: "WeakKeyDictionary[Select[*tuple[Any, ...]], tuple[str, _Values]]" = WeakKeyDictionary()


def _compiled(statement: Select[*tuple[Any, ...]], engine: "AsyncEngine") -> tuple[str, _Values]:
    found = _made.get(statement)
    if found is None:
        compiled: Any = statement.compile(dialect=engine.dialect)
        text, names, fixed = str(compiled), compiled.positiontup, {}
        if compiled.post_compile_params:
            # A list (of teams, say) is part of who asks, like the statement itself: written out once.
            known = compiled.construct_params(_check=False)
            expanded = compiled.construct_expanded_state(known)
            text, names = expanded.statement, expanded.positiontup
            fixed = {name: value for name, value in expanded.parameters.items() if name not in known}
        found = _made[statement] = (text, _Values(compiled, names, fixed))
    return found
