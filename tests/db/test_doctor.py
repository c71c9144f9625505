"""`ombud db doctor`: nothing is wrong with a new desk; what is broken on purpose is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import Connection, sql
from sqlalchemy import URL

from ombud import Actor, Desk
from ombud.cli.app import run
from ombud.db import migrate
from ombud.db.doctor import CHECKS, Limits, Severity, examine
from ombud.db.doctor.findings import look, parameters
from ombud.db.doctor.findings import run as run_check
from ombud.testing import Cast, ScratchDatabase, ScratchServer, make_ticket

# The tests' server is made to be quick, and to be thrown away.
CARELESS = {"fsync", "full_page_writes", "synchronous_commit"}


@pytest.fixture
def patient(postgres: ScratchServer) -> Iterator[Connection]:
    """A migrated database of the test's own, seen by its administrator; nothing done to it lasts."""
    with postgres.database() as database, migrate.connected(database.admin_url) as connection:
        yield connection


@pytest.fixture(scope="module")
def shared(postgres: ScratchServer) -> Iterator[Connection]:
    """The same, for all that is broken within a transaction and so mended at its end."""
    with postgres.database() as database, migrate.connected(database.admin_url) as connection:
        yield connection


def found(connection: Connection, limits: Limits | None = None) -> set[tuple[str, str]]:
    """Return check and thing of what is wrong, the tests' own carelessness left out."""
    return {
        (one.check, one.what)
        for one in examine(connection, limits)
        if one.check != "setting_advice" and not (one.check == "setting" and one.what.split()[0] in CARELESS)
    }


def test_a_new_desk_is_well(patient: Connection) -> None:
    assert found(patient) == set()


def test_a_careless_server_is_told(patient: Connection) -> None:
    wrong = [one for one in examine(patient) if one.check == "setting"]
    assert {one.what.split()[0] for one in wrong} == CARELESS
    assert all(one.severity is Severity.BAD and one.advice for one in wrong)


