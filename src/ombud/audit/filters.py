"""What part of the log is asked for. Values only."""

from dataclasses import dataclass
from datetime import datetime

from ombud.models import AccessKind


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


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Conditions on the log of looks; None leaves one out. `thing` also finds what is below it
    (`ticket:1042/comments`) and its lists (`tickets?status=open`).
    """

    kind: AccessKind | None = None
    principal: str | None = None
    thing: str | None = None
    request_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
