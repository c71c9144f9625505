"""Watching from outside of pages and API: a log line and a figure for each request, `/metrics`, traces."""

from ombud.observing.metrics import Metrics
from ombud.observing.requests import Observed, Seen, name_routes
from ombud.observing.tracing import open_tracing

__all__ = ["Metrics", "Observed", "Seen", "name_routes", "open_tracing"]
