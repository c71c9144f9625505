"""Migrations: up, down and up again; several at once; and the same schema as the models declare."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from psycopg import sql

from ombud import Actor, Desk
from ombud.db import migrate
from ombud.db.base import Base
from ombud.db.roles import LOGIN, ensure_roles, ensure_schema
from ombud.people.queries import credentials
from ombud.testing import ScratchDatabase, make_ticket
from tools import schema_sql

SCRIPTS = Path(migrate.__file__).parent.parent / "migrations" / "sql" / "0001"


def _things(database: ScratchDatabase) -> set[str]:
    """Return what is in the schema, extensions' own members apart."""
    with migrate.connected(database.admin_url) as connection:
        rows = connection.execute(
            "SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d"
            " WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = 'ombud'::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = d.objid AND e.deptype = 'e')"
        )
        return {row[0] for row in rows}


def test_up_down_up(fresh_database: ScratchDatabase) -> None:
    assert migrate.current(fresh_database.admin_url) is None if _has_roles(fresh_database) else True
    migrate.upgrade(fresh_database.admin_url, login=LOGIN)
    made = _things(fresh_database)
    migrate.downgrade(fresh_database.admin_url, "base")
    assert {thing for thing in _things(fresh_database) if not thing.startswith("extension")} == {
        "table ombud.alembic_version"
    }
    migrate.upgrade(fresh_database.admin_url, login=LOGIN)
    assert _things(fresh_database) == made
    with Desk(fresh_database.url) as desk:
        assert desk.run(Actor.system("test"), make_ticket).ticket_number == "1001"


def test_no_table_is_written_anew_without_saying_so(fresh_database: ScratchDatabase) -> None:
    """A rewrite locks everybody out for as long as it takes: its version says which table, in its first lines."""
    script = ScriptDirectory.from_config(migrate._config(fresh_database.admin_url))
    before: dict[str, int] = {}
    for version in reversed(list(script.walk_revisions())):
        migrate.upgrade(fresh_database.admin_url, version.revision, login=LOGIN)
        with migrate.connected(fresh_database.admin_url) as connection:
            after = dict(
                connection.execute(
                    "SELECT relname, relfilenode FROM pg_class"
                    " WHERE relkind = 'r' AND relnamespace = 'ombud'::regnamespace"
                ).fetchall()
            )
        rewritten = {table for table in before.keys() & after.keys() if before[table] != after[table]}
        unsaid = {table for table in rewritten if f"rewrites {table}" not in version.longdoc.lower()}
        assert unsaid == set(), version.revision
        before = after
    assert {"tickets", "comments", "users"} <= before.keys()


def test_addresses_of_before_are_found_in_ascii(fresh_database: ScratchDatabase) -> None:
    """0098: nobody is locked out, nobody is told, and of two who have one mailbox already none is lost."""
    migrate.upgrade(fresh_database.admin_url, "0094", login=LOGIN)
    with migrate.connected(fresh_database.admin_url) as connection:
        connection.execute("SET ombud.actor = 'system:test'")
        connection.execute(
            "INSERT INTO ombud.users (email, password_hash) VALUES ('Eve@Bücher.example', '$argon2id$x'),"
            " ('ann@bücher.example', 'x'), ('ann@xn--bcher-kva.example', 'x'), ('josé@desk.example', 'x');"
            "INSERT INTO ombud.organizations (id, name) VALUES (1, 'Books');"
            "INSERT INTO ombud.organization_domains (organization_id, domain) VALUES (1, 'bücher.example')"
        )
    migrate.upgrade(fresh_database.admin_url, login=LOGIN)
    with migrate.connected(fresh_database.admin_url) as connection:
        found = connection.execute("SELECT email FROM ombud.users ORDER BY id").fetchall()
        domains = connection.execute("SELECT domain FROM ombud.organization_domains").fetchall()
        told = connection.execute("SELECT FROM ombud.account_requests").fetchall()
    assert [one for (one,) in found] == [
        "Eve@xn--bcher-kva.example",
        "ann@bücher.example",
        "ann@xn--bcher-kva.example",
        "josé@desk.example",
    ]
    assert (domains, told) == ([("xn--bcher-kva.example",)], [])
    with Desk(fresh_database.url) as desk:
        seen = desk.run(
            Actor.system("test"), lambda session: session.execute(credentials("eve@BÜCHER.example")).one()
        )
        assert seen.password_hash == "$argon2id$x"


