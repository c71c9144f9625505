"""The programs in the documents, run as they stand there, against a real database."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from ombud import Actor, Desk
from ombud.db import migrate
from ombud.people.actions import find_or_create_customer
from ombud.testing import ScratchDatabase, ScratchServer
from ombud.tickets import open_ticket
from tests.docs.documents import ROOT, blocks

# What a visitor does with the web programs of embedding.md; all serve the same two addresses, and the desk's pages.
ASK_FASTAPI = """
import asyncio
import httpx
from program import app

async def visit():
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://a") as web:
        ann, bob = {"X-User": "ann@example.com"}, {"X-User": "bob@example.com"}
        made = await web.post("/requests", params={"title": "Broken reader"}, headers=ann)
        number = made.json()["number"]
        print(made.status_code, number)
        for who in (ann, bob):
            seen = await web.get(f"/requests/{number}", headers=who)
            print(seen.status_code, seen.json().get("title"), seen.json().get("code"))
        print((await web.get(f"/requests/{number}")).status_code)
        print((await web.post("/requests", params={"title": " "}, headers=ann)).status_code)
        print((await web.get("/support/healthz")).text)

asyncio.run(visit())
"""
ASK_WSGI = """
from werkzeug.test import Client
{start}

web = Client(application)
ann, bob = {{"X-User": "ann@example.com"}}, {{"X-User": "bob@example.com"}}
made = web.post("/requests", query_string={{"title": "Broken reader"}}, headers=ann)
number = made.get_json(force=True)["number"]
print(made.status_code, number)
for who in (ann, bob):
    seen = web.get(f"/requests/{{number}}", headers=who)
    print(seen.status_code, seen.get_json(force=True).get("title"), seen.get_json(force=True).get("code"))
print(web.get(f"/requests/{{number}}", headers={{"Accept": "application/json"}}).status_code)
print(web.post("/requests", query_string={{"title": " "}}, headers=ann).status_code)
print(web.get("/support/healthz").text)
"""
ASK_FLASK = ASK_WSGI.format(start="from program import app\napplication = app.wsgi_app")
ASK_DJANGO = ASK_WSGI.format(
    start="import settings\n"
    "settings.SECRET_KEY, settings.ALLOWED_HOSTS, settings.USE_TZ = 'for tests only', ['localhost'], True\n"
    "from wsgi import application"
)
SEEN, REST = ["201 1001", "200 Broken reader None", "404 Not Found not_found"], ["422", '{"status":"ok"}']
ANSWERS = [*SEEN, "401", *REST]
# Without the header FastAPI's own check of it answers.
ANSWERS_FASTAPI = [*SEEN, "422", *REST]

BEFORE_A_FILE = """
from sqlalchemy import select
from ombud import Actor, Attachment, open_desk
from ombud.tickets import open_ticket
from ombud.testing import make_agent

def said_of(session):
    return [tuple(row) for row in session.execute(select(Attachment.file_name, Attachment.size))]

"""
AROUND_A_FILE = """
actor = Actor.agent(desk.run(Actor.system("test"), make_agent).id)
ticket_id = desk.run(actor, open_ticket, title="An invoice").id
"""


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


def test_the_tour_of_the_data_layer(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    script = tmp_path / "program.py"
    script.write_text(blocks("docs/data-layer.md", "python")[0])
    (printed,) = blocks("docs/data-layer.md", "")
    assert run(script, desk_environment) == printed.splitlines()


def test_the_hook_of_the_data_layer(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    (program,) = (one for one in blocks("docs/data-layer.md", "python") if "@desk.on" in one)
    script = tmp_path / "program.py"
    script.write_text(program)
    assert run(script, desk_environment) == ["['refund']"]


def test_the_file_of_the_data_layer(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    """Between a beginning and an end: the document takes desk, actor and ticket for given."""
    (program,) = (one for one in blocks("docs/data-layer.md", "python") if "attach_file" in one)
    script = tmp_path / "program.py"
    inside = textwrap.indent(AROUND_A_FILE + program + "print(desk.run(actor, said_of))\n", "    ")
    script.write_text(f"{BEFORE_A_FILE}with open_desk() as desk:\n{inside}")
    assert run(script, desk_environment) == ["[('invoice.pdf', 12)]"]


def test_the_program_of_statistics(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    (program,) = blocks("docs/statistics.md", "python")
    script = tmp_path / "program.py"
    script.write_text(program)
    assert run(script, desk_environment) == ["3 [(3, 'title', 'must not be blank.')]", "3 1", "3 3 3"]


@pytest.mark.parametrize(
    ("framework", "visit", "answers"),
    [("fastapi", ASK_FASTAPI, ANSWERS_FASTAPI), ("flask", ASK_FLASK, ANSWERS)],
)
def test_the_web_programs_of_embedding(
    framework: str, visit: str, answers: list[str], tmp_path: Path, desk_environment: dict[str, str]
) -> None:
    (program,) = [
        block
        for block in blocks("docs/embedding.md", "python")
        if f"\nfrom {framework} import" in f"\n{block}"
    ]
    (tmp_path / "program.py").write_text(program)
    script = tmp_path / "visit.py"
    script.write_text(visit)
    assert run(script, desk_environment) == answers


def test_the_django_project_of_embedding(tmp_path: Path, desk_environment: dict[str, str]) -> None:
    written = write_files("docs/embedding.md", tmp_path)
    assert written == ["settings.py", "support.py", "urls.py", "wsgi.py"]
    script = tmp_path / "visit.py"
    script.write_text(ASK_DJANGO)
    assert run(script, desk_environment) == ANSWERS


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_the_suite_of_testing(
    mode: str, postgres: ScratchServer, tmp_path: Path, desk_environment: dict[str, str]
) -> None:
    """As a host runs it, by two processes, in either mode of pytest-asyncio; on this run's server, to be quick."""
    assert write_files("docs/testing.md", tmp_path) == ["conftest.py", "test_support.py"]
    server = postgres.admin_url.render_as_string(hide_password=False)
    found = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-n", "2", f"--ombud-server={server}"),
            f"--override-ini=asyncio_mode={mode}",
            "--override-ini=asyncio_default_fixture_loop_scope=function",
        ],
        cwd=tmp_path,
        env={name: value for name, value in desk_environment.items() if name != "PYTEST_XDIST_WORKER"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "7 passed" in found.stdout


def write_files(document: str, folder: Path) -> list[str]:
    """Write the programs of a document that begin with a file's name, and return the names."""
    written = []
    for block in blocks(document, "python"):
        if named := re.match(r"# (\w+\.py)\b", block):
            (folder / named[1]).write_text(block)
            written.append(named[1])
    return written


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
    assert len(blocks("docs/embedding.md", "python")) == 8
    assert len(blocks("docs/testing.md", "python")) == 2
    assert len(blocks("docs/data-layer.md", "python")) == 3
