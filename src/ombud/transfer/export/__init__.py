"""The desk's content out: records that come back in with nothing lost, and rows for spreadsheets."""

from ombud.transfer.export.lines import csv_lines, json_lines
from ombud.transfer.export.queries import ticket_count
from ombud.transfer.export.records import COLUMNS, FORMAT, export_records, export_rows

__all__ = [
    "COLUMNS",
    "FORMAT",
    "csv_lines",
    "export_records",
    "export_rows",
    "json_lines",
    "ticket_count",
]
