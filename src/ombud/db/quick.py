"""What is one round trip below SQLAlchemy for a host that says itself who acts, and the usual way of doing the same.

A slice's verb takes the actor, checks, and returns a `Quick`; `Desk.aquick` does it by `ombud.db.plain`, or the usual
way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ombud.db.context import DeskSession
from ombud.db.plain import Does, Step

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Quick(Generic[T]):
    """Statements that are made once, what the first one is given, and both ways to the same result."""

    steps: Sequence[Step]
    """None: for this actor there is only the usual way."""
    texts: Sequence[str | None]
    result: Callable[[Sequence[str | None]], T]
    """Reads what the last step returned."""
    usual: Callable[[DeskSession], T]
    """Does the same with a session; it finds the words for what goes wrong, and lets the desk's reactions know."""
    does: Does = "writes"
    """Whether it writes; what only reads is read-only in PostgreSQL, either way."""
