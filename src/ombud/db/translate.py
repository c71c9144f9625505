"""Database errors in the desk's own words: by constraint name, then by class. No SQL ever gets out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc

from ombud.db.alive import ENDED
from ombud.db.base import Base
from ombud.db.tls import distrust
from ombud.errors import Conflict, Forbidden, Invalid, NotFound, OmbudError, Unavailable

# Rules that triggers enforce: (field, rule, is it a conflict).
_TRIGGER_RULES = {
    "ck_tickets_not_deleted": ("ticket", "is deleted; restore it first.", True),
    "ck_tickets_merged": ("ticket", "was merged into another; write there.", True),
    "ck_tickets_status_move": ("status", "cannot go there from where it is.", True),
}


class TooSlow(Unavailable):
    """A statement ran into its time limit."""

    code = "timeout"
    default_message = "That took too long and was stopped. Narrow it down or try again."


class Retryable(Unavailable):
    """The transaction lost a race (deadlock, serialisation); running it again is safe."""

    code = "retry"
    default_message = "Somebody else was changing the same things. Try again."


class Lost(Unavailable):
    """The connection ended under the transaction. What only read may be done again; a commit may have got through."""

    default_message = "The database does not answer right now. Try again in a moment."


class AllInUse(Unavailable):
    """No connection of the pool became free in time."""

    default_message = "All database connections are in use. Try again in a moment."


class NotTrusted(Unavailable):
    """The server cannot show that it is the one that was meant."""

    code = "database_not_trusted"


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever the database raises inside the block into an error of `ombud.errors`."""
    try:
        yield
    except exc.DBAPIError as error:
        raise translate(error) from error
    except exc.TimeoutError as error:
        raise AllInUse from error
    except exc.StatementError as error:
        if isinstance(error.orig, OmbudError):
            raise error.orig from error
        raise Invalid("A value has the wrong form.") from error


@contextmanager
def reaching() -> Iterator[None]:
    """Turn the operating system's errors while connecting into Unavailable; asyncpg raises them bare."""
    try:
        yield
    except OSError as error:
        distrusted = distrust(error)
        if distrusted is not None:
            raise NotTrusted(distrusted) from error
        raise Unavailable("The database cannot be reached right now. Try again in a moment.") from error


def translate(error: exc.DBAPIError) -> OmbudError:
    """Return the desk's error for a driver's error."""
    state, constraint = sqlstate(error), _constraint(error)
    if constraint == "ombud_actor_required":
        return Forbidden("Nobody answers for this change: open the session with an actor.")
    if constraint in _TRIGGER_RULES:
        return _spoken(*_TRIGGER_RULES[constraint])
    info = _constraint_info(constraint)
    if info is not None:
        return _spoken(info["field"], info["rule"], info["conflict"])
    return _by_class(state, constraint, error)


def sqlstate(error: exc.DBAPIError) -> str:
    """Return the five characters of SQLSTATE, or "" when the driver gives none."""
    for candidate in (error.orig, getattr(error.orig, "__cause__", None)):
        state = getattr(candidate, "sqlstate", None) or getattr(candidate, "pgcode", None)
        if state:
            return str(state)
    return ""


def _by_class(state: str, constraint: str, error: exc.DBAPIError) -> OmbudError:
    if state == "23503":
        return NotFound(f"The {_referred(constraint)} does not exist.")
    # Drivers refuse some values by themselves, without asking the server for a state; trying again is no use.
    refused = not state and isinstance(error, exc.DataError | exc.ProgrammingError)
    make = _malformed if refused else _BY_STATE.get(state)
    make = make or _BY_STATE.get(state[:2])
    if make is not None:
        return make()
    if error.connection_invalidated or state in ENDED or state[:2] == "08":
        return Lost()
    if state[:2] in {"57", "53", ""}:
        distrusted = distrust(error.orig) if error.orig is not None and not state else None
        return Unavailable(Lost.default_message) if distrusted is None else NotTrusted(distrusted)
    return OmbudError("The database refused that.")


def _malformed() -> Invalid:
    return Invalid("A value is missing, too long or not of the right form.")


# By the whole SQLSTATE, or by its first two characters: the class.
_BY_STATE: Mapping[str, Callable[[], OmbudError]] = {
    "22": _malformed,
    "23502": _malformed,
    "23514": _malformed,
    "23505": lambda: Conflict("That already exists."),
    "25006": lambda: Forbidden("This is a read-only transaction."),
    "40001": Retryable,
    "40P01": Retryable,
    "42501": Forbidden,
    "55P03": lambda: Retryable("Somebody else is changing this right now. Try again."),
    "57014": TooSlow,
}


def _spoken(field: str, rule: str, is_conflict: bool) -> OmbudError:
    if is_conflict:
        return Conflict(f"{field} {rule}", field=field)
    return Invalid(fields={field: rule})


def _constraint(error: exc.DBAPIError) -> str:
    for candidate in (error.orig, getattr(error.orig, "__cause__", None)):
        name = getattr(candidate, "constraint_name", None)
        diagnosis = getattr(candidate, "diag", None)
        name = name or getattr(diagnosis, "constraint_name", None)
        if name:
            return str(name)
    return ""


def _constraint_info(name: str) -> dict[str, Any] | None:
    """Find the words that a model gave to its constraint or unique index (see `db.base.says`)."""
    if not name:
        return None
    for table in Base.metadata.tables.values():
        for thing in (*table.constraints, *table.indexes):
            if getattr(thing, "name", None) == name and "rule" in thing.info:
                return dict(thing.info)
    return None


def _referred(constraint: str) -> str:
    """Name what a foreign key points at: `fk_tickets_team_id` is about a team."""
    column = constraint.split("_", 2)[-1] if constraint.startswith("fk_") else ""
    for noun in ("team", "organization", "ticket", "tag", "comment"):
        if column.endswith(f"{noun}_id"):
            return noun
    return "person" if column else "thing referred to"
