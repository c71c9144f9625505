"""The audit log, a ticket as it was, and taking a request back."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from ombud import models
from ombud.api.paging import PageQuery
from ombud.api.schemas.base import Input, Moment, Output, QueryId
from ombud.api.schemas.conversation import HistoryEntry
from ombud.audit import LogFilter, Undone
from ombud.audit import TicketAsOf as AsOf
from ombud.models import TicketChannel, TicketPriority, TicketStatus

RequestId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


class AuditQuery(PageQuery):
    """Which part of the log. Times are half-open: from `start`, before `end`."""

    ticket_id: QueryId | None = Field(default=None, description="A ticket's id, not its number.")
    table: Annotated[str, Field(max_length=63)] | None = Field(default=None, examples=["tickets"])
    record_id: QueryId | None = None
    actor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`user:7` or `system:import`."
    )
    request_id: RequestId | None = None
    start: Moment | None = None
    end: Moment | None = Field(default=None, description="Exclusive.")

    def filter(self) -> LogFilter:
        """Return the filter of the layers below."""
        return LogFilter(
            ticket_id=self.ticket_id,
            table=self.table,
            record_id=self.record_id,
            actor=self.actor,
            request_id=self.request_id,
            start=self.start,
            end=self.end,
        )


class AuditEntry(HistoryEntry):
    """One changed row of any table."""

    ticket_id: int | None

    @classmethod
    def of(cls, entry: models.AuditLog) -> Self:
        """Show an entry of the audit log whose user is loaded."""
        return cls(ticket_id=entry.ticket_id, **dict(HistoryEntry.of(entry)))


class CommentAsOf(Output):
    """A comment as it was."""

    id: int
    author_id: int
    content: str
    is_internal: bool
    created_at: datetime


class FileAsOf(Output):
    """A file's record as it was."""

    id: int
    comment_id: int | None
    file_name: str
    content_type: str
    size: int
    sha256: str


class TicketAsOf(Output):
    """A ticket at one moment. People are known by id: what they are called is not the ticket's history."""

    as_of: datetime
    id: int
    number: str
    title: str
    description: str
    status: TicketStatus
    priority: TicketPriority
    channel: TicketChannel
    requester_id: int
    creator_id: int
    assignee_id: int | None
    team_id: int | None
    organization_id: int | None
    created_at: datetime
    last_activity_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    deleted_at: datetime | None
    tags: list[str]
    participant_ids: list[int]
    comments: list[CommentAsOf]
    files: list[FileAsOf]

    @classmethod
    def of(cls, at: datetime, was: AsOf) -> Self:
        """Show a ticket as it was at `at`."""
        given: dict[str, Any] = {
            name: getattr(was, name) for name in cls.model_fields if name in AsOf.__dataclass_fields__
        }
        given["comments"] = [_copied(CommentAsOf, one) for one in was.comments]
        given["files"] = [_copied(FileAsOf, one, sha256=one.checksum) for one in was.files]
        return cls(**given | {"as_of": at, "number": was.ticket_number})


class NewUndo(Input):
    """Which request to take back: the `X-Request-Id` of its answer."""

    request_id: RequestId


class UndoResult(Output):
    """What was taken back. `request_id` is the undo's own: send that to have everything again."""

    request_id: str
    tickets: int = Field(description="How many tickets had fields put back.")
    links: int = Field(description="How many tags and participants were put back or taken off.")
    files: int = Field(description="How many files are on their messages again.")
    skipped: list[str] = Field(description="What stays, in words.")

    @classmethod
    def of(cls, undone: Undone) -> Self:
        """Show what was taken back."""
        return cls(
            request_id=undone.request_id,
            tickets=undone.tickets,
            links=undone.links,
            files=undone.files,
            skipped=list(undone.skipped),
        )


def _copied(kind: Any, one: Any, **more: Any) -> Any:
    return kind(**{name: getattr(one, name) for name in kind.model_fields if hasattr(one, name)} | more)
