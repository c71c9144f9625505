"""What both clients have in common, without any I/O: requests made of calls, answers read, when to try again."""

import random
import uuid
from typing import Any, TypeVar

import httpx

from ombud.client.calls import Call, Listing
from ombud.client.errors import Problem

T = TypeVar("T")

TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
TRY_AGAIN = frozenset({429, 502, 503, 504})


def address(desk: str) -> str:
    """Return the API's address below a desk's."""
    return f"{desk.rstrip('/')}/api/v1/"


def request_of(client: httpx.Client | httpx.AsyncClient, call: Call[Any], key: str | None) -> httpx.Request:
    """Make a request, with a key that stays the same over all tries."""
    headers = dict(call.headers) | ({"Idempotency-Key": key} if key is not None else {})
    return client.build_request(
        call.method,
        call.path,
        params=call.params or None,
        json=call.json,
        content=call.content,
        data=call.form,
        files={"file": call.file} if call.file is not None else None,
        headers=headers,
    )


def key_for(call: Call[Any]) -> str | None:
    """Return the key of an unsafe call: its own, or a fresh one."""
    return (call.key or str(uuid.uuid4())) if call.method in UNSAFE else None


def should_try_again(answer: httpx.Response) -> bool:
    """Tell whether the same request may succeed later; the body must have been read."""
    in_use = answer.status_code == 409 and _told(answer).get("code") == "idempotency_key_in_use"
    return in_use or answer.status_code in TRY_AGAIN


def wait_before(attempt: int, answer: httpx.Response | None) -> float:
    """Return how many seconds to wait: what the desk says, or twice as long each time and a little by chance."""
    told = answer.headers.get("Retry-After", "") if answer is not None else ""
    if told.isascii() and told.isdecimal():
        return min(float(told), LONGEST_WAIT)
    return float(min(FIRST_WAIT * 2**attempt, LONGEST_WAIT) * random.uniform(0.5, 1.0))  # noqa: S311 -- no secret


def read(answer: httpx.Response, call: Call[T]) -> T:
    """Return what an answer holds; raises Problem for one that is not a success."""
    if not answer.is_success:
        raise problem_of(answer)
    if call.is_bytes:
        return answer.content  # type: ignore[return-value]  # a call of bytes
    return answer.json() if answer.content else None  # type: ignore[return-value]  # T is what the call says


def problem_of(answer: httpx.Response) -> Problem:
    """Return what a refusal says; its body must have been read."""
    return Problem(answer.status_code, _told(answer))


def next_page(call: Listing[T], page: dict[str, Any]) -> Listing[T] | None:
    """Return the call of the page after `page`."""
    cursor = page["next_cursor"]
    return None if cursor is None else call.at(cursor)


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
