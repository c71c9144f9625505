"""Nobody learns at a door who has an account (TRUST.md T20, R27): the same words, the same work, the same time.

Each door is asked about somebody who is there and about others who are not, or not any more. Work is compared in
statements and runs of argon2, which no busy machine changes. `--samples 200` (`make faults`) takes times as well:
medians must not differ by five milliseconds. Both ways of looking are shown a door that tells, and must notice.
"""

from __future__ import annotations

import random
import statistics
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ombud import Actor, Desk, Settings
from ombud.asgi import build_app
from ombud.kit.tokens import TOKEN_PREFIX, new_api_token, split_api_token
from ombud.models import LinkPurpose
from ombud.people import accounts, letters
from ombud.people.actions import deactivate_user
from ombud.people.hashing import Helper, verified_aside
from ombud.testing import Cast, ScratchDatabase, counted
from tests.web.hosting import ORIGIN, TOKEN

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("built"), pytest.mark.timeout(1800)]
SYSTEM = Actor.system("test")
GAP = 0.005
FORGET = """
DELETE FROM ombud.login_attempts; DELETE FROM ombud.account_requests;
UPDATE ombud.api_tokens SET last_used_at = clock_timestamp();
"""
"""What was asked before, and that a token's use is to be noted again: now and then, whoever it is about."""
ENOUGH = 50
"""Samples from which on times say something."""
OWN_HEADERS = {
    "x-request-id", "content-length", "date", "set-cookie", "server-timing",
    "ratelimit-remaining", "ratelimit-reset",
}  # fmt: skip
"""What differs between any two answers."""

Ask = Callable[[str], Awaitable[httpx.Response]]


@dataclass
class Seen:
    """What an asker gets, and what the desk did for it."""

    answers: list[object] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass
class Doors:
    """The doors, by name: how one asks there, and about whom; the first of these is there."""

    client: httpx.AsyncClient
    by_name: dict[str, tuple[Ask, tuple[str, ...]]]
    runs: list[str]
    database: ScratchDatabase

    async def seen(self, name: str, samples: int) -> dict[str, Seen]:
        """Ask about each so many times, in random order."""
        ask, whom = self.by_name[name]
        seen = {who: Seen() for who in whom}
        order = random.Random(name)
        for _ in range(samples):
            for who in order.sample(whom, len(whom)):
                self.database.execute(FORGET)
                self.client.cookies.clear()
                self.runs.clear()
                with counted() as log:
                    begun = time.perf_counter()
                    answer = await ask(who)
                    seen[who].seconds.append(time.perf_counter() - begun)
                headers = {name: value for name, value in answer.headers.items() if name not in OWN_HEADERS}
                body = answer.text.replace(who, "") if "@" in who else answer.text
                body = body.replace(answer.headers["x-request-id"], "")
                seen[who].answers.append((answer.status_code, headers, body, log.statements, list(self.runs)))
        return seen


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"sign_in_links": True, "base_url": ORIGIN, "api_rate": 100_000})


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each run of argon2 was asked for; `tests/web/test_letters.py` shows that its parameters are the same."""
    found: list[str] = []
    ask = Helper.ask

    def noted(self: Helper, question: list[Any]) -> bool | str:
        found.append(question[0])
        return ask(self, question)

    monkeypatch.setattr(Helper, "ask", noted)
    return found


@pytest_asyncio.fixture
async def doors(
    desk: Desk, settings: Settings, cast: Cast, database: ScratchDatabase, runs: list[str]
) -> AsyncIterator[Doors]:
    gone, without = cast.other_customer, cast.colleague
    revoked, record = await desk.arun(cast.admin.actor, accounts.create_token, cast.admin.id, "revoked")
    await desk.arun(cast.admin.actor, accounts.revoke_token, record.id)
    links = [
        await desk.arun(SYSTEM, letters.issue_link, cast.customer.id, LinkPurpose.RESET, cast.customer.email)
        for _ in range(2)
    ]
    invitations = [
        await desk.arun(
            SYSTEM, letters.issue_link, cast.colleague.id, LinkPurpose.INVITE, cast.colleague.email
        )
        for _ in range(2)
    ]
    await desk.arun(cast.admin.in_new_request(), deactivate_user, gone.id)
    database.execute(f"UPDATE ombud.users SET password_hash = NULL WHERE id = {without.id}")
    people = (cast.customer.email, "nobody@people.example", gone.email, without.email, cast.agent.email)
    app = build_app(desk, settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as client:
        page = await client.get("/sign-in")
        found = TOKEN.search(page.text)
        assert found is not None
        guest, csrf = dict(client.cookies), found[1]

        async def post(path: str, cookies: dict[str, str], **fields: str) -> httpx.Response:
            client.cookies.update({**guest, **cookies})
            return await client.post(path, data={"csrf": csrf, **fields})

        async def open_link(secret: str) -> httpx.Response:
            client.cookies.update({**guest, "ombud_link": secret})
            return await client.get("/link")

        async def move(email: str) -> httpx.Response:
            proof = {"Authorization": f"Bearer {cast.customer.token}"}
            return await client.post("/api/v1/me/address", json={"email": email}, headers=proof)

        async def me(token: str) -> httpx.Response:
            return await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})

        await me(cast.customer.token)  # that it is in use is noted once
        yield Doors(
            client,
            {
                "sign-in": (lambda who: post("/sign-in", {}, email=who, password="wrong"), people),
                "reset": (lambda who: post("/forgot", {}, email=who), people),
                "link to sign in": (lambda who: post("/sign-in/link", {}, email=who), people),
                "void link": (
                    lambda who: post("/link", {"ombud_link": who}, password="eleven quiet herons"),
                    (links[0], "y" * 43),
                ),
                "void invitation": (
                    lambda who: post(
                        "/link", {"ombud_link": who}, password="eleven quiet herons", full_name="x"
                    ),
                    (invitations[0], "y" * 43),
                ),
                "looking at a void link": (open_link, (links[0], invitations[0], "y" * 43)),
                "another address of one's own": (move, people[1:]),
                "token": (
                    me,
                    (_other_secret(cast.agent.token), new_api_token()[0], revoked, _other_secret(revoked)),
                ),
            },
            runs,
            database,
        )
    await desk.aclose()


def _other_secret(token: str) -> str:
    """Return a well-formed token with the id of another, and a secret of its own."""
    known, fresh = split_api_token(token), split_api_token(new_api_token()[0])
    assert known is not None
    assert fresh is not None
    body = f"{TOKEN_PREFIX}{known[0]}_{fresh[1]}"
    return f"{body}_{zlib.crc32(body.encode()):08x}"


def tells(seen: dict[str, Seen]) -> list[str]:
    """Say who is answered otherwise, or makes other work, than the first one."""
    first, *others = seen
    return [who for who in others if seen[who].answers != seen[first].answers]


def gaps(seen: dict[str, Seen]) -> dict[str, tuple[float, float]]:
    """Return by how much medians differ from the first one's, and how probable a lesser difference of ranks is."""
    first, *others = (seen[who].seconds for who in seen)
    middle = statistics.median(first)
    return {
        who: (abs(statistics.median(other) - middle), _probability(first, other))
        for who, other in zip(list(seen)[1:], others, strict=True)
    }


