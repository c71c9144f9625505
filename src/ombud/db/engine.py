"""Engine factories, synchronous and asynchronous. Nothing connects or imports a driver before it is called."""

import os
import ssl
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event, make_url

from ombud.config import Settings
from ombud.db.roles import Role
from ombud.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

SYNC_DRIVERS = ("psycopg", "psycopg2")
LOOPBACK = ("", "localhost", "127.0.0.1", "::1")


def make_engine(url: str | URL, settings: Settings | None = None, *, role: str = Role.WEB) -> Engine:
    """Return a pooled synchronous engine whose connections work as `role`.

    Accepts `postgresql://` (psycopg 3), `postgresql+psycopg://` and `postgresql+psycopg2://`.
    """
    settings = settings or Settings()
    target = _with_driver(url, default="psycopg")
    refuse_plain_tcp(target, settings)
    arguments: dict[str, Any] = {
        "options": " ".join(f"-c {name}={value}" for name, value in _server_settings(settings, role).items()),
        "connect_timeout": settings.connect_timeout,
        "application_name": "ombud",
        "keepalives_idle": 30,
    }
    return _in_words(create_engine(target, connect_args=arguments, **_pool(settings)))


def make_async_engine(
    url: str | URL, settings: Settings | None = None, *, role: str = Role.WEB
) -> "AsyncEngine":
    """Return a pooled asynchronous engine (asyncpg, or psycopg where the URL names it)."""
    from sqlalchemy.ext.asyncio import create_async_engine

    settings = settings or Settings()
    target = _with_driver(url, default="asyncpg")
    refuse_plain_tcp(target, settings)
    arguments: dict[str, Any]
    if target.get_driver_name() == "asyncpg":
        arguments = {
            "server_settings": {**_server_settings(settings, role), "application_name": "ombud"},
            "timeout": settings.connect_timeout,
            "command_timeout": 60,
            "ssl": _asyncpg_tls(target),
        }
        # What is left of the query would be keyword arguments, and libpq's names are not asyncpg's.
        target = target.set(query={key: target.query[key] for key in ("host", "port") if key in target.query})
    else:
        options = _server_settings(settings, role)
        arguments = {
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "connect_timeout": settings.connect_timeout,
            "application_name": "ombud",
        }
    engine = create_async_engine(target, connect_args=arguments, **_pool(settings))
    _in_words(engine.sync_engine)
    return engine


def _in_words(engine: Engine) -> Engine:
    """Make Invalid of what a driver refuses by itself: NUL and lone surrogates, before anything is sent."""

    @event.listens_for(engine, "handle_error")
    def refuse(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, ValueError) and context.sqlalchemy_exception is None:
            raise Invalid("A text contains characters that cannot be stored.") from None

    return engine


def refuse_plain_tcp(url: URL, settings: Settings) -> None:
    """Refuse a database on another host without verified TLS, unless settings allow it explicitly."""
    if _is_local(url) or settings.allow_plain_tcp:
        return
    query = {key: value for key, value in url.query.items() if isinstance(value, str)}
    mode = query.get("sslmode") or query.get("ssl") or ""
    if mode not in ("verify-full", "verify-ca"):
        raise Unavailable(
            f"The database on {_host(url)} would be reached without verified TLS. Add ?sslmode=verify-full to the "
            "URL, or set OMBUD_ALLOW_PLAIN_TCP=1 if the network between is yours alone."
        )


def postgresql_url(url: str | URL) -> URL:
    """Return a parsed URL; raises Unavailable when it speaks of another database system."""
    target = make_url(url)
    if target.get_backend_name() not in ("postgresql", "postgres"):
        raise Unavailable("Ombud keeps its data in PostgreSQL: the URL must begin with postgresql://.")
    return target


def _host(url: URL) -> str:
    in_query = url.query.get("host", "")
    return url.host or (in_query if isinstance(in_query, str) else in_query[0])


def _is_local(url: URL) -> bool:
    host = _host(url)
    return host in LOOPBACK or host.startswith("/")


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


def _with_driver(url: str | URL, *, default: str) -> URL:
    target = postgresql_url(url)
    named = target.drivername.partition("+")[2]
    wants_sync = default in SYNC_DRIVERS
    fits = named in SYNC_DRIVERS if wants_sync else named in ("asyncpg", "psycopg")
    return target if named and fits else target.set(drivername=f"postgresql+{default}")


def _asyncpg_tls(url: URL) -> "ssl.SSLContext | str":
    """Translate libpq's TLS parameters, which asyncpg takes as a context of the standard library."""
    query = {key: value for key, value in url.query.items() if isinstance(value, str)}
    mode = query.get("sslmode", "disable" if _is_local(url) else "prefer")
    if mode not in ("verify-full", "verify-ca"):
        return mode
    context = ssl.create_default_context(cafile=query.get("sslrootcert") or os.environ.get("PGSSLROOTCERT"))
    context.check_hostname = mode == "verify-full"
    if "sslcert" in query:
        context.load_cert_chain(query["sslcert"], query.get("sslkey"))
    return context
