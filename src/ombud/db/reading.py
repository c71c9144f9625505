"""Reading from a replica: its engines, and the way in that leads to the primary when the replica will not do."""

from contextlib import AsyncExitStack, ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.engine import make_async_engine, make_engine
from ombud.db.entry import aentered, async_session_on, entered, session_on
from ombud.db.links import Links
from ombud.db.replica import ANSWER_WITHIN, CONNECT_SECONDS, PRIMARY_POSITION, Replica
from ombud.db.secret import with_password
from ombud.db.tls import refuse_plain_tcp
from ombud.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


class _Look(Protocol):
    async def __call__(self, statement: Any, /) -> Any: ...


class ReplicaDesk:
    """The replica's side of a desk. Connects on first use, and watches from the start."""

    def __init__(self, url: str | URL, settings: Settings, *, primary: str | URL) -> None:
        self.url = make_url(url)
        self._primary = make_url(primary)
        refuse_plain_tcp(self.url, settings)
        # Nobody waits long for a replica: there is another server.
        self._settings = settings.model_copy(update={"connect_timeout": CONNECT_SECONDS, "pool_timeout": 1.0})
        self._links = Links()
        self.replica = Replica(
            lambda: self._connect(self.url),
            lambda: self._connect(self._primary),
            self._links.cut,
            max_lag=settings.replica_max_lag,
        )

    @cached_property
    def engine(self) -> Engine:
        """The synchronous engine."""
        engine = make_engine(self.url, self._settings)
        self._follow(engine)
        return engine

    @cached_property
    def async_engine(self) -> "AsyncEngine":
        """The asynchronous engine."""
        engine = make_async_engine(self.url, self._settings)
        self._follow(engine.sync_engine)
        return engine

    def enter(
        self, stack: ExitStack, actor: Actor, options: dict[str, Any], seconds: float, *, by_key: bool
    ) -> DeskSession | None:
        """Open a reading session on the replica and leave it to `stack`; None when the primary must be read.

        A statement may take `seconds`.
        """
        if not self.replica.serves(actor.label):
            return None
        session = session_on(self.engine, actor, read_only=True, timeout=seconds, by_key=by_key)
        try:
            stack.enter_context(entered(session, options))
        except (SQLAlchemyError, Unavailable):
            self.replica.doubt()
            return None
        return session

    async def aenter(
        self, stack: AsyncExitStack, actor: Actor, options: dict[str, Any], seconds: float, *, by_key: bool
    ) -> "AsyncSession | None":
        """The asynchronous twin of `enter`."""
        if not self.replica.serves(actor.label):
            return None
        session = async_session_on(self.async_engine, actor, read_only=True, timeout=seconds, by_key=by_key)
        try:
            # The watcher cuts the links of a silent replica first: a driver that is cancelled may try for seconds
            # to tell a server that does not listen. This limit is for links that do not stand yet.
            await stack.enter_async_context(aentered(session, options, 2 * ANSWER_WITHIN))
        except (SQLAlchemyError, Unavailable):
            self.replica.doubt()
            return None
        return session

    def note(self, actor: Actor, engine: Engine) -> None:
        """Remember how far the primary is after a commit of `actor`'s. The commit stands, so nothing is raised."""
        try:
            with engine.connect() as plain:
                connection = plain.execution_options(isolation_level="AUTOCOMMIT")
                lsn = connection.execute(PRIMARY_POSITION).scalar_one()
        except SQLAlchemyError:
            self.replica.hold(actor.label)
        else:
            self.replica.note(actor.label, lsn)

    async def anote(self, actor: Actor, look: _Look) -> None:
        """The asynchronous twin of `note`."""
        self.replica.hold(actor.label)  # until it is known, even if this is cancelled
        try:
            row = await look(PRIMARY_POSITION)
        except Unavailable:
            return
        self.replica.note(actor.label, row[0])

    def close(self) -> None:
        """Close the synchronous connections and stop watching."""
        self.replica.close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    async def aclose_asynchronous(self) -> None:
        """Close the asynchronous connections."""
        if "async_engine" in self.__dict__:
            await self.async_engine.dispose()

    def _follow(self, engine: Engine) -> None:
        self._links.follow(engine)

        @event.listens_for(engine, "do_connect")
        def refuse(*_: Any) -> None:
            # A pool replaces a link that was cut at once, and would wait for a server that does not listen.
            if not self.replica.answers:
                raise Unavailable

    def _connect(self, url: URL) -> "psycopg.Connection[Any]":
        from ombud.db.migrate import libpq  # Alembic comes with it, and only who has a replica needs this

        where = libpq(with_password(url, self._settings))
        return psycopg.connect(
            where, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="ombud-watch"
        )
