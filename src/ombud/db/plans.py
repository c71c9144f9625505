"""Which plans PostgreSQL makes: for the values at hand, or once for all.

A list's filters vary, and only a plan for the very values finds the partial indexes and knows a busy agent from an
idle one: that is how transactions that read begin (`plan_mode` in `context`). Rows that are looked up by their keys
have one good plan, and making it anew costs several times what running it does, because every table brings its
policies along. Inside `by_key`, or in `desk.read(actor, by_key=True)`, the plan of a prepared statement is kept. So is
that of a statement without parameters, wherever it is executed.

A switch is a round trip. A transaction that reads goes back to plans for its values only when such a statement follows,
and a statement of one row may switch in a column of its own (`keys_follow`, `values_follow`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Function, event, func, literal_column, text, true
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from ombud.db.context import DeskSession, plan_mode

KEPT, ANEW = "force_generic_plan", "force_custom_plan"
INFO_HELD = "ombud_plans_held"
"""Where a session says that a block of `by_key` is open."""
INFO_LEFT = "ombud_plans_left"
"""Where a session says that a block was left without switching back."""
_SET = text("SELECT set_config('plan_cache_mode', :mode, true)")


@contextmanager
def by_key(session: Session, *, switched: bool = False) -> Iterator[None]:
    """Keep plans for the statements of this block: for look-ups by keys, by arrays of keys, and nothing else.

    `switched` says that the statement before it had the column `keys_follow`.
    """
    was_held, was_left = session.info.get(INFO_HELD, False), session.info.pop(INFO_LEFT, False)
    if not (switched or was_held or was_left):
        session.connection().execute(_SET, {"mode": KEPT})
    session.info[INFO_HELD] = True
    try:
        yield
    finally:
        session.info[INFO_HELD] = was_held
        session.info[INFO_LEFT] = not was_held
    if not was_held and plan_mode(session) != ANEW:
        # What writes goes back at once: its triggers are planned, too. Not after an error: the transaction, or the
        # savepoint around us, takes the setting back with everything else.
        _go_back(session)


def keys_follow() -> Function[str]:
    """Return a column with which a statement of one row begins `by_key` reading, as its last one.

    It spares a round trip of its own. Its name is not of interest; its value is the setting.
    """
    return _set_here("'force_generic_plan'")


def values_follow() -> Function[str]:
    """Return a column with which a statement of one row ends `by_key` reading: what follows is planned for its values.

    As `keys_follow`.
    """
    return _set_here("'force_custom_plan'")


def _set_here(mode: str) -> Function[str]:
    """Set without parameters: a statement that has no others keeps its plan."""
    return func.set_config(literal_column("'plan_cache_mode'"), literal_column(mode), true())


@event.listens_for(DeskSession, "do_orm_execute")
def _return(state: ORMExecuteState) -> None:
    """Plan the first statement after a block of `by_key` for its values again."""
    info = state.session.info
    if info.get(INFO_LEFT) and not info.get(INFO_HELD):
        _go_back(state.session)


@event.listens_for(DeskSession, "after_begin")
def _begun(session: Session, transaction: SessionTransaction, _connection: object) -> None:
    if not transaction.nested:
        session.info[INFO_LEFT] = False


@event.listens_for(DeskSession, "after_soft_rollback")
def _rolled_back(session: Session, previous: SessionTransaction) -> None:
    """A savepoint that is rolled back takes a switch with it, whichever that was."""
    if previous.nested:
        session.info[INFO_LEFT] = True


def _go_back(session: Session) -> None:
    session.info[INFO_LEFT] = False
    session.connection().execute(_SET, {"mode": plan_mode(session)})
