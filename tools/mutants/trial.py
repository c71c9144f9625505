"""Trying mutants: one copy of the project, changed and put back; one server, except for what changes the schema."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ombud.testing.databases import scratch_server
from tools.mutants.mutant import Mutant
from tools.mutants.running import VARIABLE

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "src",
    "tests",
    "tools",
    "docs",
    "examples",
    "benchmarks",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "CONTRIBUTING.md",
    "LICENSE",
)
PATIENCE = 300.0


class Verdict(NamedTuple):
    """What became of a mutant: `killed`, `survived`, `strange` or `stale`; and what its run said.

    `strange`: the test failed and did not say what it should. `stale`: the text to be replaced is not there once.
    """

    word: str
    output: str


class Trial:
    """A copy of the project in a folder, and a server whose template the untouched code has migrated."""

    def __init__(self, place: Path, server: Path) -> None:
        self.place = place
        self._server = server

    def of(self, mutant: Mutant) -> Verdict:
        """Put one defect into the copy, run its test, and take it out again."""
        kept = {edit.file: (self.place / edit.file).read_text(encoding="utf-8") for edit in mutant.edits}
        changed = dict(kept)
        for edit in mutant.edits:
            if changed[edit.file].count(edit.old) != 1:
                return Verdict("stale", f"not once in {edit.file}: {edit.old}")
            changed[edit.file] = changed[edit.file].replace(edit.old, edit.new)
        try:
            self._write(changed)
            return self._judged(mutant)
        finally:
            self._write(kept)

    def without(self, tests: Collection[str]) -> str:
        """Run tests on the untouched copy, where they must pass; return what was said where one did not."""
        of_types = [test for test in tests if test.startswith("mypy ")]
        others = [test for test in tests if test not in of_types]
        commands = [*map(_command, of_types), *([_command(*others)] if others else [])]
        for command in commands:
            done = self._run(command, shares_server=True)
            if done.returncode != 0:
                return done.stdout
        return ""

    def _write(self, files: Mapping[str, str]) -> None:
        for file, text in files.items():
            (self.place / file).write_text(text, encoding="utf-8")

    def _judged(self, mutant: Mutant) -> Verdict:
        try:
            done = self._run(_command(mutant.test), shares_server=not mutant.is_of_the_schema)
        except subprocess.TimeoutExpired:
            return Verdict("strange", f"nothing after {PATIENCE:.0f} s")
        if done.returncode == 0:
            return Verdict("survived", done.stdout)
        return Verdict("killed" if re.search(mutant.shows, done.stdout) else "strange", done.stdout)

    def _run(self, command: list[str], *, shares_server: bool) -> subprocess.CompletedProcess[str]:
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("OMBUD_", "PYTEST_"))
        }
        own["PYTHONPATH"] = f"{self.place / 'src'}{os.pathsep}{self.place}"
        if shares_server:
            own[VARIABLE] = str(self._server)
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.place,
            env=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


def _command(*tests: str) -> list[str]:
    program, _, file = tests[0].partition(" ")
    if program == "mypy":
        return ["mypy", file]
    return ["pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "tools.mutants.running", *tests]


@contextmanager
def prepared(folder: Path) -> Iterator[Trial]:
    """Copy the project, start the server and migrate its template."""
    place = folder / "copy"
    place.mkdir()
    ignored = shutil.ignore_patterns("node_modules", "__pycache__")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=ignored)
        else:
            shutil.copy2(source, place / name)
    with scratch_server(folder / "desk") as server:
        with server.database():
            pass
        yield Trial(place, folder / "desk")
