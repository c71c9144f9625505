"""Exports and imports that the worker does: asked for here, worked off by `ombud.worker.transfers`."""

from ombud.transfer.jobs.actions import (
    Upload,
    drop_upload,
    end_job,
    file_of_export,
    get_job,
    note_download,
    purge_jobs,
    repeat_import,
    start_export,
    start_import,
)

__all__ = [
    "Upload",
    "drop_upload",
    "end_job",
    "file_of_export",
    "get_job",
    "note_download",
    "purge_jobs",
    "repeat_import",
    "start_export",
    "start_import",
]
