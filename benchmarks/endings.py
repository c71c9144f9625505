"""How many requests fail while the server ends every connection every two seconds: `python -m benchmarks.endings`.

A desk on a scratch server, pages and API in this process, readers that ask as fast as they can. What is counted are
answers that are not 200. Also told: what entering a transaction costs, for which no connection need be lost.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from ombud import Actor, Desk, Settings
from ombud.asgi import build_app
from ombud.testing import make_cast, make_ticket, scratch_server

READERS = 8
EVERY = 2.0


async def measure(desk: Desk, end: object, token: str, seconds: float) -> dict[str, object]:
    """Read for some seconds, and end all connections meanwhile."""
    answers: Counter[int] = Counter()
    slowest = 0.0
    app = build_app(desk, desk.settings)
    until = time.monotonic() + seconds

    async def read(client: httpx.AsyncClient) -> None:
        nonlocal slowest
        while time.monotonic() < until:
            begun = time.monotonic()
            answers[(await client.get("/api/v1/tickets")).status_code] += 1
            slowest = max(slowest, time.monotonic() - begun)

    async def disturb() -> None:
        while time.monotonic() < until:
            await asyncio.sleep(EVERY)
            await asyncio.to_thread(end)  # type: ignore[arg-type]  # a function without arguments

    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers) as client:
        await asyncio.gather(disturb(), *(read(client) for _reader in range(READERS)))
    return {
        "requests": answers.total(),
        "answers": dict(answers),
        "failed_percent": round(100 * (1 - answers[200] / answers.total()), 4),
        "slowest_ms": round(slowest * 1000),
        "ended_every_s": EVERY,
    }


async def entering(desk: Desk, rounds: int = 2000) -> float:
    """Return the milliseconds of a transaction that does nothing."""
    actor = Actor.agent(1)
    best = float("inf")
    for _try in range(3):
        begun = time.perf_counter()
        for _round in range(rounds):
            async with desk.aread(actor):
                pass
        best = min(best, (time.perf_counter() - begun) / rounds * 1000)
    return best


def main() -> None:
    """Measure, and print JSON."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    folder = Path(tempfile.mkdtemp(prefix="ombud-endings-"))
    folder.chmod(0o755)
    scratch = scratch_server(folder / "desk")
    with (
        scratch as server,
        server.database() as database,
        Desk(database.url, Settings(data_dir=folder / "data")) as desk,
    ):
        cast = desk.run(Actor.system("bench"), make_cast)
        for _ticket in range(50):
            desk.run(Actor.system("bench"), make_ticket)

        async def both() -> dict[str, object]:
            cost = round(await entering(desk), 3)
            found = await measure(desk, database.end_connections, cast.agent.token, seconds)
            await desk.aclose()
            return {"entering_ms": cost, **found}

        print(json.dumps(asyncio.run(both()), indent=2))


if __name__ == "__main__":
    main()
