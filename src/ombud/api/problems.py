"""Errors as problem+json (RFC 9457): one shape for every answer that is not a success.

`code` is stable and made for programs; `detail` is made for people and may change.
"""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from ombud.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OmbudError,
    RateLimited,
    StaleVersion,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from ombud.files import NoSuchPart
from ombud.kit.logs import Log

MEDIA_TYPE = "application/problem+json"
ERRORS_SHOWN = 50
NAME_SHOWN = 100
# Subclasses stand before their kinds.
_STATUSES: tuple[tuple[type[OmbudError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (NoSuchPart, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (StaleVersion, HTTPStatus.PRECONDITION_FAILED),
    (Conflict, HTTPStatus.CONFLICT),
    (RateLimited, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
_HTTP_CODES = {
    400: ("bad_request", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    408: ("too_slow", "The body comes too slowly."),
    413: ("too_large", "The body is too large."),
    415: ("unsupported_media_type", "The body has another Content-Type than this address takes."),
    431: ("head_too_large", "The address and the headers of a request have at most 65,536 bytes together."),
}
# What people are told of in place of a pattern.
_FORMS = {
    r"\S": "must not be blank.",
    r"^[^@\s]+@[^@\s]+$": "must be an address such as ann@example.com.",
    "^#[0-9A-Fa-f]{6}$": "must be a colour such as #1f8a8a.",
}
# What actions call a thing, where the body names it by id.
_BODY_NAMES = {
    "requester": "requester_id",
    "assignee": "assignee_id",
    "team": "team_id",
    "organization": "organization_id",
    "user": "user_id",
    "domain": "domains",
}


class Explained(HTTPException):
    """An answer with a status of HTTP, with words of ours beside it."""


class ProblemField(BaseModel):
    """What is wrong with one part of the request: of its body, its query, its headers or its path."""

    detail: str = Field(description="What is wrong, for people.", examples=["must not be blank."])
    pointer: str | None = Field(
        default=None,
        description="Where in the JSON body: a JSON Pointer (RFC 6901) in its URI fragment form.",
        examples=["#/title"],
    )
    parameter: str | None = Field(default=None, description="Which parameter of the query or path.")
    header: str | None = Field(default=None, description="Which header.")


class Problem(BaseModel):
    """Any answer that is not a success."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/api/v1/docs#problem-invalid",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "Some of what you entered is not valid.",
                "code": "invalid",
                "instance": "urn:uuid:0b8f7d2e-5a3c-4c1e-9d53-3f6a2c1b7e90",
                "errors": [{"detail": "must not be blank.", "pointer": "#/title"}],
            }
        }
    )

    type: str = Field(description="Where this kind of problem is explained.")
    title: str = Field(description="The name of the status.")
    status: int = Field(description="The status code again.")
    detail: str = Field(description="What went wrong, for people.")
    code: str = Field(description="What went wrong, for programs. Stable.")
    instance: str = Field(description="The request's id (also in `X-Request-Id`); quote it when you ask.")
    errors: list[ProblemField] | None = Field(default=None, description="The parts that are wrong.")
    retry_after: int | None = Field(default=None, description="Seconds to wait before trying again.")
    current_version: int | None = Field(default=None, description="The version that the thing has now.")


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    app.exception_handler(OmbudError)(_on_desk_error)
    app.exception_handler(RequestValidationError)(_on_validation)
    app.exception_handler(HTTPException)(on_http)


def answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[ProblemField] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Return a problem as a response."""
    problem = Problem(
        type=f"{request.scope.get('root_path', '')}/docs#problem-{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        instance=f"urn:uuid:{request.state.request_id}",
        errors=list(errors) or None,
        **more,
    )
    content = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def known_codes() -> list[tuple[int, str, str]]:
    """Return status, code and message of every problem that there is, in order."""
    found = {(status, *words) for status, words in _HTTP_CODES.items()}
    kinds: list[type[OmbudError]] = [kind for kind, _ in _STATUSES]
    while kinds:
        kind = kinds.pop()
        if kind.__module__.startswith("ombud."):
            found.add((_status(kind), kind.code, kind.default_message))
        kinds += kind.__subclasses__()
    by_code = {code: (status, code, message) for status, code, message in sorted(found, reverse=True)}
    return sorted([*by_code.values(), (500, "error", OmbudError.default_message)])


def _status(kind: type[OmbudError]) -> int:
    return next((status.value for known, status in _STATUSES if issubclass(kind, known)), 500)


async def _on_desk_error(request: Request, error: OmbudError) -> JSONResponse:
    status = _status(type(error))
    if status == 500:
        Log(__name__).error("request failed", error=error, request_id=request.state.request_id)
        return answer(request, 500, "error", OmbudError.default_message)
    match error:
        case NoSuchPart(part=part):
            return answer(request, status, error.code, error.message, headers=part.headers)
        case Invalid():
            errors = [_field(request, name, rule) for name, rule in error.fields.items()]
            return answer(request, status, error.code, _sentence(error), errors=errors)
        case Unauthenticated():
            return answer(request, status, error.code, error.message, headers=_challenge(error))
        case RateLimited(retry_after=seconds):
            wait = {"Retry-After": str(seconds)}
            return answer(request, status, error.code, error.message, headers=wait, retry_after=seconds)
        case Unavailable():
            wait = {"Retry-After": "1"}
            return answer(request, status, error.code, error.message, headers=wait, retry_after=1)
        case StaleVersion(current=version):
            return answer(request, status, error.code, error.message, current_version=version)
    return answer(request, status, error.code, error.message)


async def _on_validation(request: Request, error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    # An id that is not even a number names nothing, and nothing says so better than "not found".
    if all(one["loc"][:1] == ("path",) for one in found):
        return answer(request, 404, NotFound.code, NotFound.default_message)
    errors = [_location(one["loc"], _rule(one)) for one in found[:ERRORS_SHOWN]]
    return answer(request, 422, Invalid.code, Invalid.default_message, errors=errors)


async def on_http(request: Request, error: HTTPException) -> JSONResponse:
    """Answer an error of the framework: no such address, wrong method, too large, wrong type."""
    code, detail = _HTTP_CODES.get(error.status_code, ("error", HTTPStatus(error.status_code).phrase))
    if isinstance(error, Explained):
        detail = error.detail
    elif error.status_code == 404 and _ends_with_slash(request):
        detail += " Addresses have no slash at their end."
    return answer(request, error.status_code, code, detail, headers=error.headers)


def _ends_with_slash(request: Request) -> bool:
    path = request.url.path
    return path.endswith("/") and path.rstrip("/") != request.scope.get("root_path", "")


def _sentence(error: Invalid) -> str:
    """Say it in general where `errors` says it in particular."""
    return error.default_message if error.fields else error.message


def _challenge(error: Unauthenticated) -> dict[str, str]:
    """Return the header of RFC 6750 section 3: without credentials no error is named."""
    wrong = error.data.get("presented", False)
    return {"WWW-Authenticate": 'Bearer realm="ombud"' + (', error="invalid_token"' if wrong else "")}


def _field(request: Request, name: str, rule: str) -> ProblemField:
    shown = name[:NAME_SHOWN]
    if name.startswith("header:"):
        return ProblemField(detail=rule, header=shown.removeprefix("header:"))
    if name.startswith("parameter:") or request.method == "GET":
        return ProblemField(detail=rule, parameter=shown.removeprefix("parameter:"))
    if name.startswith("/") or not name:
        return ProblemField(detail=rule, pointer=f"#{shown}")
    return ProblemField(detail=rule, pointer=f"#/{_BODY_NAMES.get(name, shown)}")


def _location(place: Sequence[int | str], rule: str) -> ProblemField:
    match place[0]:
        case "body":
            return ProblemField(detail=rule, pointer=_pointer(place[1:]))
        case "header":
            return ProblemField(detail=rule, header=str(place[1])[:NAME_SHOWN])
    return ProblemField(detail=rule, parameter=str(place[1])[:NAME_SHOWN] if len(place) > 1 else None)


def _pointer(parts: Iterable[int | str]) -> str:
    escaped = (str(part)[:NAME_SHOWN].replace("~", "~0").replace("/", "~1") for part in parts)
    return "#" + "".join(f"/{part}" for part in escaped)


def _rule(error: Mapping[str, Any]) -> str:
    """Return Pydantic's words as ours: lower case, a full stop, and never the value itself."""
    limits = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return "is not a field that can be given here."
        case "string_pattern_mismatch" if limits["pattern"] in _FORMS:
            return _FORMS[limits["pattern"]]
        case "string_too_short" if limits["min_length"] == 1:
            return "must not be blank."
        case "too_long":
            return f"has at most {limits['max_length']:,} items."
        case "model_attributes_type" | "model_type" | "dict_type":
            return "must be an object."
        case "value_error" if "UploadFile" in error["msg"]:
            return "must be a file with a name."
    words = str(error["msg"]).removeprefix("Value error, ")
    return f"{words[:1].lower()}{words[1:]}" + ("" if words.endswith(".") else ".")
