"""Pages of lists: size and cursor from the query, the next page in body and `Link` header (RFC 8288)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ombud.api.schemas.base import BIGINT_MAX, Page
from ombud.api.selecting import FieldNames
from ombud.errors import Invalid
from ombud.kit.cursor import decode_cursor, encode_cursor
from ombud.tickets.filters import DEFAULT_PAGE, MAX_PAGE

R = TypeVar("R")
T = TypeVar("T")

Limit = Annotated[int, Field(ge=1, le=MAX_PAGE, description="How many at most.")]
Cursor = Annotated[str, Field(max_length=1000, description="`next_cursor` of the page before.")]


class PageQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = DEFAULT_PAGE
    cursor: Cursor | None = None
    fields: FieldNames | None = None

    def after_id(self, order: str, *, start: int = 0) -> int:
        """Return the id that the cursor of a list in the order `order` of ids holds."""
        if self.cursor is None:
            return start
        (last,) = decode_cursor(self.cursor, sort=order, types=(int,))
        if not isinstance(last, int) or not 0 < last <= BIGINT_MAX:
            raise Invalid(fields={"cursor": "is not a cursor of this list."})
        return last

    def after_name(self, order: str) -> str:
        """Return the name that the cursor of a list in the order `order` of names holds."""
        if self.cursor is None:
            return ""
        (last,) = decode_cursor(self.cursor, sort=order, types=(str,))
        if "\x00" in str(last) or not str(last).isprintable():
            raise Invalid(fields={"cursor": "is not a cursor of this list."})
        return str(last)


class SearchQuery(PageQuery):
    """Which page of a list, of what contains some words."""

    q: Annotated[str, Field(max_length=200, description="Part of the name.")] = ""


WhichPage = Annotated[PageQuery, Query()]
WhichFound = Annotated[SearchQuery, Query()]


class Linked:
    """Says in the answer's `Link` header where the next page is, as an address relative to the server."""

    def __init__(self, request: Request, response: Response) -> None:
        self.request, self._response = request, response

    def page(
        self, rows: Sequence[R], limit: int, show: Callable[[R], T], cursor_of: Callable[[R], str]
    ) -> Page[T]:
        """Return a page of `rows`, of which there is one more than `limit` when another page follows."""
        following = cursor_of(rows[limit - 1]) if len(rows) > limit else None
        return self.items([show(row) for row in rows[:limit]], following)

    def items(self, items: list[T], following: str | None) -> Page[T]:
        """Return a page of `items` that `following` continues."""
        if following is not None:
            self._response.headers["Link"] = f'<{self.address(following)}>; rel="next"'
        return Page(items=items, next_cursor=following)

    def address(self, cursor: str) -> str:
        """Return the address of the page after a cursor, which ends it."""
        return following_address(self.request.url.path, self.request.query_params.multi_items(), cursor)


Link = Annotated[Linked, Depends(Linked)]


def following_address(path: str, asked: Iterable[tuple[str, str]], cursor: str) -> str:
    """Return the address of the page after a cursor, of a list that was asked for by these parameters."""
    pairs = [pair for pair in asked if pair[0] != "cursor"]
    return f"{path}?{urlencode([*pairs, ('cursor', cursor)])}"


def cursor_at(order: str, value: int | str) -> str:
    """Return the cursor after `value`, for `PageQuery.after_id` or `after_name` of the same order."""
    return encode_cursor(order, (value,))
