"""The API's description (OpenAPI 3.1), as exact as the routes: FastAPI's, with what it does not know of."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ombud._version import __version__
from ombud.api.once import HEADER, KEY_LIMIT, KEY_PATTERN, REPLAYED, UNSAFE
from ombud.api.problems import MEDIA_TYPE, Problem
from ombud.api.routing import ApiRoute, problems
from ombud.api.selected_schemas import describe_selection

REFERENCE = "#/components/schemas/{model}"
SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "omb_live_...",
        "description": "A token from `ombud token create`. It may do what its owner may.",
    }
}
_SUCCESS = {
    "200": "Here it is.",
    "201": "It is made; `Location` says where.",
    "202": "It is taken, and will be seen to.",
    "204": "Done.",
}
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A random value of the caller's. The same call under the same key is done once in 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT, "pattern": KEY_PATTERN},
}
_CONDITIONS = {
    name: {
        "name": name,
        "in": "header",
        "required": False,
        "description": words,
        "schema": {"type": "string", "maxLength": 200},
    }
    for name, words in (
        ("If-None-Match", "The `ETag` of what the caller has: 304 when it is still that."),
        ("If-Match", "The `ETag` last seen; 412, and nothing is done, when it is another by now."),
    )
}
_TAG = {"description": "Names this answer, for `If-None-Match` and `If-Match`.", "schema": {"type": "string"}}
_TAG_HERE = {"$ref": "#/components/headers/ETag"}
_REPLAYED = {
    "description": "`true` when this is the answer to an earlier call under the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}
_RATES = {
    name: {"description": words, "schema": {"type": "integer", "minimum": 0}}
    for name, words in (
        ("RateLimit-Limit", "The units that the caller has in a minute."),
        ("RateLimit-Remaining", "What is left of them."),
        ("RateLimit-Reset", "Seconds until all of them are there again."),
    )
}
INTRODUCTION = """\
Everything about tickets, people and conversations over HTTP.

- **Sign in** with `Authorization: Bearer TOKEN`; `ombud token create EMAIL --name NAME` makes one.
- **Lists** come in pages: follow `next_cursor` (or the `Link` header) until it is null.
- **Errors** are `application/problem+json` (RFC 9457). Programs look at `code`; `errors` points at the parts.
- **Missing and forbidden look the same**: 404 stands for both where the caller may not know of a thing.
- **Edits** can carry `If-Match` with the `ETag` last seen; a stale one is answered with 412, nothing overwritten.
- **Reading again** costs no body: `If-None-Match` with that `ETag` is answered with 304 as long as nothing changed.
- **Repeating** an unsafe call is harmless under one `Idempotency-Key`: it is done once, and answered alike.
- **Unknown** fields and query parameters are refused (422), as are parameters given twice that take one value.
- Each answer has `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`: what the caller may still ask for.
- Each answer has an `X-Request-Id`, which the audit log holds too.
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the routes of `app`."""
    document = get_openapi(
        title="Ombud",
        version=__version__,
        openapi_version="3.1.0",
        summary="A customer-support desk.",
        description=INTRODUCTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "/api/v1"}],
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = SECURITY
    components["headers"] = {**_RATES, "ETag": _TAG}
    document["security"] = [{"token": []}]
    schemas = components.setdefault("schemas", {})
    schemas |= _schemas_of_problem()
    selectable = {
        route.path_format
        for route in app.routes
        if isinstance(route, ApiRoute) and route.selection is not None
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method.upper() in UNSAFE:
                _add_key(operation)
            _add_conditions(method, operation, is_shown="get" in operations)
            if method == "get" and path in selectable:
                describe_selection(operation, schemas)
            _complete(path, method, operation)
    components["schemas"] = dict(sorted(schemas.items()))
    return document


def _schemas_of_problem() -> dict[str, Any]:
    schema = Problem.model_json_schema(mode="serialization", ref_template=REFERENCE)
    inner: dict[str, Any] = schema.pop("$defs")
    return {"Problem": schema, **inner}


def _add_key(operation: dict[str, Any]) -> None:
    """Say that an unsafe call may have a key: an earlier one under it may still be running, or have an answer."""
    operation.setdefault("parameters", []).append(_KEY)
    responses = operation["responses"]
    responses.setdefault("409", problems(409)[409])
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED] = _REPLAYED


def _add_conditions(method: str, operation: dict[str, Any], *, is_shown: bool) -> None:
    """Say what is answered to who has seen the thing, or changes it as it was then."""
    parameters, responses = operation.setdefault("parameters", []), operation["responses"]
    if method == "get":
        parameters.append(_CONDITIONS["If-None-Match"])
        responses["304"] = {
            "description": "The caller has it: `If-None-Match` names it.",
            "headers": {"ETag": _TAG_HERE},
        }
        responses["200"].setdefault("headers", {})["ETag"] = _TAG_HERE
    elif is_shown and method != "post":
        if all(one["name"].lower() != "if-match" for one in parameters):
            parameters.append(_CONDITIONS["If-Match"])
        responses.setdefault("412", problems(412)[412])


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say that what an address names may be missing, and name what every answer has."""
    if "{" in path:
        operation["responses"].setdefault("404", problems(404)[404])
    responses = operation["responses"] = dict(sorted(operation["responses"].items()))
    for status, response in responses.items():
        if response["description"] == "Successful Response":
            response["description"] = _SUCCESS[status]
        headers = response.setdefault("headers", {})
        headers["X-Request-Id"] = {"description": "The request's id.", "schema": {"type": "string"}}
        if status == "401":
            headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
        if status == "429":
            headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in _RATES}
        if status in ("429", "503"):
            headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
        if status == "201" and method == "post":
            headers["Location"] = {"description": "Where the new thing is.", "schema": {"type": "string"}}
        has_version = path in ("/tickets", "/tickets/{number}", "/settings") and method != "get"
        if status in ("200", "201") and has_version:
            headers["ETag"] = _TAG_HERE
        if MEDIA_TYPE not in response.get("content", {}) and _is_page(response):
            headers["Link"] = {
                "description": 'The next page, as `<...>; rel="next"`.',
                "schema": {"type": "string"},
            }


def _is_page(response: dict[str, Any]) -> bool:
    return "Page" in str(response.get("content", {}).get("application/json", ""))
