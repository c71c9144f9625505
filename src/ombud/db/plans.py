"""Which plans PostgreSQL makes: for the values at hand, or once for all.

A list's filters vary, and only a plan for the very values finds the partial indexes and knows a busy agent from an
idle one: that is how every transaction begins (`plan_cache_mode` in `engine`). Rows that are looked up by their keys
have one good plan, and making it anew costs several times what running it does, because every table brings its
policies along. Inside `by_key` the plan of a prepared statement is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

_KEEP = "SET LOCAL plan_cache_mode = force_generic_plan"
_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"


@contextmanager
def by_key(session: Session) -> Iterator[None]:
    """Keep plans for the statements of this block: for look-ups by keys, by arrays of keys, and nothing else."""
    connection = session.connection()
    connection.exec_driver_sql(_KEEP)
    yield
    # Not after an error: the transaction, or the savepoint around us, takes the setting back with everything else.
    connection.exec_driver_sql(_ANEW)
