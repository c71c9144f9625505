"""Exports and imports: one as a row, and what its state and its figures are called on pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ombud.models import TransferFormat, TransferJob, TransferKind, TransferState
from ombud.web.place import at
from ombud.web.wording import size

HERE = "/settings/transfers"
STATE_WORDS = {
    TransferState.WAITING: ("clock", "Waiting"),
    TransferState.RUNNING: ("hourglass", "Under way"),
    TransferState.DONE: ("circle-check", "Done"),
    TransferState.FAILED: ("octagon-alert", "Failed"),
    TransferState.CANCELED: ("circle-slash", "Canceled"),
}
FORMAT_WORDS = {
    TransferFormat.JSONL: "Everything (JSON lines)",
    TransferFormat.CSV: "Tickets (CSV)",
}


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A job. Exports have a `download_href` while there is a file, imports a page of their own."""

    id: int
    name: str
    what: str
    owner: str
    icon: str
    state: str
    is_bad: bool
    is_open: bool
    figures: str
    problem: str
    done: int
    total: int | None
    at: datetime
    expires_at: datetime | None
    href: str
    download_href: str
    end_href: str


def transfer_row(job: TransferJob, expires_at: datetime | None) -> TransferRow:
    """Put a job whose owner is loaded into words."""
    icon, word = STATE_WORDS[job.state]
    is_export = job.kind is TransferKind.EXPORT
    here = at(f"{HERE}/{job.kind.value}s/{job.id}")
    has_file = job.state is TransferState.DONE and job.storage_key is not None
    what = FORMAT_WORDS[job.format]
    if job.includes_files:
        what += ", with files"
    if job.dry_run:
        what += ", only checked"
    return TransferRow(
        id=job.id,
        name=job.file_name,
        what=what,
        owner=job.owner.display_name,
        icon=icon,
        state=word,
        is_bad=job.state is TransferState.FAILED,
        is_open=not job.state.is_settled,
        figures=_export_figures(job) if is_export else import_figures(job),
        problem=job.problem,
        done=job.done,
        total=job.total if is_export else job.size,
        at=job.created_at,
        expires_at=expires_at if has_file else None,
        href="" if is_export else here,
        download_href=f"{here}/file" if is_export and has_file else "",
        end_href=f"{here}/end",
    )


def import_figures(job: TransferJob) -> str:
    """Return what became of the rows of a file, in words."""
    if not job.read:
        return size(job.size or 0)
    verb = "would come in" if job.dry_run else "came in"
    said = [f"{_counted(job.read, 'row')} read", f"{_counted(job.tickets, 'ticket')} {verb}"]
    if job.comments:
        said.append(_counted(job.comments, "comment"))
    if job.people:
        said.append(f"{job.people:,} new {'person' if job.people == 1 else 'people'}")
    if job.known:
        said.append(f"{job.known:,} here already")
    if job.left_out:
        said.append(f"{job.left_out:,} left out")
    return ", ".join(said)


def _export_figures(job: TransferJob) -> str:
    if job.state is TransferState.DONE:
        return f"{_counted(job.tickets, 'ticket')}, {size(job.size or 0)}"
    if job.state is TransferState.RUNNING and job.total is not None:
        return f"{job.done:,} of {_counted(job.total, 'ticket')}"
    return ""


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
