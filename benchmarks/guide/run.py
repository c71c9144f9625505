"""A run: databases made or found, cases measured one after the other, the outcomes handed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.guide import cases_costs, cases_lists, cases_search, cases_writes
from benchmarks.guide.bench import Bench, sides
from benchmarks.guide.databases import Server, Tell, server
from benchmarks.guide.loading import load, load_ombud
from benchmarks.guide.timing import Case, Outcome, measure
from ombud.errors import Invalid

SMALLEST = 500
SMALL = 10_000
"""The size whose times the larger ones are compared with."""


@dataclass(frozen=True)
class Wanted:
    """What to measure: how many tickets, how often, which cases, and where to keep the data."""

    tickets: int = SMALL
    runs: int = 7
    only: tuple[str, ...] = ()
    keep: Path | None = None

    def __post_init__(self) -> None:
        if self.tickets < SMALLEST:
            raise Invalid(fields={"tickets": f"must be at least {SMALLEST}."})
        if self.runs < 1:
            raise Invalid(fields={"runs": "must be at least 1."})

    def has(self, name: str) -> bool:
        """Say whether a case is wanted."""
        return not self.only or any(word.lower() in name.lower() for word in self.only)


def run(wanted: Wanted, tell: Tell) -> list[Outcome]:
    """Make the data and measure; `tell` hears what happens, because it takes minutes."""
    with server(wanted.keep) as running:
        load(running, wanted.tickets, tell)
        if wanted.tickets > SMALL:
            load_ombud(running, SMALL, tell)
        return asyncio.run(_run(wanted, running, tell))


async def _run(wanted: Wanted, running: Server, tell: Tell) -> list[Outcome]:
    outcomes: list[Outcome] = []

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        tell(
            f"{outcome.case}: "
            + ", ".join(f"{side} {ms:,.2f} ms" for side, ms in outcome.ms.items() if ms is not None)
            + ("" if outcome.same_answer is None else ", same" if outcome.same_answer else ", NOT the same")
        )

    async with sides(running, wanted.tickets) as bench:
        wrote = False
        async for case in _all(bench):
            if wanted.has(case.name):
                note(await measure(case, wanted.runs))
                wrote = wrote or case.writes
        if wrote:
            tell("Taking away what was committed")
            cases_writes.undo(bench)
        async for outcome in cases_costs.outcomes(bench, wanted.has, wanted.runs):
            note(outcome)
    return outcomes


async def _all(bench: Bench) -> AsyncIterator[Case]:
    async for case in cases_lists.cases(bench):
        yield case
    for case in cases_search.cases(bench):
        yield case
    async for case in cases_writes.cases(bench):
        yield case
