"""Traces of a real request, received by a real HTTP server that speaks OTLP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ombud import Desk, Settings
from ombud.asgi import build_app
from ombud.observing import open_tracing
from ombud.testing import Cast

CANARY = "canary-55aa"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Span]]:
    """Where spans go; the list fills."""
    spans: list[Span] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            message = ExportTraceServiceRequest()
            message.ParseFromString(body)
            spans.extend(
                span for one in message.resource_spans for scope in one.scope_spans for span in scope.spans
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield spans
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.asyncio
@pytest.mark.usefixtures("built")
async def test_a_request_and_its_statements_are_one_trace(
    desk: Desk, settings: Settings, cast: Cast, receiver: list[Span]
) -> None:
    app = build_app(desk, settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example") as client,
    ):
        answer = await client.get(
            f"/api/v1/tickets?q={CANARY}",
            headers={
                "Authorization": f"Bearer {cast.agent.token}",
                "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
            },
        )
        assert answer.status_code == 200, answer.text
    ours = [span for span in receiver if span.trace_id.hex() == TRACE]
    (request,) = [span for span in ours if span.kind == Span.SPAN_KIND_SERVER]
    assert request.name == "GET /api/v1/tickets"
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    said = {one.key: one.value for one in request.attributes}
    assert said["http.response.status_code"].int_value == 200
    assert said["ombud.request_id"].string_value == answer.headers["X-Request-Id"]
    statements = [span for span in ours if span.parent_span_id == request.span_id]
    # What goes below SQLAlchemy (who asks, here) is counted, and has no span of its own.
    assert 0 < len(statements) <= said["ombud.statements"].int_value
    assert CANARY not in str(receiver)
    assert cast.agent.token not in str(receiver)


def test_without_the_environment_nothing_is_traced(desk: Desk) -> None:
    assert open_tracing(desk) is None
