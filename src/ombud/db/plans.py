"""Which plans PostgreSQL makes: for the values at hand, or once for all.

A list's filters vary, and only a plan for the very values finds the partial indexes and knows a busy agent from an
idle one: that is how transactions that read begin (`plan_mode` in `context`). Rows that are looked up by their keys
have one good plan, and making it anew costs several times what running it does, because every table brings its
policies along. Inside `by_key`, or in `desk.read(actor, by_key=True)`, the plan of a prepared statement is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Function, func, text
from sqlalchemy.orm import Session

from ombud.db.context import plan_mode

_SET = text("SELECT set_config('plan_cache_mode', :mode, true)")


@contextmanager
def by_key(session: Session) -> Iterator[None]:
    """Keep plans for the statements of this block: for look-ups by keys, by arrays of keys, and nothing else."""
    connection = session.connection()
    connection.execute(_SET, {"mode": "force_generic_plan"})
    yield
    # Not after an error: the transaction, or the savepoint around us, takes the setting back with everything else.
    connection.execute(_SET, {"mode": plan_mode(session)})


def values_follow() -> Function[str]:
    """Return a column with which a statement of one row ends `by_key` reading: what follows is planned for its values.

    It spares a round trip of its own. Its name is not of interest; its value is the setting.
    """
    return func.set_config("plan_cache_mode", "force_custom_plan", True)
