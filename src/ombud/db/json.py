"""JSON as the API writes it, made by PostgreSQL: no blanks, moments in UTC with a `Z`, an order of our own.

PostgreSQL's own `json_build_object` puts blanks in and writes moments otherwise; texts it escapes as pydantic does.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column
from sqlalchemy.dialects.postgresql import aggregate_order_by


def written(text: str) -> ColumnElement[str]:
    """Return a text of ours that stands in the statement itself, and is no parameter."""
    if "'" in text or "%" in text:
        raise ValueError(text)
    return literal_column(f"'{text}'", Text)


NULL = written("null")
_ISO = written('"\\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""')


def object_of(**fields: Any) -> ColumnElement[str]:
    """Return a JSON object of fields that are JSON texts or whole numbers; at most 49 of them."""
    parts: list[Any] = []
    for name, value in fields.items():
        parts += [written(f'{"," if parts else "{"}"{name}":'), value]
    return func.concat(*parts, written("}"), type_=Text)


def array_of(item: ColumnElement[str], *order: Any) -> ColumnElement[str]:
    """Return the aggregate of JSON texts as a JSON array."""
    items = func.string_agg(item, aggregate_order_by(written(","), *order))
    return func.concat(written("["), items, written("]"), type_=Text)


def text_of(value: Any) -> ColumnElement[str]:
    """Return a text, or what is told by one, as JSON; null for NULL."""
    return func.coalesce(cast(func.to_json(cast(value, Text)), Text), NULL, type_=Text)


def truth_of(value: Any) -> ColumnElement[str]:
    """Return true or false, which is never NULL."""
    return case((value, written("true")), else_=written("false"))


def moment_of(value: Any) -> ColumnElement[str]:
    """Return a moment as pydantic writes it: six digits of a second, or none where they are zero; null for NULL."""
    text = func.to_char(func.timezone(written("UTC"), value), _ISO)
    return func.coalesce(func.replace(text, written(".000000Z"), written("Z")), NULL, type_=Text)


def unless_missing(key: Any, value: ColumnElement[str]) -> ColumnElement[str]:
    """Return a JSON text, or null where `key` is NULL."""
    return case((key.is_not(None), value), else_=NULL)
