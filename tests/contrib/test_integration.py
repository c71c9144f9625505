"""The example of a program beside a desk, run against `ombud serve` as its README says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ombud.client import Client, calls
from ombud.testing import Cast, ScratchDatabase
from tests.contrib.serving import EXAMPLES, environment, free_port, running


def test_a_program_reports_and_is_told(
    built: None, database: ScratchDatabase, cast: Cast, tmp_path: Path
) -> None:
    environ = {**environment(database.url, tmp_path), "OMBUD_INTERNAL_HOSTS": "127.0.0.1"}
    server = ["ombud", "serve", "--no-browser", "--port", str(free_port())]
    place = tmp_path / "board.at"
    with running("integration", server, environ) as url:
        with Client(url, cast.agent.token) as desk:
            place.write_text(desk.send(calls.events())["next_cursor"])
        program = [sys.executable, "warehouse.py", url, cast.agent.token]
        done = subprocess.run(
            program,
            cwd=EXAMPLES / "integration",
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        board = [
            sys.executable,
            str(EXAMPLES / "integration" / "board.py"),
            url,
            cast.agent.token,
            str(place),
        ]
        with subprocess.Popen(board, stdout=subprocess.PIPE, text=True) as shown:
            assert shown.stdout is not None
            lines = [shown.stdout.readline().split() for _ in range(4)]
            shown.terminate()
    assert done.returncode == 0, done.stderr
    assert {one[1] for one in lines} == {json.loads(done.stdout)["number"]}
    assert lines[0][2] == "ticket.created"
    assert {"ticket.commented", "ticket.status_changed"} <= {one[2] for one in lines}, lines
    told = json.loads(done.stdout)
    assert told["found"] == [told["number"]]
    assert told["status"] == "resolved"
    assert told["comments"] == ["Thank you, we send new ones."]
    assert told["files"] == ["scan.txt"]
    assert told["told"] == ["ticket.commented", "ticket.created", "ticket.status_changed"]


def test_its_readme_is_short() -> None:
    assert len((EXAMPLES / "integration" / "README.md").read_text().splitlines()) <= 12
