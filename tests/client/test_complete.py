"""The client has all that the API has: each operation of docs/openapi.json is made by a function of `calls`.

What each function makes is held against the description, so that a path, a method, a field of a body or a parameter
that the API does not have fails here, as does an operation that no function makes.
"""

import inspect
import json
import re
import types
from collections.abc import Callable, Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from ombud.client import calls, shapes
from ombud.client.calls import Call, Listing
from tools.openapi import SNAPSHOT

DESCRIBED: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DESCRIBED["paths"].items()
    for method, operation in operations.items()
}
WITHOUT: set[tuple[str, str]] = set()
"""Operations that the client leaves to others. There are none."""


def makers() -> Iterator[Callable[..., Any]]:
    """Yield the functions of `calls`."""
    for name in calls.__all__:
        found = getattr(calls, name)
        if inspect.isfunction(found):
            yield found


def some(kind: Any) -> Iterator[Any]:
    """Yield values of a type: all of a literal's, one of the others."""
    if get_origin(kind) is Literal:
        yield from get_args(kind)
    elif get_origin(kind) in (Union, types.UnionType):
        yield next(some(next(one for one in get_args(kind) if one is not type(None))))
    elif get_origin(kind) is tuple:
        yield tuple(next(some(one)) for one in get_args(kind))
    elif inner := get_args(kind):
        yield {"a": "b"} if get_origin(kind) is dict else [next(some(inner[0]))]
    else:
        yield {int: 7, str: "x", bytes: b"x", bool: True}[kind]


def made(maker: Callable[..., Any], *, bare: bool) -> Iterator[Call[Any]]:
    """Yield what a function makes, of all that it names, or with `bare` of no more than it must have."""
    hints, told = get_type_hints(maker), dict[str, Any]()
    chosen: tuple[str, list[Any]] | None = None
    for name, parameter in inspect.signature(maker).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD or (bare and parameter.default is not parameter.empty):
            continue
        values = list(some(hints[name]))
        told[name] = values[0]
        if len(values) > 1:
            chosen = (name, values)
    for turn in [{}] if chosen is None else [{chosen[0]: value} for value in chosen[1]]:
        found = maker(**{**told, **turn})
        yield found.page() if isinstance(found, Listing) else found


def operation_of(call: Call[Any]) -> tuple[str, str]:
    """Return the operation that a call is; the one with the fewest parameters in its path where several fit."""
    fitting = [
        (path.count("{"), path)
        for method, path in OPERATIONS
        if method == call.method and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), f"/{call.path}")
    ]
    assert fitting, f"the API has no {call.method} /{call.path}"
    return call.method, min(fitting)[1]


def fields_of(operation: dict[str, Any], media: str) -> tuple[set[str], set[str]]:
    """Return all fields of an operation's body, and those that it must have."""
    schema = operation["requestBody"]["content"][media]["schema"]
    if "$ref" in schema:
        schema = DESCRIBED["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema["properties"]), set(schema.get("required", ()))


def test_every_operation_has_its_function() -> None:
    have = {operation_of(one) for maker in makers() for one in made(maker, bare=True)}
    assert OPERATIONS.keys() - have == WITHOUT


@pytest.mark.parametrize("bare", [True, False])
def test_what_is_sent_is_what_the_operation_takes(bare: bool) -> None:
    for maker in makers():
        for one in made(maker, bare=bare):
            operation = OPERATIONS[operation_of(one)]
            known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            assert set(one.params) <= known, maker.__name__
            if one.json is not None:
                every, needed = fields_of(operation, "application/json")
                assert needed <= set(one.json) <= every, maker.__name__
            elif one.file is not None:
                every, needed = fields_of(operation, "multipart/form-data")
                assert needed <= {"file", *(one.form or ())} <= every, maker.__name__
            elif one.content is not None:
                assert one.headers["Content-Type"] in operation["requestBody"]["content"]
            else:
                assert "requestBody" not in operation or not operation["requestBody"].get("required"), maker


def test_shapes_have_no_field_that_the_answers_lack() -> None:
    schemas = DESCRIBED["components"]["schemas"]
    held = 0
    for name, shape in inspect.getmembers(shapes, inspect.isclass):
        if name in schemas and "properties" in schemas[name]:
            assert set(get_type_hints(shape)) <= set(schemas[name]["properties"]), name
            held += 1
    assert held >= 15
