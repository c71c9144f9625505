"""The sending process is killed in every phase: nothing is lost, and a duplicate is the same message.

The server ends the process, with SIGKILL, at the very moment of the phase and before it answers; in the last one
the process dies by itself, between the server's answer and its own commit. `--kills N`: N times in each phase.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ombud import Actor
from ombud.models import OutboundMail, OutboundState
from tests.mail_desk.conftest import OutTray
from tests.mail_desk.receiving import PHASES

ROOT = Path(__file__).parents[2]
LEASE = 0.2
AFTER_THE_DOT = {"dot", "taken", "commit"}
"""The server has all of the message, and we have not written that down."""


class Killer:
    """Kills the process that is sending, the next time the server is in `phase`."""

    def __init__(self, tray: OutTray, phase: str) -> None:
        self.phase = phase
        self.is_armed = False
        self.killed: list[str] = []
        url = tray.desk.url
        address = url if isinstance(url, str) else url.render_as_string(hide_password=False)
        command = [
            sys.executable,
            "-m",
            "tests.mail_desk.sending_process",
            address,
            str(tray.folder),
            str(LEASE),
        ]
        self._forker = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        self._pid = 0
        self._buried = threading.Event()
        tray.post.hook = self._hook

    def start(self, *, to_be_killed: bool) -> None:
        """Let a fresh process send."""
        self._buried.clear()
        is_dying = to_be_killed and self.phase == "commit"
        self._say("start dying" if is_dying else "start")
        self._pid = int(self._hear().removeprefix("ready "))
        self.is_armed = to_be_killed and not is_dying
        if is_dying:
            assert self._hear() == "dead"
            self.killed.append("commit")
            self._buried.set()

    def wait(self) -> None:
        """Return when the process is dead."""
        assert self._buried.wait(60)

    def end(self) -> None:
        """End the process that still sends, and the one that begins them."""
        assert self._forker.stdin is not None
        assert self._forker.stdout is not None
        if not self._buried.is_set() and self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._hear()  # or nobody would read what is said of its end
        self._forker.stdin.close()
        self._forker.stdout.close()
        self._forker.wait()

    def _hook(self, phase: str, about: str) -> str | None:
        """Called by the server, in its thread, before it answers."""
        if phase == self.phase and self.is_armed:
            self.is_armed = False
            os.kill(self._pid, signal.SIGKILL)
            assert self._hear() == "dead"
            self.killed.append(phase)
            self._buried.set()
        return None

    def _say(self, line: str) -> None:
        assert self._forker.stdin is not None
        self._forker.stdin.write(f"{line}\n")
        self._forker.stdin.flush()

    def _hear(self) -> str:
        assert self._forker.stdout is not None
        return self._forker.stdout.readline().strip()


@pytest.mark.parametrize("phase", [*PHASES, "commit"])
@pytest.mark.timeout(3600)
def test_a_process_killed_while_sending_loses_nothing(
    tray: OutTray, phase: str, pytestconfig: pytest.Config
) -> None:
    kills = int(pytestconfig.getoption("--kills"))
    killer = Killer(tray, phase)
    ticket = tray.open_ticket()
    wanted = []
    try:
        for number in range(kills):
            wanted.append(tray.mail(tray.answer(ticket, f"Number {number}")).message_id)
            killer.start(to_be_killed=True)
            killer.wait()
        wanted.append(tray.mail(tray.answer(ticket, "Last.")).message_id)
        killer.start(to_be_killed=False)
        _wait_until_all_is_settled(tray)
    finally:
        killer.end()
    arrived = Counter(letter.parsed.message_id for letter in tray.post.letters)
    duplicates = sum(arrived.values()) - len(arrived)
    print(f"\n{phase}: {kills} kills, {len(wanted)} messages, {duplicates} duplicates")
    assert killer.killed == [phase] * kills
    assert set(arrived) == set(wanted), "nothing is lost, and nothing is made up"
    assert duplicates == (kills if phase in AFTER_THE_DOT else 0)
    copies: dict[str, set[bytes]] = defaultdict(set)
    for letter in tray.post.letters:
        copies[letter.parsed.message_id].add(letter.raw)
    assert all(len(raws) == 1 for raws in copies.values()), "a duplicate is the same to the byte"


def _wait_until_all_is_settled(tray: OutTray) -> None:
    left = select(func.count()).where(OutboundMail.state != OutboundState.SENT)
    pause = threading.Event()
    for _ in range(3000):
        with tray.desk.read(Actor.system("test")) as session:
            if not session.scalar(left):
                return
        pause.wait(0.02)
    raise AssertionError([(mail.state, mail.problem) for mail in tray.outbox()])
