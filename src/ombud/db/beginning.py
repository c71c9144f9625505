"""BEGIN and who acts, in one round trip, for asyncpg.

It begins by a text of its own, which takes another statement along if that has no parameters. The settings that say who
acts are ids and words of ours, and are written out where that is all that they are. Otherwise, and with psycopg and
psycopg2, where it gains too little (docs/performance.md), BEGIN goes first and then the settings. Whichever way they
come, nothing else is asked before they stand.
"""

import re
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.util import await_only

ENTERING = "ombud_entering"
"""The execution option of the statement that says who acts; its value is that statement, with fields for its values."""
HARMLESS = re.compile(r"[A-Za-z0-9_:.,{}\-]*")
"""Ids, words of ours, arrays of them: nothing that anybody typed, and nothing that ends a literal."""


def begin_in_one(engine: Engine) -> None:
    """Send who acts together with BEGIN; for an engine of asyncpg whose connections are `taking_along`."""

    @event.listens_for(engine, "do_execute")
    def entering(_cursor: Any, _statement: str, _parameters: Any, context: Any) -> bool | None:
        text = context.execution_options.get(ENTERING)
        return None if text is None else _begin(context, text)


def taking_along() -> type[Any]:
    """Return the class of asyncpg's connections whose BEGIN takes a text along. Imports the driver."""
    from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

    connection: Any = PGDialect_asyncpg.import_dbapi().asyncpg.Connection  # type: ignore[no-untyped-call]  # SQLAlchemy's own

    class TakingAlong(connection):  # type: ignore[misc]  # the driver has no types
        """`along`, if there is one, goes with the next BEGIN."""

        along: str | None = None

        async def execute(self, query: str, *args: Any, **options: Any) -> str:
            if self.along is not None and query.startswith("BEGIN"):
                along, self.along = self.along, None
                query = f"{query.rstrip(';')}; {along}"  # house: OMB003 settings, each matched in _begin
            status: str = await super().execute(query, *args, **options)
            return status

    return TakingAlong


def _begin(context: Any, text: str) -> bool | None:
    """Begin with the settings, and return True. None: they are still to be set, in the usual way."""
    connection = context.root_connection.connection.dbapi_connection
    values = context.compiled_parameters[0]
    if not all(map(HARMLESS.fullmatch, values.values())):
        return None
    start = getattr(connection, "_start_transaction", None)
    if start is None or getattr(connection, "_transaction", start) is not None:
        return None  # another version of SQLAlchemy, or begun already
    driver = connection.driver_connection
    driver.along = text.format_map(values)
    try:
        await_only(start())
    except Exception:
        # BEGIN may have come through without the rest. Nobody else gets this connection.
        driver.terminate()
        raise
    was_taken, driver.along = driver.along is None, None
    return was_taken or None
