"""What a measurement gives: figures with a target, and tables. How they are written is in `report`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

Cell = str | int | float


@dataclass(frozen=True)
class Figure:
    """A measured value that should be at most `target`; None where it could not be measured."""

    what: str
    unit: str
    target: float
    value: float | None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None when nothing was measured."""
        return None if self.value is None else self.value <= self.target


@dataclass(frozen=True)
class Table:
    """A table of the report; `note` says how it was measured."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass
class Results:
    """Everything that a run has found so far."""

    machine: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]
