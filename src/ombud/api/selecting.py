"""`fields=` and `include=`: less of a thing than there is, or more, in a fixed number of statements."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field, create_model

from ombud.api.schemas.base import Output, optional
from ombud.errors import Invalid

S = TypeVar("S", bound=BaseModel)

Fields = Annotated[
    str | None,
    Query(
        max_length=500,
        pattern=r"^[a-z_]+(,[a-z_]+)*$",
        description="Only these fields, separated by commas.",
        examples=["number,title,status"],
    ),
]
IncludeName = Literal["comments", "attachments"]
Include = Annotated[
    list[IncludeName] | None,
    Query(
        max_length=2, description="Also the first 50 comments, or the ticket's own files. Repeat it for both."
    ),
]
FieldNames = Annotated[
    str,
    Field(
        max_length=500, pattern=r"^[a-z_]+(,[a-z_]+)*$", description="Only these fields, separated by commas."
    ),
]


def selection_of(name: str, *whole: type[Output]) -> type[Output]:
    """Return the schema of a part of one of these: any of their fields may be absent."""
    fields: dict[str, Any] = {}
    for model in whole:
        for field, info in model.model_fields.items():
            kind = info.annotation
            fields[field] = (kind if field not in fields else fields[field][0] | kind, optional())
    made: type[Output] = create_model(
        name, __base__=Output, __doc__="The `fields` that were asked for.", **fields
    )
    return made


def selected(thing: Output, fields: str, part: type[S]) -> S:
    """Return those fields of a thing; Invalid names the ones that it has not."""
    return _only(thing, _names(type(thing), fields), part)


def all_selected(things: Sequence[Output], whole: type[Output], fields: str, part: type[S]) -> list[S]:
    """Return those fields of each thing, all of which are of the kind `whole`."""
    names = _names(whole, fields)
    return [_only(thing, names, part) for thing in things]


def _only(thing: Output, names: Sequence[str], part: type[S]) -> S:
    return part.model_construct(_fields_set=set(names), **{name: getattr(thing, name) for name in names})


def _names(whole: type[Output], fields: str) -> list[str]:
    names = list(dict.fromkeys(fields.split(",")))
    unknown = [name for name in names if name not in whole.model_fields]
    if unknown:
        known = ", ".join(whole.model_fields)
        raise Invalid(fields={"parameter:fields": f"has no field {unknown[0][:50]!r}; there are {known}."})
    return names
