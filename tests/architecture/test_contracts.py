"""The import contracts of pyproject.toml are kept, and each would notice a breach."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIERS = "An upper tier may import a lower one, never the other way round"
CYCLES = "No cycles between the packages of one tier"
FRAMEWORKS = "No framework below the edges"


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small house with the project's tiers, in order."""
    for package in ("models", "db", "kit", "tickets", "people", "web", "cli", "contrib"):
        (tmp_path / "ombud" / package).mkdir(parents=True)
        (tmp_path / "ombud" / package / "__init__.py").touch()
    for module in ("__init__", "errors", "clock", "config", "_version"):
        (tmp_path / "ombud" / f"{module}.py").touch()
    (tmp_path / "ombud" / "contrib" / "django").mkdir()
    for module in ("host", "held", "problems", "asgi", "wsgi", "flask", "django/__init__", "django/desk"):
        (tmp_path / "ombud" / "contrib" / f"{module}.py").touch()
    (tmp_path / "ombud" / "contrib" / "fastapi.py").write_text("import fastapi\n")
    (tmp_path / "ombud" / "web" / "inbox.py").write_text("import jinja2\nfrom ombud.tickets import queries\n")
    (tmp_path / "ombud" / "tickets" / "queries.py").write_text("from ombud import people, models\n")
    return tmp_path


def test_the_house_keeps_its_contracts() -> None:
    done = _lint(ROOT / "src")
    assert done.returncode == 0, done.stdout


def test_a_house_in_order_passes(house: Path) -> None:
    done = _lint(house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("models/ticket.py", "from ombud.tickets import queries", TIERS),
        ("tickets/actions.py", "from ombud import web", TIERS),
        ("db/session.py", "import ombud.models", TIERS),
        ("kit/text.py", "def late():\n    from ombud import db", TIERS),
        ("web/app.py", "import ombud.cli", TIERS),
        ("people/policy.py", "from ombud.tickets import queries", CYCLES),
        ("errors.py", "from ombud import kit\n", None),
        ("tickets/rules.py", "from fastapi import HTTPException", FRAMEWORKS),
        ("models/user.py", "import greenlet", FRAMEWORKS),
        ("cli/serve.py", "import uvicorn, ombud.web", None),
        ("contrib/fastapi.py", "import django", "The wiring for FastAPI knows no other framework"),
        ("contrib/flask.py", "from starlette.requests import Request", "The wiring for Flask knows no other"),
        ("contrib/django/desk.py", "import flask", "The wiring for Django knows no other framework"),
        ("contrib/host.py", "import fastapi", "What the wirings share knows no framework"),
        ("contrib/flask.py", "import ombud.contrib.fastapi", "The wirings do not know each other"),
    ],
)
def test_a_breach_is_noticed(house: Path, module: str, line: str, contract: str | None) -> None:
    (house / "ombud" / module).write_text(f"{line}\n")

    done = _lint(house)

    broken = [row.strip() for row in done.stdout.splitlines() if " BROKEN" in row]
    assert done.returncode == (1 if contract else 0), done.stdout
    assert bool(broken) is (contract is not None)
    assert contract is None or any(row.startswith(contract) for row in broken)


def test_a_package_outside_the_tiers_is_noticed(house: Path) -> None:
    shutil.copytree(house / "ombud" / "kit", house / "ombud" / "helpers")

    done = _lint(house)

    assert "ombud.helpers" in done.stdout
    assert done.returncode == 1
