"""Hostile messages through all of intake: none stops it, none is lost, each is bounded (TRUST.md T70, R24).

`tests.mail_desk.hostile_intake` runs the full size.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MESSAGES, MEGABYTES = 60, 256
"""Of the whole process, with Python, SQLAlchemy and a driver besides the message."""


@pytest.mark.timeout(400)
def test_hostile_messages_are_taken_in_one_after_the_other() -> None:
    command = [sys.executable, "-m", "tests.mail_desk.hostile_intake", "--messages", str(MESSAGES)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=380)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["died"] == []
    assert found["messages"] == MESSAGES
    assert found["in the log"] + found["same bytes again"] == MESSAGES
    assert found["not decided"] == 0
    assert found["most megabytes"][1] < MEGABYTES
