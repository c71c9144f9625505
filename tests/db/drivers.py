"""One face for the four drivers, for tests of what each of them must do alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import URL, text

from ombud import Actor, Desk, DeskSession, Settings

T = TypeVar("T")
FOUR = ("psycopg", "psycopg2", "asyncpg", "async psycopg")
SYSTEM = Actor.system("test")


@dataclass
class Driven:
    """A desk by one driver, as synchronous code sees it."""

    desk: Desk
    runner: asyncio.Runner | None

    def read(self, work: Callable[[DeskSession], T], actor: Actor = SYSTEM) -> T:
        """Run `work` in a transaction that reads."""
        if self.runner is None:
            with self.desk.read(actor) as session:
                return work(session)
        return self.runner.run(self._aread(work, actor), context=copy_context())

    def scalar(self, statement: str, actor: Actor = SYSTEM) -> Any:
        """Return the one value of a statement."""
        return self.read(lambda session: session.scalar(text(statement)), actor)

    def write(self, work: Callable[[DeskSession], T], actor: Actor = SYSTEM) -> T:
        """Run `work` in a transaction that writes."""
        if self.runner is None:
            return self.desk.run(actor, work)
        return self.runner.run(self.desk.arun(actor, work), context=copy_context())

    @property
    def pool(self) -> Any:
        """The pool of its engine, with no nudge on its way."""
        if self.runner is not None:
            self.runner.run(self.desk._async_nudge.stop())
        return (self.desk.engine if self.runner is None else self.desk.async_engine).pool

    def hang_up(self) -> None:
        """Close every connection, so that the next unit of work signs in anew."""
        if self.runner is None:
            self.desk.engine.dispose()
        else:
            self.runner.run(self.desk.async_engine.dispose())

    async def _aread(self, work: Callable[[DeskSession], T], actor: Actor) -> T:
        async with self.desk.aread(actor) as session:
            return await session.run_sync(work)  # type: ignore[arg-type]  # it is a DeskSession


@contextmanager
def driven(driver: str, url: URL, settings: Settings | None = None) -> Iterator[Driven]:
    """Open a desk by one of FOUR."""
    name = driver.removeprefix("async ")
    desk = Desk(url.set(drivername=f"postgresql+{name}"), settings or Settings())
    if driver in ("psycopg", "psycopg2"):
        with desk:
            yield Driven(desk, None)
        return
    with asyncio.Runner() as runner:
        yield Driven(desk, runner)
        runner.run(desk.aclose())
