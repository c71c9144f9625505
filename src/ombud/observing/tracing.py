"""Traces by OpenTelemetry (the extra `otel`), only where the environment says where they go.

A span for each request, named by its route template, and one for each statement, with its text and never its values.
Nothing is imported and nothing listens while OTEL_EXPORTER_OTLP_ENDPOINT is not set.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from ombud.db.desk import Desk
from ombud.errors import Unavailable
from ombud.observing.requests import Seen

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SWITCHES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SPAN = "ombud_span"


def open_tracing(desk: Desk) -> "Traces | None":
    """Return what traces requests, or None when the environment asks for none.

    Raises Unavailable when it does and the extra is missing.
    """
    if not any(os.environ.get(name) for name in SWITCHES):
        return None
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise Unavailable(f"{SWITCHES[0]} is set, but the extra is missing: pip install 'ombud[otel]'")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return Traces(desk, OTLPSpanExporter())


class Traces:
    """Makes spans and hands them to an exporter, in batches, from a thread of its own."""

    def __init__(self, desk: Desk, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # A provider of our own: a host that embeds the desk keeps its global one.
        self.provider = TracerProvider(resource=Resource.create({"service.name": "ombud"}))
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self.provider.get_tracer("ombud")
        for engine in (desk.engine, desk.async_engine.sync_engine):
            event.listen(engine, "before_cursor_execute", self._begin)
            event.listen(engine, "after_cursor_execute", self._end)
            event.listen(engine, "handle_error", self._fail)

    @contextmanager
    def request(self, seen: Seen) -> Iterator[None]:
        """Surround a request; its parent is the trace that the caller said."""
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract(seen.headers)
        with self._tracer.start_as_current_span(
            "request", parent, SpanKind.SERVER, record_exception=False
        ) as span:
            try:
                yield
            finally:
                span.update_name(f"{seen.method} {seen.route}")
                span.set_attributes(
                    {
                        "http.request.method": seen.method,
                        "http.route": seen.route,
                        "http.response.status_code": seen.status,
                        "ombud.request_id": seen.request_id,
                        "ombud.statements": seen.statements,
                    }
                )
                if seen.status >= 500:
                    span.set_status(Status(StatusCode.ERROR))

    def close(self) -> None:
        """Hand over what was gathered, and end the thread."""
        self.provider.shutdown()

    def _begin(
        self, _conn: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool
    ) -> None:
        span = self._tracer.start_span(
            statement.split(maxsplit=1)[0].upper()[:20] if statement.strip() else "SQL",
            attributes={"db.system.name": "postgresql", "db.query.text": statement[:2000]},
        )
        if context is not None:
            setattr(context, _SPAN, span)

    def _end(self, _conn: Any, _cursor: Any, _sql: str, _values: Any, context: Any, _many: bool) -> None:
        span = getattr(context, _SPAN, None)
        if span is not None:
            span.end()

    def _fail(self, failure: Any) -> None:
        from opentelemetry.trace import Status, StatusCode

        span = getattr(failure.execution_context, _SPAN, None)
        if span is not None:
            # the kind only: the words of a driver hold values
            span.set_status(Status(StatusCode.ERROR, type(failure.original_exception).__name__))
            span.end()
