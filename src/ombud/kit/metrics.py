"""What the desk counts about itself, for Prometheus. Every label has few values: templates, names, states; never an id.

The figures are those of this process, from its start. What they are read by is `observing`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Histogram(
    "ombud_request_seconds",
    "Requests by route template, and how long their answers took.",
    ("method", "route", "status"),
    buckets=SECONDS,
    registry=REGISTRY,
)
STATEMENTS = Counter(
    "ombud_request_statements", "Statements that requests sent.", ("route",), registry=REGISTRY
)
STREAMS = Gauge("ombud_live_streams", "Streams that are open.", registry=REGISTRY)
CHORES = Counter("ombud_chore_runs", "Turns of the worker's chores.", ("chore", "outcome"), registry=REGISTRY)
CHORE_SECONDS = Counter("ombud_chore_seconds", "Seconds spent in chores.", ("chore",), registry=REGISTRY)
CHORE_BEAT = Gauge(
    "ombud_chore_last_success_timestamp_seconds",
    "When a chore last succeeded: the worker's heartbeat.",
    ("chore",),
    registry=REGISTRY,
)
MAIL = Counter("ombud_mail_decisions", "Incoming mails by what was decided.", ("state",), registry=REGISTRY)


@contextmanager
def chore_measured(name: str, now: float) -> Iterator[None]:
    """Count a turn of a chore; `now` is its time as a timestamp."""
    begun = perf_counter()
    try:
        yield
    except Exception:
        CHORES.labels(name, "failed").inc()
        raise
    else:
        CHORES.labels(name, "done").inc()
        CHORE_BEAT.labels(name).set(now)
    finally:
        CHORE_SECONDS.labels(name).inc(perf_counter() - begun)


def last_beats() -> dict[str, float]:
    """Return when each chore of this process last succeeded."""
    return {
        sample.labels["chore"]: sample.value for family in CHORE_BEAT.collect() for sample in family.samples
    }
