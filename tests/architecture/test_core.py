"""The core imports without any framework (ARCHITECTURE section 1)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SMOKE = Path(__file__).with_name("core_smoke.py")
SOURCES = Path(__file__).parents[2] / "src"


def _run(*arguments: str, sources: Path = SOURCES) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(SMOKE), *arguments],
        env={**os.environ, "PYTHONPATH": str(sources)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_core_imports_and_maps_its_tables_without_the_frameworks() -> None:
    done = _run("--block")

    assert done.returncode == 0, done.stderr
    modules, tables = (int(word) for word in done.stdout.replace(",", "").split() if word.isdigit())
    assert modules > 10
    assert tables > 5


def test_the_command_says_what_it_needs() -> None:
    program = "import sys; sys.modules['typer'] = None; from ombud.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    told = "ombud: The command comes with ombud[server], which is not installed.\n"
    assert (done.returncode, done.stderr) == (1, told)


@pytest.mark.parametrize("statement", ["import fastapi", "from jinja2 import Environment", "import greenlet"])
def test_a_framework_in_the_core_is_noticed(tmp_path: Path, statement: str) -> None:
    package = tmp_path / "ombud"
    (package / "tickets").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "tickets" / "__init__.py").write_text(f"{statement}\n")

    done = _run("--block", sources=tmp_path)

    assert done.returncode != 0
    assert "ombud.tickets does not import with the core alone" in done.stderr
