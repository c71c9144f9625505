"""Statements that are put together once and sent below the ORM, and objects of their rows.

A flush works out what changed, orders it, and puts an INSERT together for it; a statement that is always the same but
for its parameters (`ombud.db.made`) needs none of that, and can look up, check and write in one round trip. What comes
back are the session's own objects, in the state in which a flush or a SELECT leaves them: a savepoint that is rolled
back takes new ones out of the session, and an object that the session has already is the same object.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import Insert, Row, Select, inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.session import make_transient_to_detached

from ombud.db.base import Base

B = TypeVar("B", bound=Base)


def first_row(
    session: Session, statement: Insert | Select[*tuple[Any, ...]], parameters: Mapping[str, Any]
) -> Row[*tuple[Any, ...]] | None:
    """Send what the session has to write, then the statement; return its first row."""
    session.flush()
    return session.connection().execute(statement, parameters).first()


def written(session: Session, thing: B) -> B:
    """Return `thing`, whose row a statement has just added, as the session's own: as after a flush.

    Every column must have been given its value.
    """
    session.add(thing)
    session._register_persistent({inspect(thing)})  # noqa: SLF001 - the end of a flush, which has no public name
    return thing


def seen(session: Session, model: type[B], values: Mapping[str, Any]) -> B:
    """Return the session's object for a row that a statement has just read; `values` are all its columns."""
    thing = session.identity_map.get(session.identity_key(model, values["id"]))
    is_new = thing is None
    if thing is None:
        thing = model()
    for name, value in values.items():
        set_committed_value(thing, name, value)
    if is_new:
        make_transient_to_detached(thing)
        session.add(thing)
    return thing