def _has_roles(database: ScratchDatabase) -> bool:
    with migrate.connected(database.admin_url) as connection:
        return connection.execute("SELECT FROM pg_roles WHERE rolname = 'ombud_owner'").fetchone() is not None


def test_upgrading_twice_changes_nothing(database: ScratchDatabase) -> None:
    before = _things(database)
    migrate.upgrade(database.admin_url, login=LOGIN)
    assert _things(database) == before
    assert migrate.is_current(database.admin_url)


def test_processes_that_upgrade_at_once_wait_for_each_other(fresh_database: ScratchDatabase) -> None:
    script = "import sys; from ombud.db import migrate; migrate.upgrade(sys.argv[1], login=sys.argv[2])"
    url = fresh_database.admin_url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen([sys.executable, "-c", script, url, LOGIN], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert migrate.current(fresh_database.admin_url) == migrate.head()


def test_alembic_finds_nothing_to_do(database: ScratchDatabase) -> None:
    assert migrate.differences(database.admin_url, Base.metadata) == []
    command.check(migrate._config(database.admin_url))


# What alembic does not compare: checks, defaults, generated columns, predicates of indexes.
CATALOGUE = {
    "columns": (
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,"
        " a.attgenerated, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'"
    ),
    "constraints": (
        "SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        " JOIN pg_class t ON t.oid = c.conrelid WHERE c.connamespace = 'ombud'::regnamespace"
        " AND NOT t.relispartition AND t.relname <> 'alembic_version'"
    ),
    "indexes": (
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_class t ON t.oid = i.indrelid"
        " WHERE c.relnamespace = 'ombud'::regnamespace AND NOT t.relispartition AND t.relname <> 'alembic_version'"
    ),
}


@pytest.mark.parametrize("what", CATALOGUE)
def test_migrations_make_what_models_declare(
    database: ScratchDatabase, fresh_database: ScratchDatabase, what: str
) -> None:
    with psycopg.connect(migrate.libpq(fresh_database.admin_url), autocommit=True) as connection:
        ensure_roles(connection, LOGIN)
        ensure_schema(connection)
        connection.execute("SET ROLE ombud_owner")
        for script in sorted(SCRIPTS.parent.glob("*/*_before_tables.sql")):
            connection.execute(script.read_bytes())
    with migrate.closing_engine(fresh_database.admin_url) as engine:
        Base.metadata.create_all(engine)

    def catalogue(of: ScratchDatabase) -> set[tuple[object, ...]]:
        with migrate.connected(of.admin_url) as connection:
            return set(connection.execute(CATALOGUE[what].encode()).fetchall())

    assert catalogue(database) ^ catalogue(fresh_database) == set()


def test_the_schema_in_the_repository_is_current(
    database: ScratchDatabase, pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("--postgres") != "embedded":
        pytest.skip("the dump is of the embedded server's version")
    assert schema_sql.SCHEMA.read_text() == schema_sql.dump(database), "run: python -m tools.schema_sql"


def test_what_the_doctor_compares_with_is_current(database: ScratchDatabase) -> None:
    assert schema_sql.MADE.read_text() == schema_sql.digests(database), "run: python -m tools.schema_sql"


def test_versions_name_their_limits_and_import_nothing_of_ours() -> None:
    versions = sorted((SCRIPTS.parent.parent / "versions").glob("*.py"))
    assert versions
    for version in versions:
        source = version.read_text()
        assert "lock_timeout" in source, version.name
        assert "statement_timeout" in source, version.name
        assert "import ombud" not in source, version.name
        assert "from ombud" not in source, version.name


def test_a_failed_migration_leaves_nothing(fresh_database: ScratchDatabase) -> None:
    """All of a version or none of it: a table of the same name stands in the way of the last script."""
    with migrate.prepared(fresh_database.admin_url, LOGIN):
        pass
    with migrate.connected(fresh_database.admin_url) as connection:
        connection.execute(sql.SQL("SET ROLE ombud_owner"))
        connection.execute(
            "CREATE FUNCTION ombud.has_administrator() RETURNS boolean LANGUAGE sql AS 'SELECT true'"
        )
    before = _things(fresh_database)
    with pytest.raises(psycopg.errors.DuplicateFunction):
        migrate.upgrade(fresh_database.admin_url, login=LOGIN)
    assert _things(fresh_database) - before <= {"table ombud.alembic_version"}
