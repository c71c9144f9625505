"""Statements that are always the same but for their parameters are put together once.

Putting a large one together, and working out its key in SQLAlchemy's cache, takes as long as answering it. What varies
is given as parameters: `bindparam`s with a name and a type.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Select
from sqlalchemy.sql.visitors import iterate

S = TypeVar("S", bound=Select[*tuple[Any, ...]])
Given: TypeAlias = int | ColumnElement[int]
"""An id, or the parameter that stands for it in a statement that is made once."""

KEPT = 1000


def made_once(key: tuple[Hashable, ...], make: Callable[[], S]) -> S:
    """Return the statement that `make` puts together; the KEPT used last are kept, for all threads.

    `key` names all that it is made of: who asks (without the request), and the functions whose conditions it holds,
    so that a test which replaces one of them gets another statement.
    """
    found = _MADE.get(key)
    if found is None:
        found = _MADE[key] = make()
        while len(_MADE) > KEPT:
            _forget_oldest()
    else:
        _touch(key)
    made: S = found
    return made


def in_place(statement: S) -> S:
    """Write the values of a statement into it, and return it: without parameters PostgreSQL keeps its plan.

    For values of ours, and for a statement that has just been put together and of which nothing is used elsewhere.
    """
    for element in iterate(statement):
        if isinstance(element, BindParameter):
            element.literal_execute = True
    return statement


def _touch(key: tuple[Hashable, ...]) -> None:
    try:
        _MADE.move_to_end(key)
    except KeyError:  # another thread has just let it go
        return


def _forget_oldest() -> None:
    try:
        _MADE.popitem(last=False)
    except KeyError:  # another thread was faster
        return


_MADE: OrderedDict[tuple[Hashable, ...], Any] = OrderedDict()
