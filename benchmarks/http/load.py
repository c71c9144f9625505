"""Clients that never pause, in a process of their own: bare sockets, as an HTTP library costs more than the answer.

Reads one `Job` as JSON from standard input and writes one `Told` as JSON to standard output.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

CLIENTS = 16


@dataclass(frozen=True)
class Job:
    """What to ask a server on 127.0.0.1: `requests` (whole HTTP messages) in turns, for `seconds`.

    Each client rests for `pause` seconds between two.
    """

    port: int
    requests: tuple[str, ...]
    seconds: float
    clients: int = CLIENTS
    pause: float = 0.0


@dataclass
class Told:
    """How it went: answers by status, the milliseconds of each that was no refusal, and how long all of it took."""

    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)
    processor: float = 0.0
    """Milliseconds of processor time that asking took."""

    @property
    def refused(self) -> int:
        """Answers that were no success."""
        return sum(count for status, count in self.statuses.items() if status[0] != "2")

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken) / self.seconds


async def ask(job: Job) -> Told:
    """Ask until the time is up."""
    told, spent = Told(), time.process_time()
    statuses = Counter[str]()
    begun = time.perf_counter()
    requests = itertools.cycle([one.encode() for one in job.requests])
    clients = (_client(job, requests, begun + job.seconds, statuses, told) for _ in range(job.clients))
    await asyncio.gather(*clients)
    told.seconds = time.perf_counter() - begun
    told.processor = 1000 * (time.process_time() - spent)
    told.statuses = dict(statuses)
    return told


async def _client(
    job: Job, requests: Iterator[bytes], until: float, statuses: Counter[str], told: Told
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", job.port, limit=2**20)
    try:
        while (begun := time.perf_counter()) < until:
            writer.write(next(requests))
            status = await _answer(reader)
            statuses[status] += 1
            if status[0] == "2":
                told.taken.append(1000 * (time.perf_counter() - begun))
            if job.pause:
                await asyncio.sleep(job.pause)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> str:
    """Read an answer to its end and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head[9:12].decode()


def main() -> None:
    """Do the job of standard input."""
    job = Job(**json.load(sys.stdin))
    json.dump(asdict(asyncio.run(ask(job))), sys.stdout)


if __name__ == "__main__":
    main()
