"""Answering on the driver's own connection, below SQLAlchemy: for the few calls that are made all the time.

A transaction through SQLAlchemy's asynchronous session costs some 4 ms of Python where the driver takes 0.1
(docs/performance.md). Here the same builders' statements, put together once (`ombud.db.made`), are prepared once on a
connection, and one call of a function of the database (`ombud.answer`) is the whole transaction: it looks whether the
token is still what it was, says who acts, and executes them. Same pool, role, row security and time limit, and
PostgreSQL keeps what only reads read-only. JSON comes as PostgreSQL writes it.

Whatever goes wrong is done again the usual way by the caller (None), which finds the words for it, and is counted in
`ombud.db.detours`; told here is only what must not be done again: a statement that ran into its time limit, and a write
whose end nobody saw.
"""

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

from psycopg import sql
from sqlalchemy import ColumnElement, Insert, Integer, Select, Text, exc, func, literal_column
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.util import greenlet_spawn

from ombud.db.actor import Actor
from ombud.db.alive import GRACE_SECONDS
from ombud.db.beginning import HARMLESS
from ombud.db.context import context_values
from ombud.db.detours import DETOURS
from ombud.db.silence import silence_of
from ombud.db.statements import note
from ombud.db.translate import AllInUse, Lost, TooSlow, reaching
from ombud.errors import OmbudError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

Wanted: TypeAlias = tuple[Select[*tuple[Any, ...]], Mapping[str, Any]]
"""A statement that is made once, and the parameters that it is executed with."""
Does: TypeAlias = Literal["reads", "writes", "searches"]
"""What an answer does; each kind has connections of its own, so that none waits for the others."""
Step: TypeAlias = Select[*tuple[Any, ...]] | Insert
"""A statement that is made once, takes what is `given`, and returns one row of one array of texts."""

CANCELED = "57014"
ANSWER = "SELECT ombud.answer($1, $2, $3, $4, $5)"
ACT = "SELECT ombud.act($1, $2, $3)"
"""The same by no token."""
PREPARED = 200
"""Statements that a connection keeps; the one used longest ago goes first."""
LINKS, WRITING_LINKS = 4, 10
"""Connections that answer at the same time, of those that the pool has; what writes waits for the disk, together."""
_GIVEN = literal_column("$1", ARRAY(Text))
_ORDER = (
    "actor", "user_id", "kind", "scope", "teams", "organization", "request", "role", "permissions", "read_teams",
)  # fmt: skip
_REQUEST = _ORDER.index("request")
_INFO = "ombud_prepared"


@dataclass(frozen=True, slots=True)
class Seat:
    """Who asks, by which token, and what both were when they were looked up (`ombud.token_stamp`)."""

    key_id: str | None
    """None: by no token. A host says who acts."""
    stamp: bytes
    actor: Actor
    settings: tuple[str, ...]

    @classmethod
    def of(cls, key_id: str | None, stamp: bytes, actor: Actor) -> "Seat":
        """Return the seat of an actor."""
        values = context_values(actor)
        return cls(key_id, stamp, actor, tuple(values[name] for name in _ORDER))


def given(number: int) -> ColumnElement[str]:
    """Return the text with this number (from 1) of those that a step is given."""
    text: ColumnElement[str] = _GIVEN[literal_column(str(int(number)), Integer)]
    return text


def given_and(*texts: ColumnElement[str]) -> ColumnElement[Any]:
    """Return all that a step is given, and more texts behind it: what it hands on to the next one."""
    return func.array_cat(_GIVEN, array(texts)) if texts else _GIVEN


class Links:
    """Connections of a pool that go from one answer straight to the next one that waits for one.

    Few keep a database busy whose answers take a millisecond, and each more only makes its processes take turns; giving
    one back and taking it again costs as much as an answer.
    """

    def __init__(self, engine: "AsyncEngine", most: int) -> None:
        self.engine = engine
        self.most = most
        self._left = most
        self._waiting: deque[asyncio.Future[Any]] = deque()

    async def take(self) -> Any:
        """Return a connection of the pool, when there is one for us."""
        if not self._left:
            link = await self._handed_on()
            if link is not None:
                return link
        self._left -= 1
        try:
            return await _connected(self.engine)
        except BaseException:
            self._leave()
            raise

    async def give(self, link: Any, *, is_well: bool) -> None:
        """Give a connection to who waits for one, or back to the pool."""
        if is_well and self._wake(link):
            return
        if not is_well:
            link.invalidate()  # whatever state it is in, and whatever still runs there
        self._leave()
        await greenlet_spawn(link.close)

    async def _handed_on(self) -> Any:
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            return await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled():  # it came too late for us
                link = waiting.result()
                if link is None:
                    self._wake(None)
                else:
                    await self.give(link, is_well=True)
            raise

    def _leave(self) -> None:
        self._left += 1
        self._wake(None)

    def _wake(self, link: Any) -> bool:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(link)
                return True
        return False


