"""The sample desk of `ombud demo`: a deterministic year of believable support tickets, as plain records.

Nothing here knows a database; the command line loads what this package generates.
"""

from ombud.demo.desk import DemoDesk, generate

__all__ = ["DemoDesk", "generate"]
