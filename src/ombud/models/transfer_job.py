"""Exports and imports that the worker does: one row for each, and what of a file did not come in."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, says
from ombud.db.types import TextEnum, allowed

if TYPE_CHECKING:
    from ombud.models.people import User


class TransferKind(StrEnum):
    """Which way it goes."""

    EXPORT = "export"
    IMPORT = "import"


class TransferFormat(StrEnum):
    """What the file is."""

    JSONL = "jsonl"
    """Everything, as `ombud export jsonl` writes it."""
    CSV = "csv"
    """A row for each ticket."""


class TransferState(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    """A process holds it, until `lease_until`."""
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_settled(self) -> bool:
        """True when nothing more comes of it."""
        return self not in (TransferState.WAITING, TransferState.RUNNING)


class TransferJob(HasId, Base):
    """An export or import. `storage_key` is the file: what an export made, what an import was given.

    `attempt` fences: only the process that holds it says how it went. `done` of `total` is progress, in tickets for
    an export and in bytes for an import; `read` are the entries of an import that are dealt with, from which an
    interrupted one goes on. `sight` says what its owner could see when an export was made.
    """

    __tablename__ = "transfer_jobs"

    kind: Mapped[TransferKind] = mapped_column(TextEnum(TransferKind))
    format: Mapped[TransferFormat] = mapped_column(TextEnum(TransferFormat))
    state: Mapped[TransferState] = mapped_column(
        TextEnum(TransferState), server_default=TransferState.WAITING.value
    )
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    includes_files: Mapped[bool] = mapped_column(server_default=false())
    dry_run: Mapped[bool] = mapped_column(server_default=false())
    mapping: Mapped[str] = mapped_column(server_default="")
    file_name: Mapped[str] = mapped_column(String(255), server_default="")
    storage_key: Mapped[str | None] = mapped_column(String(255))
    checksum: Mapped[str] = mapped_column(String(64), server_default="")
    size: Mapped[int | None]
    sight: Mapped[str] = mapped_column(String(64), server_default="")
    done: Mapped[int] = mapped_column(server_default="0")
    total: Mapped[int | None]
    read: Mapped[int] = mapped_column(server_default="0")
    tickets: Mapped[int] = mapped_column(server_default="0")
    comments: Mapped[int] = mapped_column(server_default="0")
    people: Mapped[int] = mapped_column(server_default="0")
    known: Mapped[int] = mapped_column(server_default="0")
    left_out: Mapped[int] = mapped_column(server_default="0")
    problem: Mapped[str] = mapped_column(String(1000), server_default="")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    attempt: Mapped[str] = mapped_column(String(32), server_default="")
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    owner: Mapped["User"] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint(allowed("kind", TransferKind), name="kind"),
        CheckConstraint(allowed("format", TransferFormat), name="format"),
        CheckConstraint(allowed("state", TransferState), name="state"),
        CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="leased"),
        CheckConstraint("(state IN ('waiting', 'running')) = (settled_at IS NULL)", name="settled"),
        # one at a time for each person
        Index(
            "uq_transfer_jobs_owner_id",
            "owner_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
            info=says("owner", "has an export or import under way already.", conflict=True),
        ),
        # what the worker takes next
        Index("ix_transfer_jobs_open", "id", postgresql_where=text("state IN ('waiting', 'running')")),
        # one person's, and everybody's, newest first
        Index("ix_transfer_jobs_owner_id", "owner_id", "kind", "id"),
        Index("ix_transfer_jobs_kind", "kind", "id"),
        # what is purged
        Index("ix_transfer_jobs_settled_at", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
        # whether a file is still wanted
        Index(
            "ix_transfer_jobs_storage_key",
            "storage_key",
            postgresql_where=text("storage_key IS NOT NULL"),
        ),
    )


class TransferProblem(HasId, Base):
    """A row of an import's file that does not come in, and why: field -> rule."""

    __tablename__ = "transfer_problems"

    job_id: Mapped[int] = mapped_column(ForeignKey("transfer_jobs.id", ondelete="CASCADE"))
    line: Mapped[int]
    key: Mapped[str] = mapped_column(String(255), server_default="")
    problems: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")

    # one import's, in the order of the file
    __table_args__ = (Index("ix_transfer_problems_job_id", "job_id", "id"),)
