"""A page of tickets as the short way answers it: what PostgreSQL wrote, its cursor, and where the next page is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ombud.api.asking import Answer, Headers, Texts
from ombud.kit.cursor import encode_cursor
from ombud.tickets.filters import Place
from ombud.tickets.queries.orders import sort_columns


@dataclass(frozen=True, slots=True)
class KnownPage:
    """How a page is answered."""

    order: str
    read: tuple[Callable[[str], Any], ...]
    """What makes the values of a cursor of texts."""
    following: str
    """The address of the next page, which ends with its cursor."""


def readers(place: Place) -> tuple[Callable[[str], Any], ...]:
    """Return what makes the values of a cursor of texts."""
    columns = sort_columns(place)
    return tuple(datetime.fromisoformat if one.type.python_type is datetime else int for one in columns)


def page_answer(page: KnownPage, texts: Texts) -> Answer:
    """Return the answer of `page_json`'s texts."""
    items, *edge = texts
    headers: Headers = []
    following = "null"
    if edge[-1] is not None:
        values = tuple(read(str(text)) for read, text in zip(page.read, edge, strict=True))
        cursor = encode_cursor(page.order, values)
        headers.append((b"link", f'<{page.following}{cursor}>; rel="next"'.encode()))
        following = f'"{cursor}"'
    return f'{{"items":[{items}],"next_cursor":{following},"total":null,"is_more":null}}'.encode(), headers
