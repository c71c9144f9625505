"""Tell PostgreSQL who acts, at the beginning of every transaction, in one statement (`beginning` sends it with BEGIN).

The settings are local to the transaction: they end with it and never reach the next user of a pooled
connection. They are set from `after_begin`; doing it before each statement can return a connection with an
open transaction to the pool when a task is cancelled.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction

from ombud.db.actor import Actor, ActorKind
from ombud.db.alive import INFO_LIMIT
from ombud.db.beginning import ENTERING
from ombud.db.roles import Role
from ombud.errors import Forbidden

INFO_ACTOR = "ombud_actor"
INFO_READ_ONLY = "ombud_read_only"
INFO_TIMEOUT = "ombud_timeout_ms"
INFO_BY_KEY = "ombud_by_key"

# `role` and `transaction_read_only` are ordinary settings here: one round trip sets everything.
SETTINGS = {
    "actor": "ombud.actor",
    "user_id": "ombud.user_id",
    "kind": "ombud.kind",
    "scope": "ombud.scope",
    "teams": "ombud.teams",
    "organization": "ombud.organization_id",
    "request": "ombud.request_id",
    "role": "role",
    "permissions": "ombud.permissions",
    "read_teams": "ombud.read_teams",
    "timeout": "statement_timeout",
    "read_only": "transaction_read_only",
    "plans": "plan_cache_mode",
}
"""What PostgreSQL calls each of `context_values`, and what else a transaction is told."""
# Fields for values, which `beginning` matches before it writes them out.
_SET = [f"set_config('{name}', '{{{value}}}', true)" for value, name in SETTINGS.items()]
_WRITTEN = "SELECT " + ", ".join(_SET)  # house: OMB003 names of ours
_ENTER = text(_WRITTEN.replace("'{", ":").replace("}'", "")).execution_options(**{ENTERING: _WRITTEN})
_TAKE_TIME = text("SELECT set_config('statement_timeout', :timeout, true)")


class DeskSession(Session):
    """A session that knows who acts in it. Made by `Desk` only."""


def bind_actor(
    session: Session, actor: Actor, *, read_only: bool, timeout: float = 5.0, by_key: bool = False
) -> None:
    """Say who acts in `session` from its next transaction on; `timeout` is seconds per statement.

    `by_key` says that it reads by keys (see `ombud.db.plans`).
    """
    session.info[INFO_ACTOR] = actor
    session.info[INFO_TIMEOUT] = f"{timeout * 1000:.0f}"
    session.info[INFO_READ_ONLY] = read_only
    session.info[INFO_BY_KEY] = by_key


def actor_of(session: Session) -> Actor:
    """Return who acts in this session; an error if nobody was named."""
    if not isinstance(session, Session):  # AsyncSession has the same names, and coroutines behind them
        raise TypeError("This is no synchronous session: use await session.run_sync(action, ...).")
    actor = session.info.get(INFO_ACTOR)
    if not isinstance(actor, Actor):
        raise Forbidden("This session has no actor: open it with desk.begin(actor) or desk.read(actor).")
    return actor


def take_time(session: Session, seconds: float) -> None:
    """Let each statement of this transaction run for so many seconds from now on, on the server and in its client.

    For what is rare, is all or nothing, and takes as long as somebody has rows. Locks are waited for no longer.
    """
    connection = session.connection()
    connection.execute(_TAKE_TIME, {"timeout": f"{seconds * 1000:.0f}"})
    connection.info[INFO_LIMIT] = seconds


@event.listens_for(DeskSession, "after_begin")
def _enter(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if transaction.nested or INFO_ACTOR not in session.info:
        return
    values = context_values(actor_of(session))
    values["timeout"] = session.info[INFO_TIMEOUT]
    values["read_only"] = "on" if session.info[INFO_READ_ONLY] else "off"
    connection.info[INFO_LIMIT] = int(values["timeout"]) / 1000
    values["plans"] = plan_mode(session)
    connection.execute(_ENTER, values)


def plan_mode(session: Session) -> str:
    """Return the transaction's `plan_cache_mode`.

    What reads has filters that vary, and is planned for the values at hand. What writes looks rows up by their keys,
    most of all in triggers and foreign keys, which would be planned anew for every row.
    """
    if not session.info.get(INFO_READ_ONLY, True):
        return "auto"
    return "force_generic_plan" if session.info.get(INFO_BY_KEY) else "force_custom_plan"


def context_values(actor: Actor) -> dict[str, Any]:
    """Return the settings that stand for `actor`, as texts."""
    is_system = actor.kind is ActorKind.SYSTEM
    return {
        "actor": actor.label,
        "user_id": _or_empty(actor.user_id),
        "kind": actor.kind.value,
        "scope": actor.scope.value,
        "teams": _array(sorted(actor.team_ids)),
        "permissions": _array(sorted(actor.permissions)),
        "read_teams": _array(sorted(actor.read_team_ids)),
        "organization": _or_empty(actor.organization_id),
        "request": actor.request_id,
        "role": Role.WORKER.value if is_system else Role.WEB.value,
    }


def _array(values: Iterable[object]) -> str:
    return "{" + ",".join(str(value) for value in values) + "}"


def _or_empty(value: int | None) -> str:
    return "" if value is None else str(value)
