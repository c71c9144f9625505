"""Units of work that never happened: each is a transaction of a desk that undoes everything (`undone`).

A stage performs an action as an edge would: a session of its own, an actor, a commit. Both kinds of stage are
one to a test, so that it runs synchronously and by `AsyncSession.run_sync`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.testing.undone import UndoneDesk, undone

P = ParamSpec("P")
T = TypeVar("T")

Action = Callable[Concatenate[DeskSession, P], T]


class Perform(Protocol):
    """Run `action(session, ...)` as `actor` in a unit of work of its own; both kinds of stage are one."""

    def __call__(self, actor: Actor, action: Action[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


class Stage(Perform, Protocol):
    """A `Perform` that can be cleared away."""

    def close(self) -> None: ...


class SyncStage:
    """Performs actions in a plain session."""

    def __init__(self, desk: Desk) -> None:
        self._desk = UndoneDesk(desk)

    def __call__(self, actor: Actor, action: Action[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._desk.begin(actor) as session:
            return action(session, *args, **kwargs)

    def close(self) -> None:
        """Undo everything."""
        self._desk.close()


class AsyncStage:
    """Performs actions by `AsyncSession.run_sync`, on an event loop that runs only meanwhile."""

    def __init__(self, desk: Desk, runner: asyncio.Runner) -> None:
        """Use `desk`, whose asynchronous connections belong to the loop of `runner`."""
        self._runner = runner
        self._stack = AsyncExitStack()
        self._desk = self._run(self._stack.enter_async_context(undone(desk)))

    def __call__(self, actor: Actor, action: Action[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(self._perform(actor, lambda session: action(session, *args, **kwargs)))

    def close(self) -> None:
        """Undo everything."""
        self._run(self._stack.aclose())

    async def _perform(self, actor: Actor, action: Callable[..., T]) -> T:
        async with self._desk.abegin(actor) as session:
            return await session.run_sync(action)

    def _run(self, awaitable: Awaitable[T]) -> T:
        async def wait() -> T:
            return await awaitable

        return self._runner.run(wait())
