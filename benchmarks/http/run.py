"""Measuring: each case on both servers in turns, medians of the rounds, what is owed beside what was found."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.guide.databases import Tell, server
from benchmarks.http.load import CLIENTS, Job, Told
from benchmarks.http.processor import Spent, watched
from benchmarks.http.servers import Application, Place, copied, minimal, ours
from benchmarks.results import percentile

ROOT = Path(__file__).resolve().parents[2]
BODY = json.dumps(
    {
        "title": "The invoice of October is missing",
        "description": "I only find those until September.",
        "priority": "high",
    }
)


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    tickets: int = 10_000
    rounds: int = 5
    seconds: float = 3.0
    warm_up: float = 1.0
    clients: int = CLIENTS


@dataclass(frozen=True)
class Case:
    """What is asked, and the share of the minimal application's requests a second that is owed."""

    name: str
    owed: float
    requests: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """Medians of the rounds."""

    case: str
    minimal: float
    ombud: float
    owed: float
    minimal_p95: float
    ombud_p95: float
    minimal_spent: Spent
    ombud_spent: Spent

    @property
    def share(self) -> float:
        """Ours in requests a second, of the minimal application's."""
        return self.ombud / self.minimal

    @property
    def met(self) -> bool:
        """Whether it is what is owed."""
        return self.share >= self.owed


def measure(amount: Amount, keep: Path | None, tell: Tell) -> list[Outcome]:
    """Measure on a copy of the desk in `keep`, or on one that is made for it."""
    with (
        server(keep) as running,
        copied(running, amount.tickets) as place,
        minimal(place) as theirs,
        ours(place) as own,
    ):
        return [_measured(case, place, (theirs, own), amount, tell) for case in cases(place)]


def cases(place: Place) -> list[Case]:
    """Return the three cases."""
    several = tuple(message("GET", f"/api/v1/tickets/{one}?include=comments", place) for one in place.numbers)
    return [
        Case("list of 50", 0.5, (message("GET", "/api/v1/tickets?limit=50", place),)),
        Case("ticket with its first 50 comments", 0.5, several),
        Case("create ticket", 0.6, (message("POST", "/api/v1/tickets", place, BODY),)),
    ]


def as_markdown(outcomes: list[Outcome]) -> str:
    """Return the table."""
    lines = [
        "| case | minimal req/s | Ombud req/s | share | owed | met | minimal p95 ms | Ombud p95 ms"
        " | processor ms of minimal, PostgreSQL, clients | of Ombud, PostgreSQL, clients |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.case} | {one.minimal:,.0f} | {one.ombud:,.0f} | {one.share:.0%} | {one.owed:.0%} |"
        f" {'yes' if one.met else '**no**'} | {one.minimal_p95:,.1f} | {one.ombud_p95:,.1f} |"
        f" {one.minimal_spent} | {one.ombud_spent} |"
        for one in outcomes
    ]
    return "\n".join(lines)


def as_json(amount: Amount, outcomes: list[Outcome]) -> str:
    """Return everything as one JSON object."""
    rows = [{**asdict(one), "share": one.share, "met": one.met} for one in outcomes]
    return json.dumps({"amount": asdict(amount), "load": os.getloadavg(), "cases": rows}, indent=2) + "\n"


def ask(job: Job) -> Told:
    """Let a process of its own ask, and return what it found; RuntimeError when an answer was no success."""
    line = [sys.executable, "-m", "benchmarks.http.load"]
    done = subprocess.run(
        line, input=json.dumps(asdict(job)), capture_output=True, text=True, check=True, cwd=ROOT
    )
    return Told(**json.loads(done.stdout))


def _measured(
    case: Case, place: Place, both: tuple[Application, Application], amount: Amount, tell: Tell
) -> Outcome:
    found: list[list[tuple[Told, Spent]]] = [[], []]
    for one in both:
        _asked(case, place, one, amount, amount.warm_up)
    for _ in range(amount.rounds):
        for one, told in zip(both, found, strict=True):
            told.append(_asked(case, place, one, amount, amount.seconds))
    rates = [statistics.median(one.rate for one, _spent in told) for told in found]
    slow = [statistics.median(percentile(one.taken, 0.95) for one, _spent in told) for told in found]
    used = [Spent.median([one for _told, one in told]) for told in found]
    outcome = Outcome(case.name, rates[0], rates[1], case.owed, slow[0], slow[1], used[0], used[1])
    tell(f"{case.name}: {outcome.minimal:,.0f} and {outcome.ombud:,.0f} a second, {outcome.share:.0%}")
    return outcome


def _asked(
    case: Case, place: Place, application: Application, amount: Amount, seconds: float
) -> tuple[Told, Spent]:
    """Ask, and tell how it went and the processor time of one request."""
    job = Job(application.port, case.requests, seconds, amount.clients)
    told, spent = watched(place, application, lambda: ask(job))
    refused = set(told.statuses) - {"200", "201"}
    if refused or not told.taken:
        raise RuntimeError(f"{case.name}: answered with {told.statuses}")
    return told, spent


def message(method: str, path: str, place: Place, body: str = "") -> str:
    """Return a whole HTTP request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {place.token}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body
