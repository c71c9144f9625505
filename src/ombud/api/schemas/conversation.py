"""Comments, files and history: what lies on a ticket."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from ombud import models
from ombud.api.schemas.base import Flag, Input, Output
from ombud.api.schemas.outbox import NewDelivery
from ombud.api.schemas.people import PublicPerson
from ombud.models import AuditAction, TicketStatus


class Attachment(Output):
    """A file's record; its bytes are at `/attachments/{id}/content`."""

    id: int
    file_name: str
    content_type: str = Field(description="As the sender named it; downloads of risky types come as bytes.")
    size: int = Field(description="Bytes.")
    sha256: str
    comment_id: int | None
    created_at: datetime

    @classmethod
    def of(cls, attachment: models.Attachment) -> Self:
        """Show a file's record."""
        return cls(
            id=attachment.id,
            file_name=attachment.file_name,
            content_type=attachment.content_type,
            size=attachment.size,
            sha256=attachment.checksum,
            comment_id=attachment.comment_id,
            created_at=attachment.created_at,
        )


class Comment(Output):
    """A public reply, or an internal note, which customers never see. `content` is Markdown."""

    id: int
    content: str
    is_internal: bool
    author: PublicPerson
    attachments: list[Attachment]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, comment: models.Comment) -> Self:
        """Show a comment whose author and files are loaded."""
        return cls(
            id=comment.id,
            content=comment.content,
            is_internal=comment.is_internal,
            author=PublicPerson.of(comment.author),
            attachments=[Attachment.of(one) for one in comment.attachments],
            created_at=comment.created_at,
            updated_at=comment.updated_at,
        )


class NewComment(Input):
    """A comment to add. `status_after` moves the ticket in the same breath."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"content": "Here it is: **invoice.pdf**", "status_after": "waiting_on_customer"}]
        }
    )

    content: Annotated[str, Field(min_length=1, max_length=1_000_000, pattern=r"\S")]
    is_internal: Flag = False
    status_after: TicketStatus | None = None
    delivery: NewDelivery | None = Field(
        default=None,
        description="For a public reply by the team: whom it is mailed to, and when at the earliest.",
    )


class HistoryEntry(Output):
    """One changed row: of the ticket itself, or of something that belongs to it."""

    id: int
    at: datetime
    action: AuditAction
    table: str = Field(examples=["tickets"])
    record_id: int | None
    actor: str = Field(description="`user:7` or `system:import`.", examples=["user:7"])
    user: PublicPerson | None
    request_id: str
    changes: dict[str, Any] = Field(description="By column: `[before, after]`.")

    @classmethod
    def of(cls, entry: models.AuditLog) -> Self:
        """Show an entry of the audit log whose user is loaded."""
        return cls(
            id=entry.id,
            at=entry.created_at,
            action=entry.action,
            table=entry.table_name,
            record_id=entry.record_id,
            actor=entry.actor,
            user=PublicPerson.of(entry.user) if entry.user is not None else None,
            request_id=entry.request_id,
            changes=entry.changes,
        )
