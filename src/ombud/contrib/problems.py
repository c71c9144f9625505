"""The desk's errors as answers of a host: a status, headers, and the members of a problem (RFC 9457).

Each kind has its status here, once for all three frameworks. Not here: how a framework sends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

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

MEDIA_TYPE = "application/problem+json"

# Subclasses stand before their kinds.
_STATUSES: tuple[tuple[type[OmbudError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (StaleVersion, HTTPStatus.PRECONDITION_FAILED),
    (Conflict, HTTPStatus.CONFLICT),
    (RateLimited, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer: `body` are the members of a problem, `message` is its sentence for people."""

    status: int
    message: str
    body: dict[str, object]
    headers: dict[str, str] = field(default_factory=dict)


def answer_to(error: OmbudError) -> Answer:
    """Return the answer to an error of the desk. What is not one of its kinds tells nothing but 500."""
    status = next((code for kind, code in _STATUSES if isinstance(error, kind)), None)
    if status is None:
        return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "error", OmbudError.default_message)
    answer = _answer(status, error.code, error.message)
    match error:
        case Invalid(fields=fields) if fields:
            answer.body["errors"] = [
                {"pointer": f"#/{name}", "detail": rule} for name, rule in fields.items()
            ]
        case StaleVersion(current=version):
            answer.body["current_version"] = version
        case RateLimited(retry_after=seconds):
            answer.headers["Retry-After"] = str(seconds)
        case Unavailable():
            answer.headers["Retry-After"] = "1"
    return answer


def _answer(status: HTTPStatus, code: str, message: str) -> Answer:
    body: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": message,
        "code": code,
    }
    return Answer(status.value, message, body)
