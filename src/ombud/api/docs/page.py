"""The page: an OpenAPI document turned into what a template can show without thinking."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt

from ombud.api.docs.values import Field, fields_of, sample, type_name
from ombud.kit.html import trusted


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body_type: str
    body: list[Field]
    example: str
    answers: list[tuple[str, str, str]]


def render(document: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    environment = Environment(autoescape=select_autoescape(default=True), undefined=StrictUndefined)
    template = environment.from_string(files("ombud.api.docs").joinpath("page.html").read_text("utf-8"))
    operations = [
        (operation["tags"][0], _operation(document, path, method, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return template.render(
        info=document["info"],
        introduction=document["info"]["description"],
        groups=[(tag, [one for _, one in some]) for tag, some in groupby(operations, lambda pair: pair[0])],
        schemas=[
            (name, schema.get("description", ""), fields_of(schema))
            for name, schema in document["components"]["schemas"].items()
            if "properties" in schema
        ],
    )
