"""The ground of all schemas: strict input, plain output, pages, and the kinds of value that recur."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")

BIGINT_MAX = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"\s*[-+]?[0-9._]+\s*")
_BIGINT: dict[str, Any] = {"format": "int64"}


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


def _written(value: Any) -> Any:
    """Pydantic would take a number for seconds since 1970, and so a year for a moment of that year's morning."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("must be a time of RFC 3339, such as 2026-01-31T08:00:00Z")
    return value


def _digits(value: Any) -> Any:
    """Of `7`, `+7`, `7.0` and `1_0`, all of which Python reads, one is an id: what it names has one address."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("must be digits")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_utc)]
Id = Annotated[int, Field(ge=1, le=BIGINT_MAX, strict=True, json_schema_extra=_BIGINT)]
# The limits stand before the validator: behind it Pydantic would describe them by its own words, not by JSON Schema's.
_Bigint = Annotated[int, Field(ge=1, le=BIGINT_MAX), BeforeValidator(_digits)]
QueryId = Annotated[_Bigint, Field(json_schema_extra=_BIGINT)]
PathId = Annotated[_Bigint, Path(json_schema_extra=_BIGINT)]
RequestId = Annotated[str, Path(max_length=100, pattern=r"^[!-~]+$")]
TicketNumber = Annotated[
    str, Path(min_length=1, max_length=50, pattern=r"^[^/\x00-\x1f\x7f]+$", examples=["1042"])
]
Flag = Annotated[bool, Field(strict=True)]
Email = Annotated[
    str,
    Field(
        min_length=3, max_length=255, pattern=r"^[^@\s]+@[^@\s]+$", examples=["ann@example.com"],
    ),
]  # fmt: skip
Body = Annotated[str, Field(max_length=1_000_000)]


def line(limit: int, *, blank: bool = False) -> Any:
    """Return the constraints of one line of text with at most `limit` characters."""
    return Field(max_length=limit) if blank else Field(min_length=1, max_length=limit, pattern=r"\S")


def optional() -> Any:
    """Return the default of a field of a change: absent means "leave it", which is not the same as null."""
    return Field(default_factory=_absent)


def _absent() -> None:
    return None


class Input(BaseModel):
    """What comes in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Output(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True)


class Whole(Output, Generic[T]):
    """A list that is short by its nature, and told as a whole; it has the shape of all lists."""

    items: list[T]
    next_cursor: None = None


class Page(Output, Generic[T]):
    """Part of a list. `next_cursor` (also in the `Link` header) leads on; null means that this is the end."""

    items: list[T]
    next_cursor: str | None
