"""Column types that refuse bad values before the database sees them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Dialect, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import TIMESTAMP

from ombud.errors import Invalid
from ombud.kit.zones import aware

E = TypeVar("E", bound=StrEnum)


class UtcDateTime(TypeDecorator[datetime]):
    """`timestamptz`; refuses naive times (they mean another moment on another machine), returns UTC."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else aware("time", value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        return _in_utc  # and not `process_result_value`, which is one call more for each value of each row


class TextEnum(TypeDecorator[E], Generic[E]):
    """A `StrEnum` stored by value as text; the table adds the CHECK (see `allowed`)."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[E]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: E | str | None, dialect: Dialect) -> str | None:
        if isinstance(value, self.enum):
            return value.value
        return None if value is None else one_of(self.enum, value).value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        # Looked up in a dictionary: a list has hundreds of them, and calling the class takes six times as long.
        members: dict[Any, E | None] = {None: None, **{member.value: member for member in self.enum}}
        return members.__getitem__


def _in_utc(value: datetime | None) -> datetime | None:
    # asyncpg says UTC already.
    return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


def one_of(enum: type[E], value: str) -> E:
    """Return the member of `enum` with this value; Invalid, by the field's name, when there is none."""
    try:
        return enum(value)
    except ValueError:
        # `TicketStatus` is about the field `status`.
        field = re.split(r"(?=[A-Z])", enum.__name__)[-1].lower()
        choices = ", ".join(member.value for member in enum)
        raise Invalid(fields={field: f"must be one of {choices}."}) from None


def allowed(column: str, enum: type[StrEnum]) -> str:
    """Return the CHECK condition that lets `column` hold exactly the values of `enum`."""
    values = ", ".join(f"'{member.value}'" for member in enum)
    return f"{column} IN ({values})"