def _probability(one: list[float], other: list[float]) -> float:
    """Return the p-value of the test of Mann and Whitney, by the normal distribution."""
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    size = len(one) * len(other)
    spread = (size * (len(one) + len(other) + 1) / 12) ** 0.5
    return 2 * (1 - statistics.NormalDist().cdf(abs(wins - size / 2) / spread))


async def test_no_door_tells_who_is_there(doors: Doors, pytestconfig: pytest.Config) -> None:
    samples = int(pytestconfig.getoption("--samples"))
    for name, (_ask, whom) in doors.by_name.items():
        seen = await doors.seen(name, samples)
        assert tells(seen) == [], f"{name}: {[one.answers[0] for one in seen.values()]}"
        assert len(seen) == len(whom) >= 2
        if samples < ENOUGH:
            continue
        found = gaps(seen)
        shown = ", ".join(f"{gap * 1000:.2f} ms (p {chance:.2f})" for gap, chance in found.values())
        print(f"\n{name}: median {statistics.median(seen[whom[0]].seconds) * 1000:.1f} ms, gaps {shown}")
        assert max(gap for gap, _chance in found.values()) < GAP, name


async def test_a_door_that_tells_is_noticed(
    doors: Doors, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: nothing is compared where there is nothing to compare with."""

    async def compare(stored: str | None, password: str) -> bool:
        return stored is not None and await verified_aside(stored, password)

    monkeypatch.setattr("ombud.people.door.verified_aside", compare)
    samples = int(pytestconfig.getoption("--samples"))
    seen = await doors.seen("sign-in", samples)
    _there, nobody, gone, without, agent = doors.by_name["sign-in"][1]
    assert tells(seen) == [nobody, gone, without]
    if samples >= ENOUGH:
        found = gaps(seen)
        assert min(found[who][0] for who in (nobody, gone, without)) > GAP
        assert found[agent][0] < GAP
