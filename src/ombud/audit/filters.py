"""What part of the log is asked for. Values only."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Conditions on rows of the log; None leaves one out. Times are half-open: from `start`, before `end`."""

    ticket_id: int | None = None
    table: str | None = None
    record_id: int | None = None
    actor: str | None = None
    request_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
