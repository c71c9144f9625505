"""A desk in a FastAPI application: a session a request, committed before the answer leaves, errors, pages.

    support = HostedDesk(current_actor)               # a dependency of yours that returns an Actor
    app = FastAPI(lifespan=support.lifespan)
    support.install(app)                              # errors as problem+json
    support.mount(app, "/support")                    # the desk's own pages and API, if you want them

    Writing = Annotated[AsyncSession, support.writes]

    @app.post("/requests")
    async def create(session: Writing, title: str) -> str:
        return (await session.run_sync(open_ticket, title=title)).ticket_number

A commit that fails is an error answer, never a 200.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request
from fastapi.params import Depends as Dependency
from fastapi.responses import JSONResponse

from ombud.config import Settings
from ombud.contrib.asgi import MountedDesk, clean_prefix
from ombud.contrib.host import HostDesk, areading, awriting
from ombud.contrib.problems import MEDIA_TYPE, answer_to
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.errors import OmbudError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

__all__ = ["HostedDesk"]


class HostedDesk(HostDesk):
    """The desk of a FastAPI application. Put its dependencies into `Annotated`.

    | dependency | session | for |
    |---|---|---|
    | `writes` | `AsyncSession` | `async def`, writing |
    | `reads` | `AsyncSession` | `async def`; PostgreSQL refuses writes |
    | `sync_writes` | `DeskSession` | `def`, writing |
    | `sync_reads` | `DeskSession` | `def`, reading |

    Each is one transaction of the actor that your dependency returned. It ends when the route's function
    returns, before anything is sent: a commit that fails is an error answer. A route that raises rolls back.
    """

    def __init__(
        self,
        actor: Callable[..., Actor | Awaitable[Actor]],
        settings: Settings | Callable[[], Settings] | None = None,
        *,
        upgrade: bool = True,
        mails: bool = False,
    ) -> None:
        """`actor` is a dependency: it may itself depend on whom your application has signed in."""
        super().__init__(settings, upgrade=upgrade, mails=mails)
        acting = Depends(actor)
        self._mounted: list[MountedDesk] = []

        async def write(actor: Actor = acting) -> AsyncIterator[AsyncSession]:
            async with awriting(self, actor) as session:
                yield session

        async def read(actor: Actor = acting) -> AsyncIterator[AsyncSession]:
            async with areading(self, actor) as session:
                yield session

        def sync_write(actor: Actor = acting) -> Iterator[DeskSession]:
            with self.desk.begin(actor) as session:
                yield session

        def sync_read(actor: Actor = acting) -> Iterator[DeskSession]:
            with self.desk.read(actor) as session:
                yield session

        # The scope is what makes the commit come before the answer; a request's scope ends after it.
        self.writes: Dependency = Depends(write, scope="function")
        self.reads: Dependency = Depends(read, scope="function")
        self.sync_writes: Dependency = Depends(sync_write, scope="function")
        self.sync_reads: Dependency = Depends(sync_read, scope="function")

    @asynccontextmanager
    async def lifespan(self, _app: Any = None) -> AsyncGenerator[None]:
        """Open the desk with the application and close it with it: give it to FastAPI, or use it in yours."""
        await self.opened()
        for mounted in self._mounted:
            await mounted.startup()
        try:
            yield
        finally:
            for mounted in self._mounted:
                await mounted.shutdown()
            await self.aclose()

    def install(self, app: FastAPI) -> None:
        """Answer the desk's errors with their status and a problem (RFC 9457)."""
        app.add_exception_handler(OmbudError, _on_error)

    def mount(self, app: FastAPI, prefix: str) -> None:
        """Serve the desk's own pages and API below `prefix`. Needs `ombud[server]`."""
        mounted = MountedDesk(self)
        self._mounted.append(mounted)
        app.mount(clean_prefix(prefix), mounted)


async def _on_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, OmbudError):
        raise error
    answer = answer_to(error)
    return JSONResponse(answer.body, answer.status, headers=answer.headers, media_type=MEDIA_TYPE)
