"""Every operation of the description, fed with what schemathesis makes of it, well-formed and not.

No answer is a 5xx, each is one that the description knows, and none speaks of SQL or Python.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import requests
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from schemathesis import APIOperation, Case, GenerationMode, Response, openapi, serializer
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ombud.api.app import create_api
from ombud.api.openapi import describe
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.runtime import Runtime
from ombud.testing.factories import make_comment, make_ticket
from ombud.testing.personas import Cast

# A raw message is bytes.
serializer.alias("message/rfc822", "application/octet-stream")

# Of each operation, well-formed and again malformed. A few of each in every run; raise it to go hunting.
EXAMPLES = 6
FORBIDDEN_WORDS = re.compile(
    r"SELECT |INSERT |sqlalchemy|asyncpg|Traceback|SQLSTATE|pg_|\bck_|\buq_|\bfk_", re.IGNORECASE
)
KNOWN = ("method", "url", "params", "json", "data", "files", "headers", "cookies")
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


class Fuzzed:
    """The API in a loop that stands still between calls, because Hypothesis is not asynchronous."""

    def __init__(self, app: FastAPI, desk: Desk, token: str) -> None:
        self.app = app
        self.sent = 0
        self.real: dict[str, object] = {}
        self._runner, self._desk = asyncio.Runner(), desk
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://desk.example", headers=headers
        )

    def send(self, case: Case[Any]) -> httpx.Response:
        """Call; every other time about things that exist."""
        self.sent += 1
        if self.sent % 2:
            case.path_parameters.update(
                {name: value for name, value in self.real.items() if name in case.path_parameters}
            )
        key = case.headers["Idempotency-Key"] if "Idempotency-Key" in (case.headers or ()) else None
        if self.sent % 4 and isinstance(key, str) and len(key) < 200:
            case.headers["Idempotency-Key"] = f"{key}{self.sent}"  # one that is used again hides the rest
        wanted = case.as_transport_kwargs(base_url="http://desk.example")
        made = requests.Request(**{name: wanted[name] for name in KNOWN if name in wanted}).prepare()
        content = made.body if isinstance(made.body, bytes | str) else b""
        headers = httpx.Headers({name: str(value) for name, value in made.headers.items()}, encoding="utf-8")
        return self._runner.run(
            self._client.request(str(made.method), str(made.url), content=content, headers=headers)
        )

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self._desk.aclose())
        self._runner.close()


@pytest.fixture
def fuzzed(runtime: Runtime, cast: Cast) -> Iterator[Fuzzed]:
    unlimited = replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 0}))
    fuzzed = Fuzzed(create_api(unlimited), runtime.desk, cast.admin.token)
    yield fuzzed
    fuzzed.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_input_gets_through(fuzzed: Fuzzed, desk: Desk, cast: Cast, mode: GenerationMode) -> None:
    with desk.begin(Actor.system("test")) as session:
        ticket = make_ticket(session, cast.customer.id)
        comment = make_comment(session, ticket, cast.agent.id)
    fuzzed.real = {"number": ticket.ticket_number, "comment_id": comment.id}
    operations = list(openapi.from_dict(describe(fuzzed.app)).get_all_operations())
    for result in operations:
        attack(fuzzed, result.ok(), mode)  # type: ignore[union-attr] # our description has no errors, or this fails

    assert fuzzed.sent >= EXAMPLES * len(operations) / 2


def attack(fuzzed: Fuzzed, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
    """Call an operation with what Hypothesis thinks of."""

    @examples(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Case[Any]) -> None:
        answer = fuzzed.send(case)
        assert answer.status_code < 500, answer.text
        assert answer.is_success or not FORBIDDEN_WORDS.search(answer.text), answer.text
        case.validate_response(Response.from_any(answer), checks=CHECKS)

    check()
