"""The database's password from a file, read anew at each connection: it may be changed while the desk runs.

Between the change on the server and the one of the file a sign-in fails; it is tried again for a moment.
"""

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, event

from ombud.config import Settings
from ombud.errors import Unavailable

GRACE_SECONDS = 3.0
"""How long server and file may disagree."""
PAUSE_SECONDS = 0.05


def read_password(path: Path) -> str:
    """Return the password in a file, without the line's end; Unavailable when it cannot be had or others may write it.

    Others than its owner and group may not read it either, unless it is read-only to everybody: that is how
    orchestrators mount secrets into a container of one's own.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(
            f"The database's password cannot be read from {path} (OMBUD_DATABASE_PASSWORD_FILE)."
        ) from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unavailable(f"Others may change the password in {path}. Take that back: chmod 600 {path}")
    if mode & stat.S_IROTH and mode & stat.S_IWUSR:
        raise Unavailable(f"Everybody may read the password in {path}. Take that back: chmod 600 {path}")
    password = text.rstrip("\r\n")
    if not password:
        raise Unavailable(f"{path} is empty: it should hold the database's password.")
    return password


def with_password(url: URL, settings: Settings) -> URL:
    """Return the URL with the password of the settings' file, as it is now."""
    path = settings.database_password_file
    return url if path is None else url.set(password=read_password(path))


def sign_in_by_file(engine: Engine, path: Path) -> None:
    """Read the password at each connection of an engine."""

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        return _signed_in(
            lambda: dialect.connect(*arguments, **{**options, "password": read_password(path)}),
            pause=_sleep_in_loop if dialect.is_async else time.sleep,
        )


def _signed_in(connect: Callable[[], Any], pause: Callable[[float], None]) -> Any:
    deadline = time.monotonic() + GRACE_SECONDS
    while True:
        try:
            return connect()
        except Exception as error:
            if not is_wrong_password(error) or time.monotonic() > deadline:
                raise
        pause(PAUSE_SECONDS)


def is_wrong_password(error: BaseException) -> bool:
    """Tell whether a sign-in failed because of the password. libpq gives words only, in the server's language."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state == "28P01" or "password authentication failed" in str(error)


def _sleep_in_loop(seconds: float) -> None:
    import asyncio

    from sqlalchemy.util import await_only

    await_only(asyncio.sleep(seconds))
