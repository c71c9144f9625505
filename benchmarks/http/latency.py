"""How long one client waits for each of the API's commonest calls, by how many statements, and how sixteen fare.

With `--tickets 1000000` this is the table of the times that are owed at a million. The reads are asked once more by
sixteen clients who never pause, at this size and at 10,000 in turns: the ratio is owed, too.
"""

from __future__ import annotations

import json
import re
import statistics
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.guide.databases import Tell, server
from benchmarks.http.load import CLIENTS, Job
from benchmarks.http.run import BODY, ask, message
from benchmarks.http.servers import Place, copied, kept, ours
from benchmarks.results import percentile

SMALL = 10_000
LARGE = 1_000_000
"""From here on the desk is not copied."""
MOST_STATEMENTS = 8
OWED_RATIO = 1.5
ROUNDS = 5
"""Turns that the two sizes take; what is told is the median of their 95th percentiles."""
_STATEMENTS = re.compile(r'ombud_request_statements_total\{route="([^"]*)"\} (\S+)')
_REQUESTS = re.compile(r'ombud_request_seconds_count\{method="\w+",route="([^"]*)",status="\d+"\} (\S+)')
RARE = "xqzrarevorp"
"""A word that the loaded texts have a few times."""
REPLY = json.dumps({"content": "We have looked into it, and will write again tomorrow."})


@dataclass(frozen=True)
class Call:
    """What is asked; `owed` is the median in milliseconds for one client."""

    name: str
    owed: float
    requests: tuple[str, ...]
    reads: bool = True


@dataclass(frozen=True)
class Waited:
    """What was found."""

    call: Call
    p50: float
    statements: float
    p95: float | None = None
    p95_small: float | None = None
    refused: int = 0
    """Of what sixteen clients asked: whom to wait was said to. Not in `p95`."""

    @property
    def ratio(self) -> float | None:
        """How much longer sixteen clients wait than with 10,000 tickets."""
        return self.p95 / self.p95_small if self.p95 is not None and self.p95_small is not None else None

    @property
    def met(self) -> bool:
        """Whether it is what is owed."""
        is_near = self.ratio is None or self.ratio <= OWED_RATIO
        return self.p50 <= self.call.owed and self.statements <= MOST_STATEMENTS and is_near


def calls(place: Place) -> Iterator[Call]:
    """Yield the calls, with what is owed at a million tickets."""

    def get(path: str) -> tuple[str, ...]:
        return (message("GET", f"/api/v1/{path}", place),)

    def post(path: str, body: str) -> str:
        return message("POST", f"/api/v1/{path}", place, body)

    numbers = place.numbers
    yield Call("inbox page", 50, get("tickets?status=open&limit=50"))
    yield Call("ticket page", 25, tuple(get(f"tickets/{one}?include=comments")[0] for one in numbers))
    yield Call("search, common word", 80, get(f"tickets?q={place.common}"))
    yield Call("search, rare word", 25, get(f"tickets?q={RARE}"))
    yield Call("statistics", 50, get("statistics"))
    yield Call("create", 15, (post("tickets", BODY),), reads=False)
    yield Call("reply", 15, tuple(post(f"tickets/{one}/comments", REPLY) for one in numbers), reads=False)
    several = [
        json.dumps({"numbers": numbers, "action": "assign", "assignee_id": who})
        for who in (place.person, None)
    ]
    yield Call("bulk assignment of 100", 50, tuple(post("tickets/bulk", one) for one in several), reads=False)


def measure(tickets: int, keep: Path | None, seconds: float, tell: Tell) -> list[Waited]:
    """Measure at this size, and the reads by sixteen clients at 10,000, too: in turns, as the machine changes pace."""
    with server(keep) as running, ExitStack() as stack:
        desk = kept if tickets >= LARGE else copied
        place = stack.enter_context(desk(running, tickets))
        port = stack.enter_context(ours(place, OMBUD_METRICS_PEERS="127.0.0.1/32")).port
        small: tuple[Call | None, ...] = (None,) * len(list(calls(place)))
        beside = 0
        if tickets > SMALL:
            other = stack.enter_context(copied(running, SMALL))
            small, beside = tuple(calls(other)), stack.enter_context(ours(other)).port
        pairs = zip(calls(place), small, strict=True)
        return [_waited(one, port, seconds, (two, beside), tell) for one, two in pairs]


def as_markdown(found: list[Waited]) -> str:
    """Return the table."""
    lines = [
        "| call | p50 ms, one client | owed | statements | p95 ms, 16 clients | told to wait |"
        " beside 10,000 tickets | met |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        many = "|" if one.p95 is None else f"{one.p95:,.0f} | {one.refused}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}x"
        met = "yes" if one.met else "**no**"
        alone = f"{one.p50:,.1f} | {one.call.owed:g} | {one.statements:.1f}"
        lines.append(f"| {one.call.name} | {alone} | {many} | {ratio} | {met} |")
    return "\n".join(lines)


def _waited(call: Call, port: int, seconds: float, small: tuple[Call | None, int], tell: Tell) -> Waited:
    ask(Job(port, call.requests, seconds / 2, 1))
    before = _counted(port)
    told = ask(Job(port, call.requests, seconds, 1))
    after = _counted(port)
    requests, statements = (after[kind] - before[kind] for kind in ("requests", "statements"))
    p50 = percentile(told.taken, 0.5)
    tell(f"{call.name}: {p50:,.1f} ms, {statements / requests:.1f} statements")
    if told.refused:
        raise RuntimeError(f"{call.name}: answered with {told.statuses}")
    waited = Waited(call, p50, statements / requests)
    if not call.reads:
        return waited
    other, beside = small
    asked = [(port, call), *([(beside, other)] if other is not None else [])]
    for each, one in asked:
        ask(Job(each, one.requests, seconds / 2, CLIENTS))
    rounds = [
        [ask(Job(each, one.requests, seconds / ROUNDS, CLIENTS)) for each, one in asked]
        for _ in range(ROUNDS)
    ]
    slow = [
        statistics.median(percentile(one.taken, 0.95) for one in found) for found in zip(*rounds, strict=True)
    ]
    refused = sum(found[0].refused for found in rounds)
    return replace(waited, p95=slow[0], p95_small=slow[1] if len(slow) > 1 else None, refused=refused)


def _counted(port: int) -> dict[str, float]:
    """Return how many requests of the API the desk has answered, by how many statements."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    found = {"requests": _REQUESTS, "statements": _STATEMENTS}
    return {
        kind: sum(float(number) for route, number in form.findall(text) if route.startswith("/api/"))
        for kind, form in found.items()
    }
