"""Measure one case on all its sides, in turns, and compare what they answered."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Side = Callable[[], Awaitable[Any]]
SIDES = ("guide", "ombud", "best")
# A call shorter than this many milliseconds is timed as the mean of a short loop.
SHORT = 40
SLOW, VERY_SLOW = 4_000, 8_000


@dataclass(frozen=True)
class Target:
    """What a case should reach: at least so many times the guide, at most so many times the best, so many ms."""

    guide: float | None = None
    best: float | None = None
    ms: float | None = None

    def met(self, ms: dict[str, float | None]) -> bool | None:
        """Say whether it is reached; None where a side that it speaks of was not measured."""
        ours = ms["ombud"]
        if ours is None:
            return None
        checks = [
            None if ms["guide"] is None else ms["guide"] >= self.guide * ours if self.guide else True,
            None if ms["best"] is None else ours <= self.best * ms["best"] if self.best else True,
        ]
        wanted = [
            check for check, bound in zip(checks, (self.guide, self.best), strict=True) if bound is not None
        ]
        if self.ms is not None:
            wanted.append(ours <= self.ms)
        return None if not wanted or None in wanted else all(wanted)

    def __str__(self) -> str:
        parts = [
            f"{self.guide:g}x guide" if self.guide else "",
            f"{self.best:g}x best" if self.best else "",
            f"{self.ms:g} ms" if self.ms else "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Case:
    """One question, asked of those sides that can answer it. Answers that are the same compare as equal."""

    name: str
    guide: Side | None = None
    ombud: Side | None = None
    best: Side | None = None
    target: Target = field(default_factory=Target)
    runs: int | None = None
    """At most so many runs, where each takes long or leaves something behind."""
    note: str = ""
    compare: bool = True
    writes: bool = False
    """Whether it commits something."""
    after: Side | None = None
    """Puts back what the runs changed."""

    def sides(self) -> dict[str, Side]:
        """Return the sides that there are, by name."""
        found = {"guide": self.guide, "ombud": self.ombud, "best": self.best}
        return {name: side for name, side in found.items() if side is not None}


@dataclass(frozen=True)
class Outcome:
    """A case's medians in milliseconds, and whether all sides gave the same answer (None: one side only)."""

    case: str
    ms: dict[str, float | None]
    same_answer: bool | None
    runs: int
    target: str = ""
    met: bool | None = None
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it with the names that programs know."""
        return {
            "case": self.case,
            **{f"{side}_ms": self.ms[side] for side in SIDES},
            "same_answer": self.same_answer,
            "runs": self.runs,
            "target": self.target,
            "met": self.met,
            "note": self.note,
            **self.more,
        }


async def measure(case: Case, runs: int) -> Outcome:
    """Warm every side up once, then time them in turns."""
    sides = case.sides()
    first = {name: await _timed(side, 1) for name, side in sides.items()}
    worst = max(ms for ms, _answer in first.values())
    runs = min(runs, 3 if worst > VERY_SLOW else 5 if worst > SLOW else runs, case.runs or runs)
    taken: dict[str, list[float]] = {name: [first[name][0]] if worst > SLOW else [] for name in sides}
    loops = {name: max(1, min(50, int(SHORT / max(0.01, first[name][0])))) for name in sides}
    for _ in range(max(1, runs - (worst > SLOW))):
        for name, side in sides.items():
            taken[name].append((await _timed(side, loops[name]))[0])
    if case.after is not None:
        await case.after()
    medians = {name: round(statistics.median(taken[name]), 3) if name in taken else None for name in SIDES}
    answers = [answer for _ms, answer in first.values()]
    comparable = case.compare and len(answers) > 1
    return Outcome(
        case.name,
        medians,
        all(answer == answers[0] for answer in answers) if comparable else None,
        runs,
        str(case.target),
        case.target.met(medians),
        case.note,
    )


async def _timed(side: Side, loops: int) -> tuple[float, Any]:
    gc.collect()
    begun = time.perf_counter()
    for _ in range(loops):
        answer = await side()
    return (time.perf_counter() - begun) * 1000 / loops, answer