@pytest.mark.parametrize(
    ("broken", "check", "words"),
    [
        ("DROP INDEX ombud.ix_comments_author_id", "unindexed_foreign_key", "fk_comments_author_id"),
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ombud.ix_comments_author_id'::regclass",
         "invalid_index", "ix_comments_author_id on"),
        ("CREATE INDEX again ON ombud.attachments (uploader_id)", "duplicate_index", "again is the same as"),
        ("ALTER TABLE ombud.tags ADD CONSTRAINT short CHECK (length(name) < 90) NOT VALID",
         "unvalidated_constraint", "tags: short"),
        ("ALTER TABLE ombud.tickets DISABLE TRIGGER z_audit_update", "disabled_trigger", "tickets: z_audit_update"),
        ("CREATE OR REPLACE FUNCTION ombud.audit_of_tickets() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
         "changed_object", "function ombud.audit_of_tickets() is not as Ombud made it"),
        ("DROP TRIGGER z_audit_update ON ombud.tickets", "changed_object", "z_audit_update on ombud.tickets is m"),
        ("ALTER POLICY context ON ombud.tags USING (true)", "changed_object", "policy context on ombud.tags is not as"),
        ("CREATE POLICY all_of_it ON ombud.comments USING (true)", "changed_object", "all_of_it on ombud.comments is"),
        ("CREATE RULE none AS ON INSERT TO ombud.audit_logs DO INSTEAD NOTHING", "changed_object",
         "rule none on ombud.audit_logs is not one of Ombud's"),
        ("CREATE TRIGGER z BEFORE INSERT ON ombud.access_logs_default FOR EACH ROW EXECUTE FUNCTION ombud.touch()",
         "changed_object", "trigger z on ombud.access_logs_default is not one of Ombud's"),
        ("DELETE FROM ombud.alembic_version", "changed_object", "of revision none, not"),
        ("DROP TABLE ombud.audit_logs_default", "missing_partition", "audit_logs_default"),
        ("DROP TABLE ombud.access_logs_default", "default_partition", "could not be looked up"),
        ("CREATE FUNCTION ombud.of_a_host() RETURNS int LANGUAGE sql AS 'SELECT 1'", "foreign_object", "of_a_host()"),
        ("ALTER ROLE ombud_web SET session_replication_role = replica", "replication_role", "ombud_web works with"),
        ("ALTER SEQUENCE ombud.ticket_number_seq MAXVALUE 2000 RESTART 1999; SELECT nextval('ombud.ticket_number_seq')",
         "sequence_near_end", "is at 1999 of 2000"),
        ("ALTER TABLE ombud.tags DISABLE ROW LEVEL SECURITY", "row_security", "tags has none"),
        ("ALTER TABLE ombud.tags NO FORCE ROW LEVEL SECURITY", "row_security", "tags does not bind its owner"),
        ("DROP POLICY context ON ombud.tags", "row_security", "lacks the policy"),
        ("ALTER TABLE ombud.tags OWNER TO ombud_worker", "ownership", "tags belongs to ombud_worker"),
        ("ALTER FUNCTION ombud.is_met(bigint) OWNER TO CURRENT_USER", "ownership", "is_met(bigint) belongs to"),
        ("GRANT UPDATE ON ombud.audit_logs TO ombud_app", "grant", "ombud_web may UPDATE ombud.audit_logs"),
        ("GRANT TRUNCATE ON ombud.tickets TO ombud_worker", "grant", "ombud_worker may TRUNCATE"),
        ("GRANT SELECT ON ombud.tickets TO PUBLIC", "grant", "everybody may SELECT"),
        ("GRANT EXECUTE ON FUNCTION ombud.find_token(text) TO PUBLIC", "grant", "everybody may run"),
        ("GRANT CREATE ON SCHEMA ombud TO ombud_app", "grant", "may make things in the schema"),
        ("GRANT SELECT ON ombud.audit_logs_default TO ombud_web", "grant", "past its parent"),
        ("GRANT SELECT (password_hash) ON ombud.users TO ombud_app", "changed_object", "grants on ombud.users"),
        ("REVOKE SELECT ON ombud.tags FROM ombud_app", "changed_object", "grants on ombud.tags is not as"),
        ("GRANT UPDATE (actor) ON ombud.audit_logs TO ombud_web", "changed_object", "grants on ombud.audit_logs"),
        ("GRANT EXECUTE ON FUNCTION ombud.touch() TO ombud_report", "changed_object", "function ombud.touch()"),
        ("CREATE ROLE prove_stranger; GRANT UPDATE (actor) ON ombud.audit_logs_default TO prove_stranger", "grant",
         "prove_stranger may UPDATE ombud.audit_logs_default"),
        ("CREATE FUNCTION public.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
         "CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION public.e()",
         "event_trigger", "watching fires on ddl_command_end and runs public.e()"),
        ("ALTER TABLE ombud.kept_answers SET UNLOGGED", "unlogged_table", "kept_answers is emptied by a crash"),
        ("ALTER ROLE ombud_web LOGIN", "role", "ombud_web may log in"),
        ("ALTER ROLE ombud_worker BYPASSRLS", "role", "ombud_worker may pass row security"),
        ("GRANT ombud_owner TO ombud_web", "role", "ombud_web is a member of ombud_owner"),
        ("DROP POLICY backup_all ON ombud.drafts", "backup_rights", "drafts cannot be read whole"),
        ("REVOKE SELECT ON SEQUENCE ombud.ticket_number_seq FROM ombud_backup", "backup_rights", "ticket_number_seq"),
    ],
)  # fmt: skip
def test_what_is_broken_is_named(shared: Connection, broken: LiteralString, check: str, words: str) -> None:
    with shared.transaction(force_rollback=True):
        shared.execute("SET LOCAL allow_system_table_mods = on")
        shared.execute(broken)
        assert [what for name, what in _inside(shared) if name == check and words in what], _inside(shared)


def _inside(connection: Connection) -> set[tuple[str, str]]:
    """Examine within the transaction that broke something, so that it can be undone."""
    wrong = {
        (check.name, what) for check in CHECKS for what in run_check(connection, check, parameters(Limits()))
    }
    connection.execute("RESET ROLE")
    return wrong


def test_a_month_without_its_partition_is_missed_and_told(patient: Connection) -> None:
    with patient.transaction(force_rollback=True):
        name = patient.execute(
            "SELECT 'audit_logs_' || to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')"
        ).fetchone()
        assert name is not None
        patient.execute(psycopg.sql.SQL("DROP TABLE ombud.{}").format(psycopg.sql.Identifier(name[0])))
        assert ("missing_partition", name[0]) in _inside(patient)
        patient.execute("SET LOCAL ROLE ombud_owner")
        patient.execute("SELECT set_config('ombud.actor', 'system:test', true)")
        patient.execute(
            "INSERT INTO ombud.access_logs (at, principal, kind, object, request_id)"
            " VALUES (now() + interval '7 months', 'user:1', 'view', 'ticket:1', 'r')"
        )
        patient.execute("RESET ROLE")
        assert [what for check, what in _inside(patient) if check == "default_partition"]
        # The worker goes on with the other months, and with the one that was missing.
        made = patient.execute("SELECT ombud.ensure_audit_partitions(8)").fetchone()
        assert made == (10,)  # five months more of each log, one left out, one that was missing
        assert ("missing_partition", name[0]) not in _inside(patient)
        # One that is there, and takes no rows of its month.
        table = psycopg.sql.Identifier(name[0])
        patient.execute(
            psycopg.sql.SQL("ALTER TABLE ombud.audit_logs DETACH PARTITION ombud.{}").format(table)
        )
        assert ("missing_partition", f"{name[0]} is detached") in _inside(patient)
        patient.execute(
            psycopg.sql.SQL(
                "ALTER TABLE ombud.audit_logs ATTACH PARTITION ombud.{}"
                " FOR VALUES FROM ('2041-01-01') TO ('2041-02-01')"
            ).format(table)
        )
        assert ("missing_partition", f"{name[0]} holds other times") in _inside(patient)


