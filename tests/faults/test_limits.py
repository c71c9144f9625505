"""Limits of time as they are in production (REQUIREMENTS R061): a statement ends in time, and so does connecting.

The short form has limits of a second or two; `--load-seconds 60` (`make faults`) has those of jobs: 60 seconds for a
statement, 30 to connect.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import URL

from ombud import Actor, Settings
from ombud.db.translate import TooSlow
from ombud.errors import OmbudError, Unavailable
from ombud.testing import ScratchDatabase
from tests.db.drivers import FOUR, Driven, driven

pytestmark = pytest.mark.timeout(180)
SLACK = 10.0
"""Seconds that a busy machine may take besides."""


def test_what_takes_longer_than_it_may_is_ended_in_time(
    database: ScratchDatabase, pytestconfig: pytest.Config
) -> None:
    """By all four drivers, at once."""
    is_long = pytestconfig.getoption("--load-seconds") > 0
    actor, running, connecting = (Actor.system("test"), 60.0, 30) if is_long else (Actor.agent(1), 1.0, 2)
    settings = Settings(
        statement_timeout=min(running, 5.0), connect_timeout=connecting, pool_timeout=connecting
    )

    def sleep(one: Driven) -> None:
        one.scalar(f"SELECT pg_sleep({running + 1})", actor)

    def connect(one: Driven) -> None:
        one.scalar("SELECT 1")

    def takes(driver: str, url: URL, ask: Callable[[Driven], None]) -> tuple[type[OmbudError] | None, float]:
        with driven(driver, url, settings) as one:
            begun = time.monotonic()
            try:
                ask(one)
            except OmbudError as error:
                return type(error), time.monotonic() - begun
        return None, time.monotonic() - begun

    with socket.create_server(("127.0.0.1", 0)) as hole, ThreadPoolExecutor(2 * len(FOUR)) as threads:
        nowhere = URL.create("postgresql", "x", "y", "127.0.0.1", hole.getsockname()[1], "z")
        slept = threads.map(lambda driver: takes(driver, database.url, sleep), FOUR)
        lost = threads.map(lambda driver: takes(driver, nowhere, connect), FOUR)
        for kind, limit, ended in ((TooSlow, running, slept), (Unavailable, connecting, lost)):
            for driver, (told, seconds) in zip(FOUR, ended, strict=True):
                assert told is not None, f"{driver}: nothing ended it"
                assert issubclass(told, kind), driver
                assert 0.9 * limit <= seconds < limit + SLACK, f"{driver}: {seconds:.1f} s"
