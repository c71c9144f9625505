"""An export as the lines of its file: JSON, or a table that spreadsheets open without running anything in it."""

import csv
import io
import json
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from ombud.transfer.export.records import COLUMNS, ReadFile, export_records, export_rows
from ombud.transfer.spreadsheet import safe_cell

Line = tuple[str, bool]
"""A line with its end, and whether it is one more ticket."""


def json_lines(session: Session, read_file: ReadFile | None) -> Iterator[Line]:
    """Yield `export_records` as lines of JSON."""
    for record in export_records(session, read_file):
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        yield f"{text}\n", record["type"] == "ticket"


def csv_lines(session: Session) -> Iterator[Line]:
    """Yield the names of the columns, then a row for each ticket; no cell is taken for a formula."""
    yield _row(COLUMNS), False
    for row in export_rows(session):
        yield _row([safe_cell(row[name]) for name in COLUMNS]), True


def _row(cells: Sequence[str]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(cells)
    return written.getvalue()
