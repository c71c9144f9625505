"""The commands of the API's documents, run as they stand there by bash and curl, against a desk that is served."""

from __future__ import annotations

import io
import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from itertools import islice
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pyotp
import pytest

from ombud import Actor, Desk
from ombud.asgi import build_app
from ombud.client import Client, calls
from ombud.config import Settings
from ombud.files import files_of
from ombud.models import UserRole
from ombud.people.actions import create_user
from ombud.testing import Cast, ScratchDatabase
from ombud.worker.transfers import Mover
from tests.docs.documents import ROOT, blocks
from tests.web.chromium import serving

DOCUMENTS = ("docs/api.md", "docs/webhooks.md")
SYSTEM = Actor.system("test")
SHIM = """#!/bin/sh
case " $* " in *" -N "*) seconds=1;; *) seconds=20;; esac  # what goes on for ever is heard for a moment
exec /usr/bin/curl -s -m $seconds -w '%{stderr}%{http_code} %{method} %{url_effective}\\n' "$@"
"""
PLACES = ("http://127.0.0.1:8377", "https://desk.example")
"""Where desks are said to be."""
MAPPING = 'source = "old"\n[ticket]\nkey = "Id"\ntitle = "Subject"\n[requester]\nemail = "Mail"\n'
TABLE = "Id,Subject,Mail\n1,One,a@example.org\n2,,b@example.org\n"


class Shell:
    """A bash that stays, so that what a command exports is there for the next one."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._told = folder / "told"
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str) -> tuple[str, str]:
        """Run a command and return what it printed, and what it said beside that."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{{ {command}\n}} 2>{self._told}; echo; echo ' end'\n")
        self._bash.stdin.flush()
        printed = []
        while (line := self._bash.stdout.readline()) != " end\n":
            assert line, self._told.read_text()
            printed.append(line)
        return "".join(printed), self._told.read_text()

    def close(self) -> None:
        """End it."""
        self._bash.communicate(timeout=10)


def commands(block: str) -> Iterator[str]:
    """Yield the commands of a block, however many lines each has, without comments."""
    gathered = ""
    for line in block.splitlines(keepends=True):
        if not gathered and line.startswith(("#", "\n")):
            continue
        gathered += line
        try:
            shlex.split(gathered)
        except ValueError:  # a quotation goes on
            continue
        if not line.endswith("\\\n"):
            yield gathered
            gathered = ""
    assert not gathered


@pytest.fixture
def address(desk: Desk, settings: Settings, built: None) -> Iterator[str]:
    with serving(build_app(desk, settings)) as found:
        yield found


@pytest.fixture
def shell(address: str, settings: Settings, tmp_path: Path) -> Iterator[Shell]:
    """A shell of somebody who has installed Ombud, in a folder with the files that the documents speak of."""
    assert settings.database_url is not None
    programs = tmp_path / "bin"
    programs.mkdir()
    curl = programs / "curl"
    curl.write_text(SHIM)
    curl.chmod(curl.stat().st_mode | stat.S_IXUSR)
    for name, content in (("invoice.pdf", "%PDF-1.7"), ("map.toml", MAPPING), ("tickets.csv", TABLE)):
        (tmp_path / name).write_text(content)
    path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "src"),
        "OMBUD_DATABASE_URL": settings.database_url.get_secret_value(),
        "OMBUD_INTERNAL_HOSTS": "example.com",
    }
    bash = Shell(tmp_path, environment)
    yield bash
    bash.close()


def test_every_command_does_what_is_said(
    shell: Shell, address: str, desk: Desk, settings: Settings, database: ScratchDatabase
) -> None:
    """In their order, on a desk like the one that they speak of: ids and numbers are theirs."""
    for table, number in (("users", 7), ("transfer_jobs", 3)):
        database.execute(f"ALTER TABLE ombud.{table} ALTER COLUMN id RESTART WITH {number}")
    desk.run(SYSTEM, create_user, email="ines@tallybird.example", role=UserRole.ADMIN)
    files = files_of(settings)
    worker = Mover(desk, files, attachment_limit=settings.attachment_limit)
    asked = [one for name in DOCUMENTS for block in blocks(name, "sh") for one in commands(block)]
    answered = 0
    for command in asked:
        here = command
        for place in PLACES:
            here = here.replace(place, address)
        printed, told = shell.run(here)
        if "curl " not in command:
            continue
        assert re.match(r"20\d ", told), f"{command}\n{told}{printed}"
        answered += 1
        if re.search(r"/(exports|imports|repetition)\"", command):
            assert worker.do_next(Event())
    assert answered == sum("curl " in name for name in asked) > 15
    assert (shell.folder / "tickets-of-today.csv").read_text().count("The invoice is missing") == 2


def test_the_programs_of_the_api(address: str, cast: Cast) -> None:
    """As they stand there, after what they take for given."""
    token = cast.admin.token
    programs = [one.replace(PLACES[0], address) for one in blocks("docs/api.md", "python")]
    assert len(programs) == 3
    given: dict[str, object] = {
        "token": token,
        "content": b"%PDF-1.7",
        "password": cast.admin.password,
        "remembered": None,
    }
    with Client(address, token) as own:
        before = own.send(calls.events())["next_cursor"]
        said = printed(programs[0], given)
        assert said == ["1001 The invoice is missing"]
        codes = printed(
            programs[1],
            {**given, "calls": calls, "desk": own, "code_of": lambda secret: pyotp.TOTP(secret).now()},
        )
        assert codes[0].count(",") == 9
        # the stream goes on for ever: what follows is heard, and then it is left
        listening = SimpleNamespace(listen=lambda **more: islice(own.listen(**more), 3))
        heard = printed(programs[2], {**given, "desk": listening, "remembered": before})
        assert heard == ["1001 1"]


def printed(program: str, given: dict[str, object]) -> list[str]:
    """Run a program and return the lines that it prints."""
    with redirect_stdout(io.StringIO()) as out:
        exec(compile(program, "docs/api.md", "exec"), dict(given))  # noqa: S102  # house: OMB006 a document's own program
    return out.getvalue().splitlines()
