"""Runs hostile messages one by one in processes of their own and prints what each cost.

    python -m tests.mail.measure SMALL|LARGE [share of shares]

A line for each: name, seconds of CPU for reading, peak memory of the process in MB (message included), or what
killed it. The test beside it starts this; it is a program of its own so that the limits hurt nobody else.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable

from ombud.mail.parse import parse_message
from tests.mail import hostile

CPU_LIMIT = 10


def main(group: str, share: int = 0, shares: int = 1) -> None:
    """Measure every n-th message of a group."""
    for raw in (b"Subject: x\n\nwarm", b"Content-Type: text/html\n\n<p>x\xff\xff"):
        parse_message(raw)  # imports are no part of the cost
    messages: dict[str, Callable[[], bytes]] = getattr(hostile, group)
    for name in list(messages)[share::shares]:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            _measure(name, messages[name])
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"name": name, "died": status}))


def _measure(name: str, make: Callable[[], bytes]) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))
    raw = make()
    began = time.process_time()
    json.dumps(parse_message(raw).as_json(name))
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"name": name, "seconds": round(seconds, 3), "mb": round(peak)}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
