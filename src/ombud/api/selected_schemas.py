"""What `fields=` makes of the description: each answer may be one in which fields are absent, of the same types."""

from typing import Any

from ombud.api.selecting import LONGEST, PARAMETER, WORDS

Schema = dict[str, Any]
_PREFIX = "#/components/schemas/"
_PARAMETER: Schema = {
    "name": PARAMETER,
    "in": "query",
    "required": False,
    "description": WORDS,
    "schema": {"type": "string", "maxLength": LONGEST, "pattern": r"^[a-z0-9_]+(,[a-z0-9_]+)*$"},
}


def describe_selection(operation: Schema, schemas: Schema) -> None:
    """Say of an operation that it takes `fields`, and what it answers then; `schemas` get what is new."""
    parameters = operation.setdefault("parameters", [])
    if all(one["name"] != PARAMETER for one in parameters):
        parameters.append(_PARAMETER)
    content = operation["responses"]["200"]["content"]["application/json"]
    whole = _choices(content["schema"])
    content["schema"] = {"anyOf": [*whole, *(_part(one, schemas) for one in whole)]}


def _choices(schema: Schema) -> list[Schema]:
    found: list[Schema] = schema.get("anyOf", [schema])
    return found


def _part(schema: Schema, schemas: Schema) -> Schema:
    """Return a reference to the schema of a part of a thing, or of a list of such parts."""
    name = schema["$ref"].removeprefix(_PREFIX)
    whole = schemas[name]
    made = f"{name}Selection"
    properties = whole["properties"]
    if "items" in properties:
        items = properties["items"]["items"]
        parts = [_part(one, schemas) for one in _choices(items)]
        shown = {**properties["items"], "items": parts[0] if len(parts) == 1 else {"anyOf": parts}}
        schemas[made] = {**whole, "title": made, "properties": {**properties, "items": shown}}
    else:
        schemas[made] = {
            "type": "object",
            "title": made,
            "description": "The `fields` that were asked for.",
            "properties": properties,
        }
    return {"$ref": f"{_PREFIX}{made}"}
