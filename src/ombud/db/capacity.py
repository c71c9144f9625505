"""Does the server have room for the desk's pools? Asked at start, because otherwise it shows at the busiest hour."""

from psycopg import Connection

from ombud.config import Settings
from ombud.errors import Invalid

ENGINES = 2
"""One asynchronous (pages and API), one synchronous (chores, hosts)."""


def needed(settings: Settings) -> int:
    """Return how many connections the desk's processes may take at once."""
    each = ENGINES * (settings.pool_size + settings.pool_overflow) + _beside(settings)
    return settings.processes * each


def _beside(settings: Settings) -> int:
    """The connection that listens for changes; with a replica, another one that asks how far the server is."""
    return 1 if settings.replica_url is None else 2


def check_capacity(connection: Connection, settings: Settings) -> None:
    """Refuse pools that are larger than what the server lets in; Invalid says what to change."""
    found = connection.execute(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        " - coalesce(current_setting('reserved_connections', true)::int, 0)"
    ).fetchone()
    room = int(found[0]) if found else 0
    wanted = needed(settings)
    if wanted <= room:
        return
    beside = _beside(settings)
    fitting = max(1, ((room // settings.processes) - beside) // ENGINES)
    raise Invalid(
        f"The desk may take {wanted} connections ({settings.processes} processes x ({ENGINES} engines x"
        f" ({settings.pool_size} + {settings.pool_overflow}) + {beside})), and the server lets {room} in. Lower"
        f" OMBUD_POOL_SIZE + OMBUD_POOL_OVERFLOW to {fitting}, or raise max_connections to {wanted + 10}, or put"
        " PgBouncer in session mode between."
    )
