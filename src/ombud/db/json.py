"""JSON as the API writes it, made by PostgreSQL: no blanks, moments in UTC with a `Z`, an order of our own.

PostgreSQL's own `json_build_object` puts blanks in and writes moments otherwise; texts it escapes as pydantic does.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, case, cast, func, literal_column
from sqlalchemy.dialects.postgresql import aggregate_order_by


def written(text: str) -> ColumnElement[str]:
    """Return a text of ours that stands in the statement itself, and is no parameter."""
    if "'" in text or "%" in text:
        raise ValueError(text)
    return literal_column(f"'{text}'", Text)


NULL = written("null")
_NULL: ColumnElement[Any] = literal_column("'null'::json", JSON)
_ISO = written('"\\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""')


@dataclass(frozen=True, slots=True)
class Word:
    """A word of ours, which needs nothing to be JSON but its quotes, and is never NULL."""

    value: Any


def object_of(*, _end: str = "}", **fields: Any) -> ColumnElement[str]:
    """Return a JSON object of fields that are JSON, a `Word` or whole numbers; at most 49 of them.

    With another `_end` it is the beginning of one.
    """
    parts: list[Any] = []
    closing = ""
    for name, value in fields.items():
        opening = f'{closing}{"," if parts else "{"}"{name}":'
        if isinstance(value, Word):
            parts += [written(f'{opening}"'), value.value]
            closing = '"'
        else:
            parts += [written(opening), value]
            closing = ""
    end = closing + _end
    return func.concat(*parts, *([written(end)] if end else []), type_=Text)


def array_of(item: ColumnElement[str], *order: Any) -> ColumnElement[str]:
    """Return the aggregate of JSON texts as a JSON array."""
    items = func.string_agg(item, aggregate_order_by(written(","), *order))
    return func.concat(written("["), items, written("]"), type_=Text)


def text_of(value: Any) -> ColumnElement[Any]:
    """Return a text, or what is told by one, as JSON; null for NULL.

    Of PostgreSQL's type, as `concat` takes any: to make a text of it would copy it twice more.
    """
    return func.coalesce(func.to_json(cast(value, Text)), _NULL, type_=JSON)


def truth_of(value: Any) -> ColumnElement[str]:
    """Return true or false, which is never NULL."""
    return case((value, written("true")), else_=written("false"))


def moment_of(value: Any) -> ColumnElement[str]:
    """Return a moment as pydantic writes it: six digits of a second, or none where they are zero; null for NULL."""
    text = func.to_char(func.timezone(written("UTC"), value), _ISO)
    return func.coalesce(func.replace(text, written(".000000Z"), written("Z")), NULL, type_=Text)


def unless_missing(key: Any, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a JSON text, or null where `key` is NULL."""
    return case((key.is_not(None), value), else_=NULL)
