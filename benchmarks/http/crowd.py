"""Do expensive searches slow down everybody else? `python -m benchmarks --part crowd`.

A few people open lists and tickets, with a pause between two, first alone and then beside many clients that search
without a pause: for common words, common parts of words, and a tag with them. All of them ask one `ombud serve`.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.guide.databases import Tell, server
from benchmarks.http.load import Job, Told
from benchmarks.http.servers import SYSTEM, Place, copied, ours
from benchmarks.results import percentile
from ombud.db.desk import Desk
from ombud.db.roles import Role
from ombud.people.accounts import create_token

ROOT = Path(__file__).resolve().parents[2]
READERS, PAUSE = 4, 0.1
SEARCHERS, PEOPLE = 50, 10
OWED = 2.0
"""How many times as slow the others may become at the 95th percentile."""
TAG = "tag-005"
_WORDS = "SELECT w FROM (SELECT word AS w, seen FROM ombud.search_words) known ORDER BY seen DESC OFFSET 20 LIMIT 40"


@dataclass(frozen=True)
class Outcome:
    """What the readers had alone and beside the searches, in milliseconds, and what became of the searches."""

    limits: str
    alone: float
    alone_p95: float
    beside: float
    beside_p95: float
    searched: int
    refused: dict[str, int]
    search_p95: float
    longest: float
    """What the longest statement of a person took, in milliseconds, by `pg_stat_statements`."""

    @property
    def times(self) -> float:
        """How many times as slow at the 95th percentile."""
        return self.beside_p95 / self.alone_p95

    @property
    def met(self) -> bool:
        """Whether it is what is owed."""
        return self.times < OWED


def measure(
    tickets: int, keep: Path | None, seconds: float, limits: Sequence[Mapping[str, str]], tell: Tell
) -> list[Outcome]:
    """Measure on a copy of the desk in `keep` (or one that is made for it), once with each of the settings."""
    with server(keep) as running, copied(running, tickets) as place:
        outcomes = []
        for settings in limits:
            one = measure_place(place, seconds, settings)
            tell(
                f"{one.limits}: p95 {one.alone_p95:.0f} ms alone,"
                f" {one.beside_p95:.0f} ms beside {one.searched} searches"
            )
            outcomes.append(one)
        return outcomes


def measure_place(place: Place, seconds: float, settings: Mapping[str, str]) -> Outcome:
    """Measure a desk that is there, with these settings."""
    searches = _searches(place)
    reads = [_get(f"/api/v1/tickets/{number}?include=comments", place.token) for number in place.numbers]
    reads = [one for read in reads for one in (read, _get("/api/v1/tickets?limit=50", place.token))]
    with ours(place, **settings) as desk, place.server.connect("postgres") as statements:
        statements.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        statements.execute("SELECT pg_stat_statements_reset()")
        outcome = _measured(desk.port, seconds, reads, searches, settings)
        (longest,) = statements.execute(_LONGEST, [place.database, Role.WEB]).fetchone() or (0.0,)
    return replace(outcome, longest=longest)


def as_markdown(outcomes: list[Outcome]) -> str:
    """Return the table."""
    lines = [
        "| settings | alone p50 ms | alone p95 ms | beside p50 ms | beside p95 ms | times | owed | met"
        " | searches done | their p95 ms | longest statement ms | refused |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.limits} | {one.alone:,.1f} | {one.alone_p95:,.1f} | {one.beside:,.1f} | {one.beside_p95:,.1f}"
        f" | {one.times:.2f} | < {OWED:g} | {'yes' if one.met else '**no**'} | {one.searched} | {one.search_p95:,.0f}"
        f" | {one.longest:,.0f}"
        f" | {', '.join(f'{n} x {status}' for status, n in one.refused.items()) or 'none'} |"
        for one in outcomes
    ]
    return "\n".join(lines)


def _measured(
    port: int, seconds: float, reads: list[str], searches: list[str], settings: Mapping[str, str]
) -> Outcome:
    _finish(_start(Job(port, tuple(reads), 2.0, READERS, PAUSE)))
    alone = _finish(_start(Job(port, tuple(reads), seconds, READERS, PAUSE)))
    crowd = _start(Job(port, tuple(searches), seconds + 1.0, SEARCHERS))
    beside = _finish(_start(Job(port, tuple(reads), seconds, READERS, PAUSE)))
    searched = _finish(crowd)
    if set(alone.statuses) | set(beside.statuses) != {"200"}:
        raise RuntimeError(f"readers were answered with {alone.statuses} and {beside.statuses}")
    refused = Counter(searched.statuses)
    done = refused.pop("200", 0)
    return Outcome(
        ", ".join(f"{name.removeprefix('OMBUD_').lower()} {value}" for name, value in settings.items())
        or "as it comes",
        percentile(alone.taken, 0.5),
        percentile(alone.taken, 0.95),
        percentile(beside.taken, 0.5),
        percentile(beside.taken, 0.95),
        done,
        dict(refused),
        percentile(searched.taken, 0.95),
        longest=0.0,
    )


def _searches(place: Place) -> list[str]:
    """Return requests of several people for what costs most: words and parts that very many tickets have."""
    with place.server.connect(place.database) as connection:
        words = [word for (word,) in connection.execute(_WORDS)]
        agents = [key for (key,) in connection.execute(_AGENTS, [PEOPLE])]
    with Desk(place.server.desk_url(place.database)) as desk, desk.begin(SYSTEM) as session:
        tokens = [create_token(session, agent, "crowd")[0] for agent in agents]
    asked: list[dict[str, str]] = []
    for first, second in itertools.pairwise(words):
        asked += [
            {"q": f"{first} {second}", "count": "true"},
            {"substring": first[:4], "count": "true"},
            {"q": first, "tag": TAG, "count": "true"},
            {"substring": second[:3] + "q", "count": "true"},
        ]
    return [_get(f"/api/v1/tickets?{urlencode(one)}", tokens[n % len(tokens)]) for n, one in enumerate(asked)]


_LONGEST = """
SELECT max(s.max_exec_time) FROM pg_stat_statements s
  JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.userid
 WHERE d.datname = %s AND r.rolname = %s
"""
_AGENTS = (
    "SELECT id FROM ombud.users WHERE role = 'agent' AND is_active AND sees_all_teams ORDER BY id LIMIT %s"
)


def _get(path: str, token: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"


def _start(job: Job) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "benchmarks.http.load"]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(job)))
    process.stdin.close()
    process.stdin = None
    return process


def _finish(process: subprocess.Popen[str]) -> Told:
    written, _ = process.communicate(timeout=120)
    if process.returncode:
        raise RuntimeError("the clients stopped; what they said is above")
    return Told(**json.loads(written))