async def _connected(engine: "AsyncEngine") -> Any:
    try:
        with reaching():
            return await greenlet_spawn(engine.sync_engine.raw_connection)
    except exc.TimeoutError as error:
        raise AllInUse from error


async def answer(
    links: Links,
    seat: Seat,
    request_id: str,
    steps: Sequence[Step],
    texts: Sequence[str | None],
    *,
    seconds: float,
    writes: bool = False,
) -> list[str | None] | None:
    """Return what the last step returns, all in one transaction of the seat's actor.

    The first step is given `texts`, each later one what the one before returned. None: ask the usual way, nothing was
    done. Raises TooSlow, Unavailable; of what writes Lost, when nobody can say whether it was done.
    """
    if links.engine.dialect.driver != "asyncpg":
        return None
    try:
        made = [prepared(step, links.engine) for step in steps]
    except ValueError as error:
        DETOURS.note(error)
        return None
    settings = [*seat.settings, "off" if writes else "on"]
    settings[_REQUEST] = request_id
    call, token = (ACT, ()) if seat.key_id is None else (ANSWER, (seat.key_id, seat.stamp))
    is_sent = False
    try:
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            link, is_well = await links.take(), False
            try:
                driver: Any = link.driver_connection
                with silence_of(links.engine.sync_engine).waiting(link.dbapi_connection):
                    names = await _names(driver, link.info, made)
                    is_sent = True
                    found: list[str | None] | None = await driver.fetchval(
                        call, *token, settings, names, texts
                    )
                is_well = True
            finally:
                await links.give(link, is_well=is_well)
    except OmbudError:  # said by who takes a connection: nothing was sent, and waiting again is no use
        raise
    except Exception as error:  # the core does without asyncpg's names; the usual way finds words for it
        state = getattr(error, "sqlstate", "")
        if state == CANCELED:
            raise TooSlow from error
        if writes and is_sent and not state:
            raise Lost from error
        if isinstance(error, TimeoutError):
            raise (TooSlow if is_sent else AllInUse) from error
        DETOURS.note(error)
        return None
    note(call)
    return found


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as connections prepare it."""

    name: str
    text: str


_numbers = itertools.count(1)
_prepared: "WeakKeyDictionary[Step, Prepared]" = WeakKeyDictionary()


def prepared(step: Step, engine: "AsyncEngine") -> Prepared:
    """Return the text of a step, with its values written out: all are numbers, days and words of ours, or it is a
    ValueError.
    """
    found = _prepared.get(step)
    if found is None:
        usual: Any = step.compile(dialect=engine.dialect)
        for value in usual.construct_params(_check=False).values():
            _require_harmless(value)
        text = str(step.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True}))
        name = f"ombud_{next(_numbers)}"
        found = _prepared[step] = Prepared(name, f"PREPARE {name} (text[]) AS {text}")
    return found


def _require_harmless(value: Any) -> None:
    match value:
        case None | bool() | int() | float() | date():
            return
        case list() | tuple() | set() | frozenset():
            for one in value:
                _require_harmless(one)
        case Enum() | str() if HARMLESS.fullmatch(str(value.value if isinstance(value, Enum) else value)):
            return
        case _:
            raise ValueError("a value that cannot be written into a statement")


async def _names(driver: Any, info: dict[str, Any], made: Sequence[Prepared]) -> list[str]:
    """Prepare what the connection has not prepared yet, and return the names."""
    known: OrderedDict[str, None] = info.setdefault(_INFO, OrderedDict())
    for one in made:
        if one.name in known:
            known.move_to_end(one.name)
            continue
        if len(known) >= PREPARED:
            oldest, _nothing = known.popitem(last=False)
            await driver.execute(sql.SQL("DEALLOCATE {}").format(sql.Identifier(oldest)).as_string())
        await driver.execute(one.text)
        known[one.name] = None
    return [one.name for one in made]


async def row_of(engine: "AsyncEngine", wanted: Wanted, *, seconds: float) -> dict[str, Any] | None:
    """Return the first row of a statement that nobody asks, outside any transaction; None: ask the usual way."""
    if engine.dialect.driver != "asyncpg":
        return None

    statement, parameters = wanted
    text, values = _compiled(statement, engine)
    try:
        link = await _connected(engine)
    except OmbudError:
        raise
    except Exception as error:  # noqa: BLE001 - of a full server asyncpg tells by errors of its own
        DETOURS.note(error)
        return None
    is_well = False
    try:
        driver: Any = link.driver_connection
        note(text)
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            with silence_of(engine.sync_engine).waiting(link.dbapi_connection):
                found = await driver.fetchrow(text, *values(parameters))
        is_well = True
    except TimeoutError as error:
        raise TooSlow from error
    except Exception as error:  # noqa: BLE001 - as above
        DETOURS.note(error)
        return None
    else:
        return None if found is None else dict(found)
    finally:
        if not is_well:
            link.invalidate()
        await greenlet_spawn(link.close)


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
