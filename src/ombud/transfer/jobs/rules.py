"""What holds for jobs: for how long, how many, and how a table is read when nobody says what its columns mean."""

from datetime import timedelta

from ombud.files import download_headers
from ombud.models import TransferFormat, TransferJob

KEPT = timedelta(days=7)
"""How long a file and the rows that did not come in are kept after the end of their job."""
REMEMBERED = timedelta(days=90)
"""How long it is known that there was the job; who did what stays in the audit log."""
LEASE = timedelta(seconds=45)
"""Renewed while a job is done; that of a dead process is taken up within a minute (TRUST.md R2)."""
ATTEMPTS = 5
"""How often a job is begun that gets no further: what ends the process that does it must not end all of them."""
PROBLEMS = 1000
"""Rows that did not come in of which is told why; all of them are counted."""
MAPPING_LIMIT = 100_000
"""Characters of a mapping."""

STANDARD_MAPPING = """\
# What the columns mean. These are the columns of an export as CSV; see docs/import.md.
source = "csv"

[ticket]
key = "number"
title = "title"
description = "description"
status = "status"
priority = "priority"
channel = "channel"
assignee = "assignee"
team = "team"
created_at = "created_at"
first_response_at = "first_response_at"
resolved_at = "resolved_at"

[requester]
email = "requester"
name = "requester_name"
"""
"""Reads what `ombud export csv` writes."""

_TYPES = {TransferFormat.JSONL: "application/octet-stream", TransferFormat.CSV: "text/csv"}


def file_headers(job: TransferJob) -> dict[str, str]:
    """Return the headers of the download of an export that is done."""
    return download_headers(
        file_name=job.file_name,
        content_type=_TYPES[job.format],
        size=job.size or 0,
        checksum=job.checksum,
    )
