"""The project's desk, and what a request does with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ombud.contrib.django.conf import configuration
from ombud.contrib.held import AsyncHeld, Held
from ombud.contrib.host import HostDesk, areading, awriting
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.errors import OmbudError
from ombud.models import UserRole

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

ATTRIBUTE = "_ombud_desk"
ActorOf = Callable[[HttpRequest], Actor | Awaitable[Actor]]


@cache
def host() -> HostDesk:
    """Return the project's desk; it opens with the first request that needs it, in each process."""
    found = configuration()
    return HostDesk(found.settings, upgrade=found.upgrade, mails=found.mails)


def forget(*, setting: str = "OMBUD", **_signal: Any) -> None:
    """Close the desk and read the settings anew (tests change them)."""
    if setting == "OMBUD" and host.cache_info().currsize:
        host().close()
        host.cache_clear()


def actor_for(email: str, *, full_name: str = "", role: UserRole = UserRole.CUSTOMER) -> Actor:
    """Return the actor of somebody whom Django has signed in, known by their address (`HostDesk.actor_for`)."""
    return host().actor_for(email, full_name=full_name, role=role)


async def aactor_for(email: str, *, full_name: str = "", role: UserRole = UserRole.CUSTOMER) -> Actor:
    """The asynchronous twin of `actor_for`, for an ASGI server."""
    return await host().aactor_for(email, full_name=full_name, role=role)


def desk_of(request: HttpRequest) -> DeskOfRequest:
    """Return what this request has of the desk."""
    found = getattr(request, ATTRIBUTE, None)
    if not isinstance(found, DeskOfRequest):
        found = DeskOfRequest(request)
        setattr(request, ATTRIBUTE, found)
    return found


class DeskOfRequest:
    """Sessions of one request, in the name of the actor that OMBUD['ACTOR'] returns for it.

    `session` (and `await asession()`) is one transaction for the request: the middleware commits it when the
    view has answered, before anything is sent, and rolls it back when the status is 400 or more. `begin`,
    `read`, `abegin` and `aread` are transactions with an end that you see; they do not mix with the former.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._actor: Actor | None = None
        self._held: Held | None = None
        self._async_held: AsyncHeld | None = None
        self._ends_sync = self._ends_async = False

    @property
    def actor(self) -> Actor:
        """Who acts in this request."""
        if self._actor is None:
            function = _actor_function()
            ask = async_to_sync(function) if iscoroutinefunction(function) else function
            self._actor = _checked(ask(self._request))
        return self._actor

    async def aactor(self) -> Actor:
        """The asynchronous twin of `actor`; a plain function is called in a thread, as Django's own ORM wants."""
        if self._actor is None:
            function = _actor_function()
            if iscoroutinefunction(function):
                self._actor = _checked(await function(self._request))
            else:
                self._actor = _checked(await sync_to_async(function)(self._request))
        return self._actor

    @property
    def session(self) -> DeskSession:
        """The request's session, opened when it is first asked for. Needs the middleware, which ends it."""
        _refuse_in_loop()
        if self._held is None:
            _need(self._ends_sync, "session", "begin")
            self._held = Held(host().desk.begin(self.actor))
        return self._held.session

    async def asession(self) -> AsyncSession:
        """The asynchronous twin of `session`."""
        if self._async_held is None:
            _need(self._ends_async, "asession", "abegin")
            self._async_held = await AsyncHeld(self.abegin()).open()
        return self._async_held.session

    @contextmanager
    def begin(self) -> Generator[DeskSession]:
        """Open a transaction; its end commits."""
        _refuse_in_loop()
        with host().desk.begin(self.actor) as session:
            yield session

    @contextmanager
    def read(self) -> Generator[DeskSession]:
        """Open a read-only transaction."""
        _refuse_in_loop()
        with host().desk.read(self.actor) as session:
            yield session

    @asynccontextmanager
    async def abegin(self) -> AsyncGenerator[AsyncSession]:
        """Open a transaction in an `async def` view; its end commits.

        Below WSGI each such view has an event loop of its own, so it connects anew; an ASGI server keeps a pool.
        """
        actor = await self.aactor()
        if isinstance(self._request, ASGIRequest):
            async with awriting(host(), actor) as session:
                yield session
        else:
            async with host().passing() as desk, desk.abegin(actor) as session:
                yield session

    @asynccontextmanager
    async def aread(self) -> AsyncGenerator[AsyncSession]:
        """The read-only twin of `abegin`."""
        actor = await self.aactor()
        if isinstance(self._request, ASGIRequest):
            async with areading(host(), actor) as session:
                yield session
        else:
            async with host().passing() as desk, desk.aread(actor) as session:
                yield session

    def attended(self, *, asynchronously: bool) -> None:
        """Note who ends the request's sessions: a middleware that can await, or one that cannot."""
        self._ends_sync, self._ends_async = True, asynchronously

    def finish(self, status: int) -> OmbudError | None:
        """End the request's session by the status of its answer; return what kept it from being committed."""
        held, self._held = self._held, None
        if held is None:
            return None
        if status >= 400:
            held.abandon()
            return None
        try:
            held.keep()
        except OmbudError as error:
            return error
        return None

    async def afinish(self, status: int) -> OmbudError | None:
        """The asynchronous twin of `finish`; it ends both kinds of session."""
        error = await sync_to_async(self.finish)(status) if self._held is not None else None
        held, self._async_held = self._async_held, None
        if held is None:
            return error
        if status >= 400 or error is not None:
            await held.abandon()
            return error
        try:
            await held.keep()
        except OmbudError as failure:
            return failure
        return error


def _need(ended: bool, name: str, block: str) -> None:
    """Refuse a session that nobody would end. A sync-only middleware behind ours makes it one that cannot await."""
    if not ended:
        raise RuntimeError(
            f"Nobody would commit `{name}` here: put 'ombud.contrib.django.middleware.DeskMiddleware' last in "
            f"MIDDLEWARE (and serve by ASGI for async sessions), or use a block: desk_of(request).{block}()."
        )


def _refuse_in_loop() -> None:
    """Refuse to block an event loop: there, the asynchronous twin is meant."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("This is an `async def` view: use asession, abegin or aread.")


def _actor_function() -> ActorOf:
    function: ActorOf = import_string(configuration().actor)
    return function


def _checked(actor: object) -> Actor:
    if not isinstance(actor, Actor):
        raise TypeError("the function that OMBUD['ACTOR'] names must return an ombud.Actor")
    return actor
