"""Does any route that reads wait longer on a large desk? `python -m benchmarks --part routes --tickets N --keep DIR`.

Every GET of the API's description is asked by sixteen clients who never pause, at this size and at 10,000 tickets in
turns, by an administrator, who may read all of them. Routes of things that the loaded desks have none of are named.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.guide.databases import Tell, server
from benchmarks.http.furnishing import furnished
from benchmarks.http.latency import LARGE, OWED_RATIO, RARE, SMALL
from benchmarks.http.load import CLIENTS, Job
from benchmarks.http.run import ROOT, ask
from benchmarks.http.servers import SYSTEM, Place, copied, kept, ours
from benchmarks.results import percentile
from ombud.curation import keep_alike
from ombud.db.desk import Desk
from ombud.models import User, UserRole
from ombud.people.accounts import create_token
from ombud.people.actions import create_user

ROUNDS = 3
NEVER_ENDS = {"/events"}
SEVERAL = 40
"""Different things that a route is asked about in turns."""
WARM_UP = 0.5
_IDS = {
    "number": "SELECT ticket_number FROM ombud.tickets WHERE deleted_at IS NULL ORDER BY md5(id::text) LIMIT %s",
    "user_id": "SELECT id FROM ombud.users WHERE role = 'customer' AND is_active ORDER BY md5(id::text) LIMIT %s",
    "organization_id": "SELECT id FROM ombud.organizations ORDER BY md5(id::text) LIMIT %s",
    "team_id": "SELECT id FROM ombud.teams ORDER BY id LIMIT %s",
    "tag_id": "SELECT id FROM ombud.tags ORDER BY id LIMIT %s",
    "attachment_id": "SELECT id FROM ombud.attachments ORDER BY id LIMIT %s",
    "role_id": "SELECT id FROM ombud.roles ORDER BY id LIMIT %s",
}
ADMIN = "benchmark-admin@example.test"
"""Who asks; a kept desk keeps them."""
_WITH_ANOTHER = {"/tickets/{number}/merge-preview": "numbers", "/users/{user_id}/merge-preview": "user_ids"}
"""Routes that are asked about two of a kind, and the parameter that takes the other."""
_OF_NONE = {"/outbox/{mail_id}"}
"""Routes whose parameter is named like another's; what it stands for these desks have none of."""
_FOUND_A_WHILE_AGO = "UPDATE ombud.alike_finds SET found_at = now() + interval '1 minute'"
"""What was opened for the measurement itself counts as there already: within a minute of a find it would not."""
_NEEDS = {"/search/suggestions": f"q={RARE[:-1]}z"}
"""What a route cannot be asked without."""


@dataclass(frozen=True)
class Beside:
    """The 95th percentiles in milliseconds of sixteen clients, medians of the turns: at 10,000 tickets and here."""

    route: str
    small: float
    large: float

    @property
    def ratio(self) -> float:
        """How much longer they wait here."""
        return self.large / self.small

    @property
    def met(self) -> bool:
        """Whether it is what is owed."""
        return self.ratio <= OWED_RATIO


@dataclass(frozen=True)
class Asking:
    """Requests for each route on one desk."""

    port: int
    requests: Mapping[str, tuple[str, ...]]


def measure(
    tickets: int, keep: Path | None, seconds: float, only: str, tell: Tell
) -> tuple[list[Beside], list[str]]:
    """Measure both sizes in turns; returns what was found, and the routes not asked. `only`: those with it."""
    with server(keep) as running, ExitStack() as stack:
        desks = [
            stack.enter_context(desk(running, size))
            for desk, size in ((copied, SMALL), (kept if tickets >= LARGE else copied, tickets))
        ]
        small, large = (_opened(stack, one) for one in desks)
        found, left = [], []
        for route in _routes():
            if only not in route:
                continue
            if route not in small.requests or route not in large.requests:
                left.append(route)
                continue
            one = _beside(route, small, large, seconds)
            if one is None:
                left.append(route)
                continue
            tell(f"{route}: {one.small:,.0f} and {one.large:,.0f} ms")
            found.append(one)
        return found, left


def as_markdown(found: list[Beside], left: list[str]) -> str:
    """Return the table, slowest first, and what was not asked."""
    lines = [
        "| route | p95 ms, 10,000 tickets | p95 ms here | times | met |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| `{one.route}` | {one.small:,.0f} | {one.large:,.0f} | {one.ratio:.2f}"
            f" | {'yes' if one.met else '**no**'} |"
            for one in sorted(found, key=lambda one: -one.ratio)
        ),
    ]
    return "\n".join(lines) + f"\n\nNot asked: {', '.join(f'`{one}`' for one in left) or 'none'}"


def _routes() -> list[str]:
    described = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    return [route for route, methods in described.items() if "get" in methods and route not in NEVER_ENDS]


def _opened(stack: ExitStack, place: Place) -> Asking:
    """Start a desk with one of each thing, its pairs that look alike found as by a worker a while ago."""
    with Desk(place.server.desk_url(place.database)) as desk:
        with desk.begin(SYSTEM) as session:
            token = create_token(session, _administrator(session), "benchmark")[0]
        port = stack.enter_context(ours(place)).port
        desk.run(SYSTEM, keep_alike)
    with place.server.connect(place.database) as connection:
        ids = {
            name: [str(key) for (key,) in connection.execute(query, [SEVERAL])]
            for name, query in _IDS.items()
        }
        connection.execute(_FOUND_A_WHILE_AGO)
    more = stack.enter_context(furnished(f"http://127.0.0.1:{port}", token, int(ids["user_id"][0])))
    ids |= {name: [value] for name, value in more.items() if not ids.get(name)}
    return Asking(port, dict(_asked(token, ids)))


def _asked(token: str, ids: Mapping[str, list[str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each route that can be asked on this desk, with whole requests."""
    for route in _routes():
        names = re.findall(r"{(\w+)}", route)
        keys = ids.get("/".join(names), []) if names else [""]
        query = f"?{_NEEDS[route]}" if route in _NEEDS else ""
        if route in _WITH_ANOTHER:
            query, keys = f"?{_WITH_ANOTHER[route]}={keys[0]}", keys[1:]
        paths = [_filled(route, key) + query for key in keys]
        if paths and route not in _OF_NONE:
            yield (
                route,
                tuple(
                    f"GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
                    for path in paths
                ),
            )


def _filled(route: str, key: str) -> str:
    for value in key.split("/"):
        route = re.sub(r"{\w+}", value, route, count=1)
    return route


def _administrator(session: Session) -> int:
    known = session.scalar(select(User.id).where(User.email == ADMIN))
    return known or create_user(session, email=ADMIN, full_name="Benchmark", role=UserRole.ADMIN).id


def _beside(route: str, small: Asking, large: Asking, seconds: float) -> Beside | None:
    """Ask one route on both desks in turns; None where it is not answered with success."""
    jobs = [Job(one.port, one.requests[route], seconds, CLIENTS) for one in (small, large)]
    for job in jobs:
        told = ask(Job(job.port, job.requests, WARM_UP, CLIENTS))
        if not told.taken:
            return None
    rounds = [[percentile(ask(job).taken, 0.95) for job in jobs] for _ in range(ROUNDS)]
    return Beside(route, *(statistics.median(each) for each in zip(*rounds, strict=True)))
