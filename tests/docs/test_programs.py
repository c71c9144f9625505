"""The programs in the documents, run as they stand there, against a real database."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from ombud import Actor, Desk
from ombud.db import migrate
from ombud.people.actions import find_or_create_customer
from ombud.testing import ScratchDatabase
from ombud.tickets import open_ticket
from tests.docs.documents import ROOT, blocks

# What a visitor does with the web programs of embedding.md; both serve the same two addresses.
ASK_FASTAPI = """
import asyncio
import httpx
from program import app

async def visit():
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://a") as web:
        made = await web.post("/requests", params={"title": "Broken reader", "email": "ann@example.com"})
        number = made.json()["number"]
        print(made.status_code, number)
        for email in ("ann@example.com", "bob@example.com"):
            seen = await web.get(f"/requests/{number}", params={"email": email})
            print(seen.status_code, seen.json().get("title"), seen.json().get("code"))
        print((await web.post("/requests", params={"title": " ", "email": "ann@example.com"})).status_code)

asyncio.run(visit())
"""
ASK_FLASK = """
from program import app

with app.test_client() as web:
    made = web.post("/requests", query_string={"title": "Broken reader", "email": "ann@example.com"})
    number = made.get_json()["number"]
    print(made.status_code, number)
    for email in ("ann@example.com", "bob@example.com"):
        seen = web.get(f"/requests/{number}", query_string={"email": email})
        print(seen.status_code, seen.get_json().get("title"), seen.get_json().get("code"))
    print(web.post("/requests", query_string={"title": " ", "email": "ann@example.com"}).status_code)
"""
ANSWERS = ["201 1001", "200 Broken reader None", "404 None not_found", "422"]


@pytest.fixture
def desk_environment(database_url: URL) -> dict[str, str]:
    """An environment like that of somebody who set OMBUD_DATABASE_URL."""
    url = database_url.render_as_string(hide_password=False)
    return {**os.environ, "OMBUD_DATABASE_URL": url, "PYTHONPATH": str(ROOT / "src")}


def run(script: Path, environment: dict[str, str]) -> list[str]:
    """Run a program with warnings as errors and return the lines that it prints."""
    result = subprocess.run(
        [sys.executable, "-W", "error", script.name],
        cwd=script.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_the_readme_embeds_a_desk_in_ten_lines(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    (program,) = blocks("README.md", "python")
    script = tmp_path / "shop.py"
    script.write_text(program)
    assert (
        len([line for line in program.splitlines() if line and not line.startswith(("from", "import"))]) <= 10
    )
    assert run(script, desk_environment) == ["1001 Invoice 4711 is wrong ['The VAT is missing.']"]
    assert run(script, desk_environment) == ["1002 Invoice 4711 is wrong ['The VAT is missing.']"], (
        "a second run finds Ann"
    )


def test_the_first_program_of_embedding(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    script = tmp_path / "program.py"
    script.write_text(blocks("docs/embedding.md", "python")[0])
    assert run(script, desk_environment) == ["Ann Lee The VAT is missing."]


def test_the_program_of_statistics(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    (program,) = blocks("docs/statistics.md", "python")
    script = tmp_path / "program.py"
    script.write_text(program)
    assert run(script, desk_environment) == ["3 [(3, 'title', 'must not be blank.')]", "3 1", "3 3 3"]


@pytest.mark.parametrize(("framework", "visit"), [("fastapi", ASK_FASTAPI), ("flask", ASK_FLASK)])
def test_the_web_programs_of_embedding(
    framework: str, visit: str, tmp_path: Path, desk_environment: dict[str, str]
) -> None:
    (program,) = [
        block for block in blocks("docs/embedding.md", "python") if f"from {framework} import" in block
    ]
    (tmp_path / "program.py").write_text(program)
    script = tmp_path / "visit.py"
    script.write_text(visit)
    assert run(script, desk_environment) == ANSWERS


def test_the_context_set_by_hand(database: ScratchDatabase, desk: Desk) -> None:
    ann = desk.run(Actor.system("test"), find_or_create_customer, email="ann@example.com")
    desk.run(Actor.customer(ann.id), open_ticket, title="Broken reader")
    (script,) = blocks("docs/database.md", "sql")
    statements = [statement for statement in script.split(";") if statement.strip()]
    without_context = [statement for statement in statements if "set_config" not in statement]
    assert len(without_context) == len(statements) - 1
    with psycopg.connect(migrate.libpq(database.admin_url), autocommit=True) as connection:
        assert fetched(connection, statements) == [("1001", "Broken reader")]
        assert fetched(connection, without_context) == []


def fetched(connection: psycopg.Connection, statements: list[str]) -> list[tuple[object, ...]]:
    """Run statements one after the other and return what the last query among them found."""
    rows: list[tuple[object, ...]] = []
    for statement in statements:
        result = connection.execute(statement.encode())
        rows = result.fetchall() if result.description else rows
    return rows


def test_no_program_is_forgotten() -> None:
    assert len(blocks("docs/embedding.md", "python")) == 4
