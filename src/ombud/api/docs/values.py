"""JSON Schemas as lines of a table: fields, what they are, an example of the whole."""

from dataclasses import dataclass
from typing import Any

_DEPTH = 4


@dataclass(frozen=True)
class Field:
    """A field or parameter, as a line."""

    name: str
    type: str
    required: bool
    note: str


def fields_of(schema: dict[str, Any]) -> list[Field]:
    """Return the fields of an object's schema."""
    if "enum" in schema:
        return [Field(str(one), "value", False, "") for one in schema["enum"]]
    required = set(schema.get("required", ()))
    return [
        Field(name, type_name(part), name in required, _note(part))
        for name, part in schema.get("properties", {}).items()
    ]


def parameters_of(operation: dict[str, Any]) -> list[Field]:
    """Return the parameters of an operation."""
    return [
        Field(
            one["name"],
            # a parameter is absent, never null
            type_name(one["schema"]).removesuffix(" or null"),
            one.get("required", False),
            _note({"description": one.get("description", ""), **one["schema"]}),
        )
        for one in operation.get("parameters", ())
    ]


def type_name(schema: dict[str, Any]) -> str:
    """Return what a schema is, in a few words."""
    if "$ref" in schema:
        return reference(schema)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_name(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items') or {})}"
    if schema.get("format") in ("date-time", "binary"):
        return "time" if schema["format"] == "date-time" else "bytes"
    return str(schema.get("type", "any"))


def reference(schema: dict[str, Any]) -> str:
    """Return the name of the schema that is referred to, or ""."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def sample(document: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Any:
    """Return a value that fits a schema: its own example where it has one."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][reference(schema)]
    examples = schema.get("examples") or ([schema["example"]] if "example" in schema else [])
    if examples:
        return examples[0]
    if "anyOf" in schema:
        return sample(document, schema["anyOf"][0], depth)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object" if depth < _DEPTH:
            parts = schema.get("properties", {})
            return {name: sample(document, part, depth + 1) for name, part in parts.items()}
        case "array":
            return [sample(document, schema.get("items") or {}, depth + 1)]
        case "string":
            return "2026-11-23T09:30:00Z" if schema.get("format") == "date-time" else "text"
        case "integer" | "number":
            return 1
        case "boolean":
            return True
    return None


def _note(schema: dict[str, Any]) -> str:
    """Return the description of a field, with its bounds where it has any."""
    inner = [schema, *schema.get("anyOf", ())]
    words = next((one["description"] for one in inner if "description" in one), "")
    bounds = [f"at most {one['maxLength']:,} characters" for one in inner if "maxLength" in one]
    default = schema.get("default")
    if default not in (None, "", [], False):
        bounds.append(f"{default} by default")
    return " ".join([words, f"({'; '.join(bounds)})" if bounds else ""]).strip()
