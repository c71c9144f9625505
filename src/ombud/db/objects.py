"""Objects of the session from rows that come as arrays, one array for each column: what the ORM's loader leaves behind,
for less of its time (docs/performance.md).

A page of tickets is some hundred objects of six kinds. The loader asks a statement for each kind and decides for each
row what to do; here one statement brings all of them (`arrays_of`), and objects are put together the same way every
time. `tests/db/test_objects.py` compares them with what the loader makes.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import FromClause, TypeDecorator, func, inspect
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_dict, instance_state, set_committed_value
from sqlalchemy.types import NULLTYPE

from ombud.db.base import Base

B = TypeVar("B", bound=Base)


def columns_of(model: type[Base]) -> list[Any]:
    """Return the columns that come with an object of a model: all but deferred ones, the key first."""
    return list(_shape(model).columns)


def arrays_of(rows: FromClause) -> list[Any]:
    """Return an aggregate for each column of `rows`: an array of its values, in the order of `rows`; NULL of none.

    Values come as the driver knows them; `objects_of` makes of them what the column's type does.
    """
    return [func.array_agg(column, type_=NULLTYPE) for column in rows.c]


def objects_of(session: Session, model: type[B], arrays: Sequence[Sequence[Any] | None]) -> list[B]:
    """Return an object of `session` for each place of the arrays, which are those of `columns_of(model)`.

    What the session has already is the same object, and keeps what was loaded of it.
    """
    shape = _shape(model)
    if arrays[0] is None:
        return []
    columns = [
        array if process is None else map(process, array or ())
        for array, process in zip(arrays, shape.processors, strict=True)
    ]
    known, session_id, told = session.identity_map, session.hash_key, shape.manager.dispatch.load
    seen: dict[Any, B] = {}
    found: list[B] = []
    for row in zip(*columns, strict=True):
        thing = seen.get(row[0])
        if thing is None:
            key = (shape.identity, row[:1], None)
            thing = known.get(key)
            if thing is None:
                thing = shape.manager.new_instance()
                state = instance_state(thing)
                state.key = key
                state.session_id = session_id
                instance_dict(thing).update(zip(shape.names, row, strict=True))
                known.add(state)
                if told:
                    told(state, None)
            else:
                _complete(thing, shape.names, row)
            seen[row[0]] = thing
        found.append(thing)
    return found


def put_one(thing: Base, name: str, value: Any) -> None:
    """Fill a relationship to one as if it had been loaded: no change to be written, nothing to be fetched."""
    loaded = instance_dict(thing)
    if name in loaded or instance_state(thing).expired_attributes:
        set_committed_value(thing, name, value)
    else:
        loaded[name] = value


def put_many(thing: Base, name: str, values: Iterable[Any]) -> None:
    """Fill a relationship to many, as `put_one`."""
    set_committed_value(thing, name, values)


class _Shape(NamedTuple):
    """What has to be known of a model."""

    columns: tuple[Any, ...]
    names: tuple[str, ...]
    processors: tuple[Callable[[Any], Any] | None, ...]
    identity: type[Any]
    manager: Any


@cache
def _shape(model: type[Base]) -> _Shape:
    mapper = inspect(model)
    loaded = [attribute for attribute in mapper.column_attrs if not attribute.deferred]
    loaded.sort(key=lambda attribute: attribute.columns[0] not in mapper.primary_key)
    columns = tuple(attribute.columns[0] for attribute in loaded)
    if len(mapper.primary_key) > 1 or mapper.inherits or mapper.polymorphic_on is not None:
        raise TypeError(f"{model.__name__} has no key of one column, or is of several kinds")
    names = tuple(attribute.key for attribute in loaded)
    processors = tuple(_processor(column.type) for column in columns)
    return _Shape(columns, names, processors, mapper.class_, mapper.class_manager)


def _processor(type_: Any) -> Callable[[Any], Any] | None:
    if not isinstance(type_, TypeDecorator):
        return None
    known = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
    process: Callable[[Any], Any] | None = type_.result_processor(known, None)
    return process


def _complete(thing: Base, names: Sequence[str], row: Sequence[Any]) -> None:
    """Load what is not loaded of an object that the session has: it was expired, or comes from a narrower SELECT."""
    unloaded = instance_state(thing).unloaded
    for name, value in zip(names, row, strict=True):
        if name in unloaded:
            set_committed_value(thing, name, value)
