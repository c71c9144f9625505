"""Count statements: every page and call has a budget, and tests hold it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event


@dataclass
class StatementLog:
    """The statements sent inside a block, in order; BEGIN and COMMIT are not among them."""

    statements: list[str] = field(default_factory=list)
    outer: "StatementLog | None" = field(default=None, repr=False, compare=False)
    """The block around this one, which counts the same statements."""

    def __len__(self) -> int:
        return len(self.statements)

    def __str__(self) -> str:
        return "\n".join(
            f"{number}. {' '.join(sql.split())}" for number, sql in enumerate(self.statements, 1)
        )


_active: ContextVar[StatementLog | None] = ContextVar("ombud_statement_log", default=None)


@contextmanager
def counted() -> Iterator[StatementLog]:
    """Count what this thread or task sends to any engine inside the block."""
    log = StatementLog(outer=_active.get())
    token = _active.set(log)
    try:
        yield log
    finally:
        _active.reset(token)


def note(statement: str) -> None:
    """Count a statement that is sent without an engine."""
    log = _active.get()
    while log is not None:
        log.statements.append(statement)
        log = log.outer


@event.listens_for(Engine, "before_cursor_execute")
def _sent(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    note(statement)
