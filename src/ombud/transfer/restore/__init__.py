"""An export back in: read line by line, checked, and loaded with its numbers, times and states."""

from ombud.transfer.restore.actions import load_export
from ombud.transfer.restore.reader import BadExport, read_export

__all__ = ["BadExport", "load_export", "read_export"]
