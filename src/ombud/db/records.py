"""Records from JSON arrays of columns: what a step (`ombud.db.plain`) answers with where objects of a session would be.

A record is a NamedTuple: made in a third of a microsecond, where an object of the ORM takes six (docs/performance.md).
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints


def columns_told(text: str | None) -> list[list[Any]]:
    """Return the columns of a JSON array of arrays; none of them where there are no rows."""
    columns: list[list[Any] | None] = json.loads(text or "[]")
    return [] if None in columns else [column or [] for column in columns]


def fields_read(kind: type[NamedTuple], columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Return the columns of a record's first fields with their values as `kind` says: moments, and words of ours."""
    converters = _converters(kind)[: len(columns)]
    return [
        column if convert is None else [None if value is None else convert(value) for value in column]
        for column, convert in zip(columns, converters, strict=True)
    ]


@cache
def _converters(kind: type[NamedTuple]) -> list[Callable[[Any], Any] | None]:
    hints = get_type_hints(kind)
    return [_converter(hints[name]) for name in kind._fields]


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    for one in get_args(hint) or (hint,):
        if one is datetime:
            return datetime.fromisoformat
        if isinstance(one, type) and issubclass(one, Enum):
            return {member.value: member for member in one}.__getitem__
    return None
