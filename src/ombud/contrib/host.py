"""One desk for a host's process: opened at first use, opened anew after a fork, closed when the process ends.

Not here: any framework. The modules beside this one add theirs.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import open_desk
from ombud.db.reactions import Reaction
from ombud.errors import Conflict
from ombud.models import UserRole
from ombud.people.accounts import add_actor, find_actor

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

DOOR = Actor.system("host")
CLOSING = 10.0
"""Seconds that closing may take when the process is told to end."""
R = TypeVar("R", bound=Reaction)

_hosts: weakref.WeakSet[HostDesk] = weakref.WeakSet()
_inherited: list[Any] = []
"""Pools of the parent process. They are kept: to collect them would close connections that the parent uses."""


class HostDesk:
    """The desk of a host application. Making one touches nothing; safe to make before a server forks.

    Where nobody has said what SIGTERM does, as under the development servers of Flask and Django, the desk is closed
    before it ends the process, so that a PostgreSQL of its own stops with the last one that uses it.
    """

    def __init__(
        self,
        settings: Settings | Callable[[], Settings] | None = None,
        *,
        upgrade: bool = True,
        mails: bool = False,
    ) -> None:
        """`settings` are asked for when the desk is opened; without them the environment's count.

        With `upgrade` off the schema is taken as it is: migrate in your own pipeline, with `ombud db upgrade`. With
        `mails`, and where the desk's pages are mounted, what an agent replies in the host's code goes out as mail
        and agents are told of what concerns them, as on the pages.
        """
        self._given = settings
        self._upgrade = upgrade
        self._mails = mails
        self._hooks: tuple[Reaction, ...] = ()
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._desk: Desk | None = None
        self._by_loop: dict[asyncio.AbstractEventLoop, Desk] = {}
        _hosts.add(self)
        atexit.register(_close, weakref.ref(self))
        _end_in_order()

    @property
    def settings(self) -> Settings:
        """The settings that the desk is opened with."""
        given = self._given
        if given is None:
            return Settings()
        return given if isinstance(given, Settings) else given()

    def on(self, hook: R) -> R:
        """Call `hook(session, event)` for what happens (`Desk.on`), from now on; returns it, so it can decorate one."""
        with self._lock:
            self._hooks = (*self._hooks, hook)
            self._ready()
        return hook

    def sends_mail(self) -> None:
        """Let what is written here go out as mail, from now on: a reply must not depend on where it was written."""
        with self._lock:
            self._mails = True
            self._ready()

    @property
    def desk(self) -> Desk:
        """The desk, opened now if it is not open in this process. May take seconds the first time."""
        if self._desk is None:
            with self._lock:
                if self._desk is None:
                    opened = self._stack.enter_context(open_desk(self.settings, upgrade=self._upgrade))
                    self._ready(opened)
                    self._desk = opened
        return self._desk

    async def opened(self) -> Desk:
        """Return the desk for the running event loop: asynchronous connections belong to the loop that made them."""
        loop = asyncio.get_running_loop()
        found = self._by_loop.get(loop)
        if found is None:
            desk = await asyncio.to_thread(lambda: self.desk)
            # The first loop, in most processes the only one, shares the desk of synchronous code, and with it
            # what is known of who wrote what: nobody misses their own write on a replica.
            mine = self._another(desk) if self._by_loop else desk
            found = self._by_loop.setdefault(loop, mine)
        return found

    @asynccontextmanager
    async def passing(self) -> AsyncGenerator[Desk]:
        """Yield a desk for an event loop that soon ends: its connections are made for the block, and closed."""
        desk = self._another(await asyncio.to_thread(lambda: self.desk))
        try:
            yield desk
        finally:
            await desk.aclose()

    def actor_for(self, email: str, *, full_name: str = "", role: UserRole = UserRole.CUSTOMER) -> Actor:
        """Return the actor for somebody whom the host has signed in, known by their address.

        Somebody new gets an account with `role`; who is known keeps the role that they have in the desk.
        Forbidden for an account that was deactivated. The address must be proven: it decides what is seen.
        """
        with self.desk.read(DOOR, fresh=True) as session:
            found = find_actor(session, email)
        if found is not None:
            return found
        try:
            return self.desk.run(DOOR, add_actor, email, full_name=full_name, role=role)
        except Conflict:  # another request of the same person was quicker
            return self.desk.run(DOOR, add_actor, email, full_name=full_name, role=role)

    async def aactor_for(
        self, email: str, *, full_name: str = "", role: UserRole = UserRole.CUSTOMER
    ) -> Actor:
        """The asynchronous twin of `actor_for`."""
        desk = await self.opened()
        async with desk.aread(DOOR, fresh=True) as session:
            found = await session.run_sync(find_actor, email)
        if found is not None:
            return found
        try:
            return await desk.arun(DOOR, add_actor, email, full_name=full_name, role=role)
        except Conflict:
            return await desk.arun(DOOR, add_actor, email, full_name=full_name, role=role)

    def close(self) -> None:
        """Close the desk; the next use opens it again. Asynchronous connections are closed by `aclose`."""
        with self._lock:
            self._desk = None
            self._stack.close()

    async def aclose(self) -> None:
        """Close the connections of the running event loop, then the desk."""
        desk = self._by_loop.pop(asyncio.get_running_loop(), None)
        if desk is not None:
            await desk.aclose()
        await asyncio.to_thread(self.close)

    def _another(self, desk: Desk) -> Desk:
        """Return a desk like this one, with connections of its own."""
        made = Desk(desk.url, desk.settings, choices=desk.choices)
        made.reactions, made.hooks = desk.reactions, desk.hooks
        return made

    def _ready(self, *opened: Desk) -> None:
        """Let all desks of this process do what the host wants done about what happens."""
        for desk in (*filter(None, [self._desk]), *self._by_loop.values(), *opened):
            desk.hooks = self._hooks
            if self._mails and not desk.reactions:
                from ombud.runtime import equip

                equip(desk, desk.settings)

    def leave_to_parent(self) -> None:
        """Forget, in a forked child, what belongs to the parent process, without closing any of it."""
        for desk in filter(None, [self._desk, *self._by_loop.values()]):
            for engine in _engines(desk):
                _inherited.append(engine.pool)
                engine.dispose(close=False)
            # Closing it here would cut connections that the parent reads from.
            _inherited.append(vars(desk).pop("_reading", None))
            vars(desk)["_reading"] = None
        _inherited.append(self._stack)
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._desk = None
        self._by_loop = {}


@asynccontextmanager
async def awriting(host: HostDesk, actor: Actor) -> AsyncGenerator[AsyncSession]:
    """Open a transaction on the running loop's connections; its end commits."""
    desk = await host.opened()
    async with desk.abegin(actor) as session:
        yield session


@asynccontextmanager
async def areading(host: HostDesk, actor: Actor) -> AsyncGenerator[AsyncSession]:
    """Open a read-only transaction on the running loop's connections."""
    desk = await host.opened()
    async with desk.aread(actor) as session:
        yield session


def _engines(desk: Desk) -> list[Engine]:
    """Return the engines that a desk has made so far, whatever they are called."""
    reading: object = vars(desk).get("_reading")
    parts: list[object] = [*vars(desk).values(), *(vars(reading).values() if reading is not None else ())]
    made = [getattr(one, "sync_engine", one) for one in parts]
    return [one for one in made if isinstance(one, Engine)]


def _close(reference: weakref.ref[HostDesk]) -> None:
    host = reference()
    if host is not None:
        host.close()


def _end_in_order() -> None:
    """Let SIGTERM close the desks first, where it would end the process without running what `atexit` has."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _ended)


def _ended(number: int, _frame: object) -> None:
    # In a thread and not for ever: whoever was interrupted may hold what closing waits for.
    closing = threading.Thread(target=_close_all, daemon=True)
    closing.start()
    closing.join(CLOSING)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _close_all() -> None:
    for host in list(_hosts):
        host.close()


def _in_child() -> None:
    for host in _hosts:
        host.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
