"""Column types that refuse bad values before the database sees them."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Dialect, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import TIMESTAMP

from ombud.errors import Invalid

E = TypeVar("E", bound=StrEnum)


class UtcDateTime(TypeDecorator[datetime]):
    """`timestamptz`; refuses naive times (they mean another moment on another machine), returns UTC."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise Invalid(fields={"time": "needs a time zone."})
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)


class TextEnum(TypeDecorator[E], Generic[E]):
    """A `StrEnum` stored by value as text; the table adds the CHECK (see `allowed`)."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[E]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: E | str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        try:
            return self.enum(value).value
        except ValueError:
            choices = ", ".join(member.value for member in self.enum)
            raise Invalid(fields={self.field_name: f"must be one of {choices}."}) from None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> E | None:
        return None if value is None else self.enum(value)

    @property
    def field_name(self) -> str:
        """What an error calls the field: `status` for `TicketStatus`."""
        last = re.split(r"(?=[A-Z])", self.enum.__name__)[-1]
        return last.lower()


def allowed(column: str, enum: type[StrEnum]) -> str:
    """Return the CHECK condition that lets `column` hold exactly the values of `enum`."""
    values = ", ".join(f"'{member.value}'" for member in enum)
    return f"{column} IN ({values})"
