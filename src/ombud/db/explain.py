"""The plan of a statement as PostgreSQL would run it: as sent, with its very values, under row security."""

from typing import Any

from sqlalchemy import Connection, Select, event
from sqlalchemy.orm import Session

_AS_TEXT = ("EXPLAIN ", "EXPLAIN (ANALYZE, BUFFERS) ")
_AS_JSON = ("EXPLAIN (FORMAT JSON) ", "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ")


class _Sent(Exception):
    def __init__(self, statement: str, parameters: Any) -> None:
        self.statement = statement
        self.parameters = parameters


def plan_lines(session: Session, statement: Select[Any], *, analyze: bool = False) -> list[str]:
    """Return the plan as people read it; `analyze` runs the statement and says what it took."""
    return [str(row[0]) for row in _explain(session, statement, _AS_TEXT[analyze])]


def plan_json(session: Session, statement: Select[Any], *, analyze: bool = False) -> dict[str, Any]:
    """Return the plan as PostgreSQL's JSON."""
    (row,) = _explain(session, statement, _AS_JSON[analyze])
    plan: dict[str, Any] = row[0][0]
    return plan


def _explain(session: Session, statement: Select[Any], how: str) -> list[Any]:
    sent = _as_sent(session, statement)
    # The statement is what SQLAlchemy made of a builder's; its values stay parameters.
    return list(session.connection().exec_driver_sql(how + sent.statement, sent.parameters))


def _as_sent(session: Session, statement: Select[Any]) -> _Sent:
    """Return what the session would send, after everything that changes statements on their way; it is not sent."""
    connection = session.connection()

    def catch(_connection: Connection, _cursor: Any, sql: str, parameters: Any, *_rest: Any) -> None:
        raise _Sent(sql, parameters)

    event.listen(connection, "before_cursor_execute", catch)
    try:
        session.execute(statement)
    except _Sent as sent:
        return sent
    finally:
        event.remove(connection, "before_cursor_execute", catch)
    raise AssertionError("a statement is sent when it is executed")
