"""The example of a program beside a desk, run against `ombud serve` as its README says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ombud.testing import Cast, ScratchDatabase
from tests.contrib.serving import EXAMPLES, environment, free_port, running


def test_a_program_reports_and_is_told(
    built: None, database: ScratchDatabase, cast: Cast, tmp_path: Path
) -> None:
    environ = {**environment(database.url, tmp_path), "OMBUD_INTERNAL_HOSTS": "127.0.0.1"}
    server = ["ombud", "serve", "--no-browser", "--port", str(free_port())]
    with running("integration", server, environ) as url:
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
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["found"] == [told["number"]]
    assert told["status"] == "resolved"
    assert told["comments"] == ["Thank you, we send new ones."]
    assert told["files"] == ["scan.txt"]
    assert told["told"] == ["ticket.commented", "ticket.created", "ticket.status_changed"]


def test_its_readme_is_short() -> None:
    assert len((EXAMPLES / "integration" / "README.md").read_text().splitlines()) <= 12