def test_upkeep_that_nobody_does_is_told(
    desk: Desk, cast: Cast, database: ScratchDatabase, system: Actor
) -> None:
    for _ in range(3):
        desk.run(system, make_ticket, cast.customer.id)
    limits = Limits(
        search_tail=2, statistics_tail=2, unsealed_seconds=0, open_transaction_seconds=0, unused_index_bytes=1
    )
    with migrate.connected(database.admin_url) as connection:
        assert {"search_tail", "statistics_tail", "unsealed_audit", "unused_index"} <= {
            check for check, _what in found(connection, limits)
        }
        assert {check for check, _what in found(connection)} == set()
        with database.holding("SELECT 1"):
            assert "open_transaction" in {check for check, _what in found(connection, limits)}


def test_dead_rows_are_told(patient: Connection) -> None:
    patient.execute("ALTER TABLE ombud.login_attempts SET (autovacuum_enabled = off)")
    patient.execute("INSERT INTO ombud.login_attempts (key) SELECT n::text FROM generate_series(1, 300) n")
    patient.execute("DELETE FROM ombud.login_attempts WHERE length(key) > 1")
    patient.execute("SELECT pg_stat_force_next_flush()")
    assert "bloat" in {check for check, _what in found(patient, Limits(dead_rows=100))}
    assert "bloat" not in {check for check, _what in found(patient)}


def test_what_is_no_desk_of_this_ombud_is_said(
    ombud: Run, patient: Connection, postgres: ScratchServer
) -> None:
    """One that a newer Ombud made, and no desk at all: a line each, and what to do."""
    url = postgres.admin_url.set(database=patient.info.dbname)
    patient.execute("UPDATE ombud.alembic_version SET version_num = '9999'")
    report = json.loads(ombud("db", "doctor", "--json", url=url)[1])
    assert [one["advice"] for one in report["findings"] if one["check"] == "schema"] == [
        "Update this Ombud: a newer one made it."
    ]
    patient.execute("DROP SCHEMA ombud CASCADE")
    for words in (["doctor"], ["slow"]):
        code, told = ombud("db", *words, url=url)
        assert (code, "There is no desk in this database yet" in told) == (3, True), told


def test_to_look_makes_no_desk(ombud: Run, tmp_path: Path) -> None:
    """A folder mistyped is said; nothing is started in it and told to be well."""
    for words in (["doctor"], ["slow"], ["explain", "ticket"], ["current"], ["check"]):
        code, told = ombud("db", *words, "--data-dir", str(tmp_path / "other"), url=None)
        assert (code, "There is no desk in" in told) == (3, True), told
        assert not (tmp_path / "other").exists()


def test_a_missing_owner_is_said(ombud: Run, patient: Connection, postgres: ScratchServer) -> None:
    """As on a server that a plain dump was put on. Roles are the server's: it has its name again at once."""
    url = postgres.admin_url.set(database=patient.info.dbname)
    patient.execute("ALTER ROLE ombud_owner RENAME TO owner_elsewhere")
    try:
        code, told = ombud("db", "doctor", url=url)
    finally:
        patient.execute("ALTER ROLE owner_elsewhere RENAME TO ombud_owner")
    assert (code, "no role ombud_owner" in told) == (1, True), told


@pytest.mark.parametrize("role", ["ombud_app", "ombud_web", "ombud_backup", "ombud_search"])
def test_a_missing_role_is_one_line(shared: Connection, role: LiteralString) -> None:
    """Not one more for each of the two hundred objects that it was granted something on."""
    with shared.transaction(force_rollback=True):
        shared.execute(sql.SQL("ALTER ROLE {} RENAME TO elsewhere").format(sql.Identifier(role)))
        found = look(shared, parameters(Limits()))
        shared.execute("RESET ROLE")
    wrong = [one for one in found if not one.check.startswith("setting") and one.check != "role"]
    assert [(one.check, one.what) for one in wrong] == [("missing_role", f"{role} is missing")]
    assert "`ombud db init-roles`" in wrong[0].advice


