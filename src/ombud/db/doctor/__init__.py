"""What is wrong with a desk's database, found in its catalogue and its statistics; nothing is changed.

`examine` runs every check of `CHECKS`. Each is one look-up (`schema`, `rights`, `upkeep`) that names what it
found and what to do about it. What is bad breaks or will break something; a notice costs time or room.
"""

from ombud.db.doctor.findings import CHECKS, Check, Finding, Limits, Severity, examine

__all__ = ["CHECKS", "Check", "Finding", "Limits", "Severity", "examine"]
