"""The desk's content out: records that come back in with nothing lost, and rows for spreadsheets."""

from ombud.transfer.export.records import COLUMNS, FORMAT, export_records, export_rows

__all__ = ["COLUMNS", "FORMAT", "export_records", "export_rows"]
