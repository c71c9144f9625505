"""Exports and imports as jobs: how far they are, what came of them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Flag, Input, Output
from ombud.api.schemas.people import PublicPerson
from ombud.models import TransferFormat, TransferState
from ombud.transfer.jobs.rules import KEPT


class Progress(Output):
    """How far a job is."""

    done: int
    total: int | None = Field(description="Null while it is not known.")
    unit: Literal["tickets", "bytes"]


class TransferTimes(Output):
    """When what happened to a job."""

    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="When its file is removed.")


class Export(TransferTimes):
    """An export of all that its owner sees."""

    id: int
    owner: PublicPerson
    format: TransferFormat
    includes_files: bool = Field(description="Whether it holds the bytes of attachments, too.")
    state: TransferState
    progress: Progress
    problem: str = Field(description="Why it failed; empty when it did not.")
    file_name: str
    has_file: bool = Field(description="Whether there is something to download at `/exports/{id}/file`.")
    size: int | None = Field(description="Bytes of the file.")
    checksum: str = Field(description="SHA-256 of the file in hex; empty before it is done.")

    @classmethod
    def of(cls, job: models.TransferJob) -> Self:
        """Show an export whose owner is loaded."""
        return cls(
            id=job.id,
            owner=PublicPerson.of(job.owner),
            format=job.format,
            includes_files=job.includes_files,
            state=job.state,
            progress=Progress(done=job.done, total=job.total, unit="tickets"),
            problem=job.problem,
            file_name=job.file_name,
            has_file=job.storage_key is not None,
            size=job.size,
            checksum=job.checksum,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.settled_at,
            expires_at=_expiry(job),
        )


class NewExport(Input):
    """An export to make."""

    format: TransferFormat = Field(
        description="`jsonl`: people, tickets, comments, files, as `ombud export jsonl`; `csv`: a row for each ticket."
    )
    includes_files: Annotated[
        Flag, Field(description="Of `jsonl`: whether it holds the bytes of attachments.")
    ] = True


class ImportCounts(Output):
    """What became of the rows of a file; of a dry run, what would."""

    read: int = Field(description="Rows or records that are dealt with.")
    tickets: int = Field(description="Tickets added.")
    comments: int = Field(description="Comments added.")
    people: int = Field(description="People added.")
    known: int = Field(description="Rows that came in before; they stay as they are.")
    left_out: int = Field(description="Rows that do not come in; `/imports/{id}/errors` says why.")


class Import(TransferTimes):
    """An import of a file."""

    id: int
    owner: PublicPerson
    format: TransferFormat
    dry_run: bool = Field(description="Whether it only reads and checks.")
    state: TransferState
    progress: Progress
    counts: ImportCounts
    problem: str = Field(description="Why it failed; empty when it did not. What came in before stays.")
    file_name: str
    has_file: bool = Field(description="Whether the file is still there, for a repetition.")
    size: int | None = Field(description="Bytes of the file.")
    mapping: str = Field(description="What the columns of a CSV file mean, in TOML.")

    @classmethod
    def of(cls, job: models.TransferJob) -> Self:
        """Show an import whose owner is loaded."""
        return cls(
            id=job.id,
            owner=PublicPerson.of(job.owner),
            format=job.format,
            dry_run=job.dry_run,
            state=job.state,
            progress=Progress(done=job.done, total=job.size, unit="bytes"),
            counts=ImportCounts(**{name: getattr(job, name) for name in ImportCounts.model_fields}),
            problem=job.problem,
            file_name=job.file_name,
            has_file=job.storage_key is not None,
            size=job.size,
            mapping=job.mapping,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.settled_at,
            expires_at=_expiry(job),
        )


class ImportProblem(Output):
    """A row that does not come in."""

    line: int = Field(description="Where it begins in the file, from 1.")
    key: str = Field(description="Its key, as far as it could be read.")
    problems: dict[str, str] = Field(description="Field and rule.")

    @classmethod
    def of(cls, row: models.TransferProblem) -> Self:
        """Show a row that was left out."""
        return cls(line=row.line, key=row.key, problems=row.problems)


def _expiry(job: models.TransferJob) -> datetime | None:
    if job.settled_at is None or job.storage_key is None:
        return None
    return job.settled_at + KEPT
