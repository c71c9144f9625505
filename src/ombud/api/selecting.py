"""`fields=`: less of a thing than there is, at every address that shows things as JSON, in one way.

An answer is made whole and cut before it is sent, so its statements and rights are those of the whole. `include=` is
more than there is otherwise; each resource says what it can bring along, in a fixed number of statements.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Self, get_args, get_origin

from fastapi import Request, Response
from pydantic import BaseModel, Field

from ombud.errors import Invalid

PARAMETER = "fields"
LONGEST = 500
_PATTERN = r"^[a-z0-9_]+(,[a-z0-9_]+)*$"
_NAMES = re.compile(_PATTERN.strip("^$"))
WORDS = "Only these fields, separated by commas; of a list, these of each item."

FieldNames = Annotated[
    str,
    Field(
        max_length=LONGEST,
        pattern=_PATTERN,
        description=WORDS,
        examples=["id,created_at"],
    ),
]


class Selection:
    """What `fields` may name at an address: what any of its answers has."""

    def __init__(self, shapes: Sequence[type[BaseModel]], *, is_list: bool) -> None:
        self._known = dict.fromkeys(name for shape in shapes for name in shape.model_fields)
        self._is_list = is_list

    @classmethod
    def of(cls, answer: Any) -> Self | None:
        """Return what may be selected of answers of this type; None where they are no things with fields."""
        models = list(_models(answer))
        lists = [found for model in models if (found := _items(model)) is not None]
        if not models or (lists and len(lists) != len(models)):
            return None
        shapes = [shape for found in lists for shape in found] if lists else models
        return cls(shapes, is_list=bool(lists)) if shapes else None

    def asked(self, request: Request) -> list[str] | None:
        """Return the fields that a call asks for, None for all; Invalid names one that nothing here has."""
        text = request.query_params.get(PARAMETER)
        if text is None:
            return None
        if len(text) > LONGEST:
            raise Invalid(fields={f"parameter:{PARAMETER}": f"has at most {LONGEST} characters."})
        if not _NAMES.fullmatch(text):
            raise Invalid(fields={f"parameter:{PARAMETER}": "must be names of fields, separated by commas."})
        names = list(dict.fromkeys(text.split(",")))
        for name in names:
            if name not in self._known:
                raise _unknown(name, self._known)
        return names

    def cut(self, response: Response, names: Sequence[str]) -> Response:
        """Leave these fields of what an answer shows; Invalid names one that it does not show to this caller."""
        if response.status_code != 200 or response.headers.get("content-type") != "application/json":
            return response
        shown = json.loads(bytes(response.body))
        things = shown["items"] if self._is_list else [shown]
        there = dict.fromkeys(name for thing in things for name in thing)
        for name in names if things else ():
            if name not in there:
                raise _unknown(name, there)
        cut = [{name: thing[name] for name in names if name in thing} for thing in things]
        left = {**shown, "items": cut} if self._is_list else cut[0]
        response.body = json.dumps(left, separators=(",", ":"), ensure_ascii=False).encode()
        response.headers["content-length"] = str(len(response.body))
        return response


def _unknown(name: str, known: dict[str, None]) -> Invalid:
    words = f"has no field {name[:50]!r} here; there are {', '.join(known)}."
    return Invalid(fields={f"parameter:{PARAMETER}": words})


def _models(answer: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of a type and of what it is a union of."""
    if isinstance(answer, type) and issubclass(answer, BaseModel):
        yield answer
    elif get_origin(answer) is not list:
        for part in get_args(answer):
            yield from _models(part)


def _items(model: type[BaseModel]) -> list[type[BaseModel]] | None:
    """Return the kinds of item of a list, none where they are no things; None where a model is no list."""
    field = model.model_fields.get("items")
    if field is None or get_origin(field.annotation) is not list:
        return None
    return [shape for part in get_args(field.annotation) for shape in _models(part)]
