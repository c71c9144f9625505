"""Ids and rows travel as arrays: one bind each, however many there are (PostgreSQL takes 65,535 binds at most)."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine


def one_of(target: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a column is among `ids`."""
    condition: ColumnElement[bool] = target == any_(array_of(ids, BigInteger()))
    return condition


def array_of(values: Collection[Any], type_: TypeEngine[Any]) -> ColumnElement[Any]:
    """Return a PostgreSQL array as one bind."""
    return cast(list(values), ARRAY(type_))
