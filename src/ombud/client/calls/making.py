"""What a call is, and a list that comes in pages. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request whose answer is a `T`. `key` is a key of the caller's own, to repeat it after a restart."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    file: tuple[str, bytes, str] | None = None
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_bytes: bool = False
    key: str | None = None

    def only(self, *fields: str) -> "Call[Json]":
        """Return the call that reads these fields of the thing and no others."""
        return replace(self, params={**self.params, "fields": ",".join(fields)})  # type: ignore[return-value]  # a part

    def under(self, key: str) -> "Call[T]":
        """Return the same call under a key of one's own."""
        return replace(self, key=key)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list of `T`, which comes in pages. `params` are those of docs/api.md."""

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def page(self) -> Call[Json]:
        """Return the call of one page."""
        return Call("GET", self.path, self.params)

    def only(self, *fields: str) -> "Listing[Json]":
        """Return the list with these fields of each item and no others."""
        return replace(self, params={**self.params, "fields": ",".join(fields)})  # type: ignore[return-value]  # parts

    def at(self, cursor: str) -> "Listing[T]":
        """Return the same list from a cursor on."""
        return replace(self, params={**self.params, "cursor": cursor})


def part(value: object) -> str:
    """Return a value as one part of a path."""
    return quote(str(value), safe="")


def chosen(types: Sequence[str] | None, tickets: Sequence[str] | None) -> Json:
    """Return the parameters of a choice of events."""
    return given(
        type=None if types is None else list(types), ticket=None if tickets is None else list(tickets)
    )


def given(**fields: Any) -> Json:
    """Return the fields that were given: None stands for leaving one out."""
    return {name: value for name, value in fields.items() if value is not None}
