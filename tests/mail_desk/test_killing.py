"""Taking mail in survives being killed in any phase (TRUST.md R5). `tests.mail_desk.killing` runs the full size."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mail_desk.dovecot import PROGRAM

ROOT = Path(__file__).parents[2]
SHORT, LONG = (150, 24), (3000, 200)
"""Messages, and kills; the long one with `--kills 10` and more."""


@pytest.mark.timeout(1800)
def test_each_message_is_one_ticket_or_comment_however_often_intake_is_killed(
    pytestconfig: pytest.Config,
) -> None:
    messages, kills = LONG if int(pytestconfig.getoption("--kills")) >= 10 else SHORT
    if not Path(PROGRAM).exists():
        pytest.skip(f"{PROGRAM} is missing (see .ci/system-packages)")
    command = [
        sys.executable,
        "-m",
        "tests.mail_desk.killing",
        "--messages",
        str(messages),
        "--kills",
        str(kills),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=1780)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    print(f"\n{found}")
    assert found["killed"] >= kills // 2, found
    assert len(found["phases"]) >= 6, found
    wanted = {
        "lost": 0,
        "twice": 0,
        "not decided": 0,
        "same place twice": 0,
        "not taken away": 0,
        "not told": 0,
    }
    assert {name: found[name] for name in wanted} == wanted, found
    assert (found["tickets"], found["comments"]) == (messages // 3, messages - messages // 3), found
