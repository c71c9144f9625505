"""Outcomes as a table for people and as JSON for programs; and the table of several runs in one.

python -m benchmarks.guide.table FILE...    # of what --json wrote; later files win
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.guide.timing import SIDES, Outcome

HEAD = (
    "case",
    "guide ms",
    "Ombud ms",
    "best ms",
    "guide / Ombud",
    "Ombud / best",
    "same answer",
    "target",
    "met",
)


def as_json(tickets: int, outcomes: Sequence[Outcome]) -> str:
    """Return everything as one JSON object."""
    return json.dumps({"tickets": tickets, "cases": [one.as_json() for one in outcomes]}, indent=1)


def from_json(texts: Iterable[str]) -> list[Outcome]:
    """Return the outcomes of several runs; a case that was measured again counts as it was last."""
    found: dict[str, Outcome] = {}
    for text in texts:
        for case in json.loads(text)["cases"]:
            ms = {side: case[f"{side}_ms"] for side in SIDES}
            found[case["case"]] = Outcome(
                case["case"], ms, case["same_answer"], case["runs"], case["target"], case["met"], case["note"]
            )
    return list(found.values())


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return a table in Markdown, which a terminal shows well enough; notes below."""
    rows = [HEAD, ("---",) * len(HEAD), *(_cells(one) for one in outcomes)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    notes = [f"- {one.case}: {one.note}" for one in outcomes if one.note]
    return "\n".join([*lines, "", *notes])


def _cells(one: Outcome) -> tuple[str, ...]:
    guide, ombud, best = (one.ms[side] for side in SIDES)
    return (
        one.case,
        *(_number(ms) for ms in (guide, ombud, best)),
        _ratio(guide, ombud),
        _ratio(ombud, best),
        _word(one.same_answer),
        one.target,
        _word(one.met),
    )


def _ratio(over: float | None, under: float | None) -> str:
    return "" if over is None or not under else f"{_number(over / under)}x"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _word(value: bool | None) -> str:
    return {True: "yes", False: "**no**", None: ""}[value]


if __name__ == "__main__":
    print(as_markdown(from_json(Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])))