def test_every_check_can_find_something() -> None:
    """Each name is in a test of this file: a check that was never seen to find anything is none."""
    text = Path(__file__).read_text()
    assert [one.name for one in CHECKS if f'"{one.name}"' not in text] == []


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def ombud(
    database: ScratchDatabase,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: object,
) -> Run:
    monkeypatch.setattr("ombud.cli.app.signal.signal", lambda *_: None)
    monkeypatch.setenv("OMBUD_DATA_DIR", str(tmp_path))

    def command(*words: str, url: URL | None = database.admin_url) -> tuple[int, str]:
        """Run a command on a database; None: on the embedded server of its folder."""
        monkeypatch.delenv("OMBUD_DATABASE_URL", raising=False)
        if url is not None:
            monkeypatch.setenv("OMBUD_DATABASE_URL", url.render_as_string(hide_password=False))
        capsys.readouterr()
        code = 0
        try:
            run(list(words))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command


def test_the_command_tells_and_fails(ombud: Run) -> None:
    code, told = ombud("db", "doctor")
    assert code == 1  # the tests' server
    assert "fsync" in told
    code, told = ombud("db", "doctor", "--json")
    report = json.loads(told)
    assert (code, report["sound"]) == (1, False)
    assert set(report["checks"]) == {one.name for one in CHECKS}
    assert {one["check"] for one in report["findings"] if one["severity"] == "bad"} == {"setting"}


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("db", "init-roles", "--login", "nobody"), 2, "ombud: The server knows no user 'nobody'."),
        (("db", "upgrade", ""), 2, "ombud: No revision was named."),
        (("curate", "anonymise", "\udcff@example.com"), 2, "ombud: what was typed is not UTF-8."),
        (("doctor", "--max-age", "99999999999999999999"), 2, "Usage: "),
    ],
)
def test_what_cannot_be_is_a_line_and_no_traceback(
    ombud: Run, words: tuple[str, ...], code: int, line: str
) -> None:
    found, told = ombud(*words)
    assert (found, told.startswith(line)) == (code, True), told


def test_slow_statements_are_listed(ombud: Run, desk: Desk, cast: Cast, system: Actor) -> None:
    ombud("db", "slow", "--json")  # makes the extension, which is loaded already
    desk.run(system, make_ticket, cast.customer.id)
    code, told = ombud("db", "slow", "--json", "--by", "calls", "--limit", "500")
    report = json.loads(told)
    assert (code, report["unavailable"]) == (0, None)
    assert any(
        one["role"] == "ombud_worker" and "INSERT INTO ombud.tickets" in one["query"]
        for one in report["statements"]
    )
    calls = [one["calls"] for one in report["statements"]]
    assert calls == sorted(calls, reverse=True)
    code, told = ombud("db", "slow", "--limit", "3")
    assert code == 0
    assert "Mean ms" in told
    # A user of few rights reads what the desk's own roles did.
    login = desk.engine.url
    report = json.loads(ombud("db", "slow", "--json", "--limit", "500", url=login)[1])
    assert any("INSERT INTO ombud.tickets" in one["query"] for one in report["statements"])


def test_without_the_extension_it_says_what_to_do(ombud: Run, desk: Desk, database: ScratchDatabase) -> None:
    with migrate.connected(database.admin_url) as connection:
        connection.execute("DROP EXTENSION IF EXISTS pg_stat_statements")
    code, told = ombud("db", "slow", url=desk.engine.url)
    assert code == 0
    assert "CREATE EXTENSION pg_stat_statements" in told


def test_every_hot_statement_has_a_plan(ombud: Run, desk: Desk, cast: Cast, system: Actor) -> None:
    desk.run(system, make_ticket, cast.customer.id, title="A broken lamp", team_id=cast.team.id)
    names = json.loads(ombud("db", "explain", "--json")[1])
    assert len(names) > 15
    for name in names:
        code, told = ombud("db", "explain", name)
        assert code == 0, told
        assert "cost=" in told
    for who in ("admin", "agent", "team-agent", "customer", "system"):
        code, told = ombud("db", "explain", "inbox-open", "--as", who, "--analyze")
        assert code == 0, told
        assert "Buffers:" in told
        assert "actual" in told
    plan = json.loads(ombud("db", "explain", "ticket", "--json")[1])
    assert "Plan" in plan
    # What row security adds is in it.
    assert "team_id" in ombud("db", "explain", "ticket", "--as", "team-agent")[1]
    assert ombud("db", "explain", "nonesuch")[0] == 3
    assert "inbox-open" in ombud("db", "explain")[1]
