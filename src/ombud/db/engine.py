"""Engine factories, synchronous and asynchronous. Nothing connects or imports a driver before it is called."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event, make_url

from ombud.config import Settings
from ombud.db.alive import (
    ENDED,
    TCP_TIMEOUT_MS,
    ask_only_when_in_doubt,
    give_up_on_silence,
    notice_dead_hosts,
)
from ombud.db.beginning import begin_in_one, taking_along
from ombud.db.roles import Role
from ombud.db.secret import sign_in_by_file
from ombud.db.silence import watch_for_silence
from ombud.db.tls import asyncpg_tls, refuse_plain_tcp, with_roots, without_libpq_names
from ombud.db.translate import TooSlow
from ombud.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

# What a URL without a driver means; the tests run on the others, too.
SYNC_DRIVER, ASYNC_DRIVER = "psycopg", "asyncpg"
SYNC_DRIVERS = ("psycopg", "psycopg2")
ASYNC_DRIVERS = ("asyncpg", "psycopg")
APPLICATION = "ombud"
COMMAND_TIMEOUT = 60
"""Seconds until asyncpg gives up by itself; the server's own limits are shorter for people."""


def make_engine(url: str | URL, settings: Settings | None = None, *, role: str = Role.WEB) -> Engine:
    """Return a pooled synchronous engine whose connections work as `role`.

    Accepts `postgresql://` (psycopg 3), `postgresql+psycopg://` and `postgresql+psycopg2://`.
    """
    settings = settings or Settings()
    target = _with_driver(url, default=SYNC_DRIVER, known=SYNC_DRIVERS)
    refuse_plain_tcp(target, settings)
    arguments = _libpq_arguments(settings, role)
    return _equipped(create_engine(with_roots(target), connect_args=arguments, **_pool(settings)), settings)


def make_async_engine(
    url: str | URL, settings: Settings | None = None, *, role: str = Role.WEB
) -> "AsyncEngine":
    """Return a pooled asynchronous engine (asyncpg, or psycopg where the URL names it)."""
    from sqlalchemy.ext.asyncio import create_async_engine

    settings = settings or Settings()
    target = _with_driver(url, default=ASYNC_DRIVER, known=ASYNC_DRIVERS)
    refuse_plain_tcp(target, settings)
    arguments: dict[str, Any]
    if target.get_driver_name() == "asyncpg":
        arguments = {
            "server_settings": {**_server_settings(settings, role), "application_name": APPLICATION},
            "timeout": settings.connect_timeout,
            "command_timeout": COMMAND_TIMEOUT,
            "connection_class": taking_along(),
            "ssl": asyncpg_tls(target),
        }
        target = without_libpq_names(target)
    else:
        arguments = _libpq_arguments(settings, role)
        target = with_roots(target)
    engine = create_async_engine(target, connect_args=arguments, **_pool(settings))
    give_up_on_silence(_equipped(engine.sync_engine, settings))
    return engine


def _libpq_arguments(settings: Settings, role: str) -> dict[str, Any]:
    return {
        "options": " ".join(f"-c {name}={value}" for name, value in _server_settings(settings, role).items()),
        "connect_timeout": settings.connect_timeout,
        "application_name": APPLICATION,
        "keepalives_idle": 30,
        "tcp_user_timeout": TCP_TIMEOUT_MS,
    }


def _equipped(engine: Engine, settings: Settings) -> Engine:
    watch_for_silence(engine, settings.connect_timeout)
    ask_only_when_in_doubt(engine)
    if engine.dialect.driver == "asyncpg":
        notice_dead_hosts(engine)
        begin_in_one(engine)
    if settings.database_password_file is not None:
        sign_in_by_file(engine, settings.database_password_file)
    return _in_words(engine)


def _in_words(engine: Engine) -> Engine:
    """Say what drivers do by themselves, and do not say as errors of a database.

    Invalid for what they refuse before anything is sent (NUL, lone surrogates), TooSlow where asyncpg gives up.
    """

    @event.listens_for(engine, "handle_error")
    def refuse(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, ValueError) and context.sqlalchemy_exception is None:
            raise Invalid("A text contains characters that cannot be stored.") from None
        if isinstance(error, TimeoutError) and context.connection is not None:
            raise TooSlow from error
        if getattr(error, "sqlstate", None) in ENDED or getattr(error, "pgcode", None) in ENDED:
            context.is_disconnect = True

    return engine


def postgresql_url(url: str | URL) -> URL:
    """Return a parsed URL; raises Unavailable when it speaks of another database system."""
    target = make_url(url)
    if target.get_backend_name() not in ("postgresql", "postgres"):
        raise Unavailable("Ombud keeps its data in PostgreSQL: the URL must begin with postgresql://.")
    return target


def _server_settings(settings: Settings, role: str) -> dict[str, str]:
    return {
        "role": str(role),  # asyncpg wants the very type
        "search_path": "ombud,public",
        "jit": "off",
        "timezone": "UTC",
        # Filters vary: a plan for the values at hand finds the partial indexes, a generic one cannot.
        "plan_cache_mode": "force_custom_plan",
        # Pages read a few rows by index; starting parallel workers costs more than it brings.
        "max_parallel_workers_per_gather": "0",
        "statement_timeout": f"{settings.statement_timeout * 1000:.0f}",
        "lock_timeout": f"{settings.lock_timeout * 1000:.0f}",
        "idle_in_transaction_session_timeout": "10000",
    }


def _pool(settings: Settings) -> dict[str, Any]:
    return {
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_overflow,
        "pool_timeout": settings.pool_timeout,
        "pool_recycle": 1800,
        "pool_pre_ping": True,
        "pool_use_lifo": True,
        "hide_parameters": True,
    }


def _with_driver(url: str | URL, *, default: str, known: tuple[str, ...]) -> URL:
    target = postgresql_url(url)
    named = target.drivername.partition("+")[2]
    return target if named in known else target.set(drivername=f"postgresql+{default}")
