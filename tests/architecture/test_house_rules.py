"""Each house rule accepts the right way and catches the wrong one; the project keeps them all."""

from pathlib import PurePosixPath

import pytest

from tools.house_rules.__main__ import ROOT, RULES, check_project, project_files
from tools.house_rules.source import Finding, Source, findings

TICKETS = "src/ombud/tickets"
LONG = "x = 1\n" * 401

BAD = [
    ("OMB001", f"{TICKETS}/actions.py", "def close(session):\n    session.commit()"),
    ("OMB001", "src/ombud/web/inbox.py", "async def page(session):\n    await session.rollback()"),
    ("OMB002", f"{TICKETS}/actions.py", "from sqlalchemy import select\nselect(1)"),
    ("OMB002", f"{TICKETS}/rules.py", "from sqlalchemy import exists as there_is\nthere_is(1)"),
    ("OMB002", "src/ombud/web/inbox.py", "import sqlalchemy as sa\nsa.union_all(1)"),
    ("OMB002", f"{TICKETS}/rules.py", "from sqlalchemy import update\nupdate(1)"),
    ("OMB002", "src/ombud/api/tags.py", "from sqlalchemy.dialects.postgresql import insert\ninsert(1)"),
    ("OMB002", f"{TICKETS}/actions.py", "from sqlalchemy import text\ntext('SELECT 1')"),
    ("OMB002", "src/ombud/models/ticket.py", "from sqlalchemy import select\nselect(1)"),
    ("OMB003", f"{TICKETS}/queries.py", "from sqlalchemy import text\ntext(f'SELECT {name}')"),
    ("OMB003", f"{TICKETS}/queries.py", "from sqlalchemy import text\ntext('SELECT ' + name)"),
    ("OMB003", f"{TICKETS}/queries.py", "from sqlalchemy import text\ntext(sql)"),
    ("OMB003", f"{TICKETS}/queries.py", "import sqlalchemy\nsqlalchemy.text(text='SELECT %s' % name)"),
    ("OMB003", "src/ombud/db/roles.py", "connection.exec_driver_sql('SET ROLE {}'.format(role))"),
    ("OMB003", "src/ombud/db/roles.py", "cursor.execute(f'SET ROLE {role}')"),
    ("OMB003", "src/ombud/db/roles.py", "sql = 'SET ROLE ' + role\ncursor.execute(sql)"),
    ("OMB003", "src/ombud/db/roles.py", "sql = 'SET ROLE '\nsql = f'{sql}{role}'\ncursor.execute(sql)"),
    (
        "OMB003",
        "src/ombud/db/roles.py",
        "def f(role):\n    sql = PART\n    sql += PART\n    cursor.execute(sql)",
    ),
    ("OMB003", "src/ombud/db/roles.py", "cursor.execute(', '.join(parts))"),
    ("OMB003", "src/ombud/db/roles.py", "from psycopg import sql\nsql.SQL(f'SET ROLE {role}')"),
    ("OMB003", "src/ombud/db/roles.py", "from psycopg import sql\n\ndef f(part: str): sql.SQL(part)"),
    ("OMB003", "src/ombud/migrations/env.py", "from alembic import op\nop.execute(f'DROP TABLE {name}')"),
    ("OMB004", "src/ombud/web/inbox.py", "from markupsafe import Markup"),
    ("OMB004", "src/ombud/web/inbox.py", "import markupsafe\nmarkupsafe.Markup('<b>')"),
    ("OMB004", "src/ombud/web/pages/inbox.html", "<p>{{ ticket.title | safe }}</p>"),
    ("OMB004", "src/ombud/web/pages/inbox.html", "{% autoescape false %}"),
    ("OMB005", f"{TICKETS}/rules.py", "from datetime import datetime\ndatetime.now()"),
    ("OMB005", f"{TICKETS}/rules.py", "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    ("OMB005", f"{TICKETS}/rules.py", "import datetime as dt\ndt.datetime.utcnow()"),
    ("OMB005", "src/ombud/web/inbox.py", "from datetime import date\ndate.today()"),
    ("OMB005", "src/ombud/kit/tokens.py", "import time\ntime.time()"),
    ("OMB006", "src/ombud/kit/cache.py", "import pickle"),
    ("OMB006", "tests/test_cache.py", "from marshal import loads"),
    ("OMB006", "tools/x.py", "import yaml\nyaml.load(text, Loader=yaml.Loader)"),
    ("OMB006", "tools/x.py", "from yaml import unsafe_load"),
    ("OMB006", "src/ombud/automation/rules.py", "eval(rule)"),
    ("OMB006", "benchmarks/x.py", "exec(rule)"),
    ("OMB007", f"{TICKETS}/actions.py", "print('done')"),
    ("OMB008", f"{TICKETS}/actions.py", LONG),
    ("OMB008", "src/ombud/web/frontend/src/app.css", LONG),
]

GOOD = [
    ("src/ombud/db/session.py", "session.commit()"),
    ("src/ombud/migrations/env.py", "connection.rollback()"),
    (f"{TICKETS}/queries.py", "from sqlalchemy import select\nselect(1)"),
    (f"{TICKETS}/queries/inbox.py", "from sqlalchemy import select\nselect(1)"),
    (f"{TICKETS}/actions.py", "from sqlalchemy import update\nupdate(1)"),
    (f"{TICKETS}/actions/merge.py", "from sqlalchemy.dialects.postgresql import insert\ninsert(1)"),
    (f"{TICKETS}/policy.py", "from sqlalchemy import exists\nexists().where(True)"),
    ("src/ombud/models/ticket.py", "from sqlalchemy import text\ntext('deleted_at IS NULL')"),
    ("src/ombud/web/forms.py", "fields.update(more)\nselect = choose\nselect(1)"),
    ("tests/sql/test_inbox.py", "from sqlalchemy import select\nselect(1)"),
    (
        f"{TICKETS}/queries.py",
        "from sqlalchemy import text\ntext('SELECT ' 'one')\ntext(INBOX)\ntext(INBOX + END)",
    ),
    (f"{TICKETS}/queries.py", "session.execute(statement)\nsession.scalars(open_tickets())"),
    (
        "src/ombud/db/roles.py",
        "cursor.execute('SET ROLE ' 'ombud_app', (1,))\ntotal = a + b\nrun.execute(total)",
    ),
    (
        "src/ombud/db/roles.py",
        "from psycopg import sql\ncursor.execute(sql.SQL('SET ROLE {}').format(sql.Identifier(role)))",
    ),
    (
        "src/ombud/db/roles.py",
        "from typing import LiteralString\nfrom psycopg import sql\ndef f(x: LiteralString): sql.SQL(x)",
    ),
    ("src/ombud/migrations/env.py", "from sqlalchemy import text\ntext(read('audit.sql'))"),
    ("src/ombud/kit/html.py", "from markupsafe import Markup"),
    ("src/ombud/web/inbox.py", "from markupsafe import escape"),
    ("src/ombud/web/pages/inbox.html", "<p>A safe place: {{ ticket.title }}</p>"),
    ("src/ombud/clock.py", "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    (f"{TICKETS}/rules.py", "from ombud import clock\nclock.now()\nimport time\ntime.monotonic()"),
    ("src/ombud/kit/cache.py", "import json\nimport yaml\nyaml.safe_load(text)\nmodel.eval()"),
    ("src/ombud/cli/serve.py", "print('ready')"),
    ("tools/x.py", "print('done')"),
    (f"{TICKETS}/actions.py", LONG.removeprefix("x = 1\n")),
]


def _check(path: str, text: str, *, long_files: frozenset[str] = frozenset()) -> list[Finding]:
    return findings(Source(PurePosixPath(path), text, long_files), RULES)


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_the_wrong_way_is_caught(rule: str, path: str, text: str) -> None:
    assert rule in {finding.rule for finding in _check(path, text)}


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_the_right_way_passes(path: str, text: str) -> None:
    assert _check(path, text) == []


def test_every_rule_has_an_example_of_both_kinds() -> None:
    ids = [rule.id for rule in RULES]

    assert len(ids) == len(set(ids))
    assert {rule for rule, _, _ in BAD} == set(ids)


@pytest.mark.parametrize("above", [True, False])
def test_a_waiver_with_a_reason_holds_for_its_statement(*, above: bool) -> None:
    call, waiver = "cursor.execute(\n    f'SET ROLE {role}'\n)", "# house: OMB003 names a role of ours"
    text = f"{waiver}\n{call}" if above else f"{call}  {waiver}"

    assert _check("src/ombud/db/roles.py", text) == []
    assert len(_check("src/ombud/db/roles.py", f"{text}\n\n\n{call}")) == 1


def test_a_waiver_needs_a_reason_and_something_to_waive() -> None:
    silent = _check("src/ombud/db/roles.py", "cursor.execute(f'SET ROLE {role}')  # house: OMB003")
    idle = _check("src/ombud/db/roles.py", "x = 1  # house: OMB003 names a role of ours")
    other = _check(f"{TICKETS}/actions.py", "print(1)  # house: OMB001 not this one")

    assert [finding.rule for finding in silent] == ["OMB000"]
    assert [finding.rule for finding in idle] == ["OMB000"]
    assert {finding.rule for finding in other} == {"OMB000", "OMB007"}


def test_a_long_file_may_be_listed_while_it_is_long() -> None:
    path = f"{TICKETS}/actions.py"

    assert _check(path, LONG, long_files=frozenset({path})) == []
    assert [finding.rule for finding in _check(path, "x = 1", long_files=frozenset({path}))] == ["OMB008"]


def test_the_project_keeps_its_rules() -> None:
    files = list(project_files())

    assert ROOT / "src" / "ombud" / "errors.py" in files
    assert [str(finding) for finding in check_project(ROOT, iter(files))] == []
