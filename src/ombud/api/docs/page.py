"""The page: an OpenAPI document turned into what a template can show without thinking."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, StrictUndefined

from ombud.api.docs.values import Field, fields_of, parameters_of, reference, sample, type_name
from ombud.api.problems import known_codes


@dataclass(frozen=True)
class Answer:
    """One status that an operation may answer with."""

    status: str
    description: str
    type: str


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    parameters: list[Field]
    body_type: str
    curl: str
    answers: list[Answer]


def render(document: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(files("ombud.api.docs").joinpath("page.html").read_text("utf-8"))
    groups = groupby(_operations(document), lambda pair: pair[0])
    return template.render(
        info=document["info"],
        groups=[(tag, [operation for _, operation in pairs]) for tag, pairs in groups],
        schemas=[
            (name, schema.get("description", ""), fields_of(schema))
            for name, schema in document["components"]["schemas"].items()
            if schema.get("properties") or "enum" in schema
        ],
        names=set(document["components"]["schemas"]),
        problems=known_codes(),
    )


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield operation["tags"][0], _operation(document, path, method.upper(), operation)


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Operation:
    contents = operation.get("requestBody", {}).get("content", {})
    nothing: tuple[str, dict[str, Any]] = ("", {})
    media_type, body = next(iter(contents.items()), nothing)
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation.get("description") or operation["summary"],
        parameters=parameters_of(operation),
        body_type=reference(body.get("schema", {})) if media_type == "application/json" else media_type,
        curl=_curl(document, path, method, media_type, body.get("schema", {})),
        answers=[
            Answer(status, answer["description"], _answer_type(answer))
            for status, answer in operation["responses"].items()
        ],
    )


def _answer_type(answer: dict[str, Any]) -> str:
    content: dict[str, Any] = next(iter(answer.get("content", {}).values()), {})
    return type_name(content["schema"]) if content.get("schema") else ""


def _curl(document: dict[str, Any], path: str, method: str, media_type: str, schema: dict[str, Any]) -> str:
    """Return the command that makes the call."""
    lines = [f"curl -X {method} " if method != "GET" else "curl "]
    lines[0] += '"$OMBUD/api/v1' + path.replace("{number}", "1042").replace("{", "$").replace("}", "") + '"'
    lines.append('-H "Authorization: Bearer $TOKEN"')
    if media_type == "application/json":
        lines.append('-H "Content-Type: application/json"')
        lines.append(f"-d {shlex.quote(json.dumps(sample(document, schema), ensure_ascii=False, indent=2))}")
    elif media_type:
        lines.append("-F file=@invoice.pdf")
    return " \\\n  ".join(lines)
