"""What the catalogue itself must say of every table, so that a new one cannot be forgotten."""

import pytest
from sqlalchemy import text

from ombud import Actor, Desk
from ombud.audit.coverage import EXEMPT
from ombud.db.base import Base

NOT_SECURED = {"alembic_version": "Alembic's own; holds a version"}


def _rows(desk: Desk, query: str) -> list[tuple[object, ...]]:
    with desk.read(Actor.system("test")) as session:
        return [tuple(row) for row in session.execute(text(query))]


def test_every_table_is_audited_or_exempt_by_name(desk: Desk, tables: list[str]) -> None:
    found = _rows(
        desk,
        "SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgfoid = to_regproc('ombud.audit_of_' || c.relname) AND t.tgenabled = 'O' GROUP BY 1",
    )
    audited = {str(name) for name, triggers in found if triggers == 3}
    assert audited.isdisjoint(EXEMPT)
    assert audited | set(EXEMPT) == set(tables)
    assert all(EXEMPT.values()), "each exemption has its reason"


def test_the_log_is_written_once_for_each_statement(desk: Desk) -> None:
    """Whatever number of rows a statement changes: a trigger for each row would cost a statement for each row."""
    found = _rows(
        desk,
        "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgfoid = to_regproc('ombud.audit_of_' || c.relname) AND t.tgtype & 1 = 1",
    )
    assert found == []


def test_every_column_is_audited_or_left_out_by_name(desk: Desk) -> None:
    """Trigger functions name columns; a column added later must be in them (ombud.audit_table again)."""
    found = _rows(
        desk,
        "SELECT c.relname || '.' || a.attname FROM pg_class c"
        " JOIN pg_proc p ON p.oid = to_regproc('ombud.audit_of_' || c.relname)"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind = 'r'"
        "   AND position(format('o.%I IS DISTINCT FROM r.%I', a.attname, a.attname) IN p.prosrc) = 0",
    )
    assert {str(row[0]) for row in found} == {
        "account_tokens.email",
        "api_tokens.confirmed_at",
        "api_tokens.last_used_at",
        "comments.updated_at",
        "desk_settings.updated_at",
        "desk_settings.version",
        "identities.email",
        "identities.last_used_at",
        "identity_providers.has_secret",
        "identity_providers.updated_at",
        "inbound_mails.attempts",
        "inbound_mails.steps",
        "mail_rules.updated_at",
        "mailboxes.has_imap_secret",
        "mailboxes.has_oauth_secret",
        "mailboxes.has_smtp_secret",
        "mail_templates.updated_at",
        "mailboxes.updated_at",
        "organizations.updated_at",
        "outbound_mails.attempt",
        "outbound_mails.attempts",
        "outbound_mails.due_at",
        "outbound_mails.lease_until",
        "outbound_mails.size",
        "outbound_mails.storage_key",
        "outbound_mails.thread",
        "passkeys.last_used_at",
        "passkeys.sign_count",
        "roles.updated_at",
        "totp_factors.last_step",
        "teams.updated_at",
        "tickets.priority_rank",
        "tickets.updated_at",
        "tickets.version",
        "transfer_jobs.attempt",
        "transfer_jobs.attempts",
        "transfer_jobs.checksum",
        "transfer_jobs.comments",
        "transfer_jobs.done",
        "transfer_jobs.known",
        "transfer_jobs.lease_until",
        "transfer_jobs.left_out",
        "transfer_jobs.mapping",
        "transfer_jobs.people",
        "transfer_jobs.read",
        "transfer_jobs.sight",
        "transfer_jobs.storage_key",
        "transfer_jobs.tickets",
        "transfer_jobs.total",
        "users.email_norm",
        "users.updated_at",
        "webhook_endpoints.failing_since",
        "webhook_endpoints.held_until",
        "webhook_endpoints.updated_at",
    }


def test_every_table_forces_row_security_on_its_owner_too(desk: Desk, tables: list[str]) -> None:
    found = _rows(
        desk,
        "SELECT relname FROM pg_class WHERE relnamespace = 'ombud'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity)",
    )
    assert {str(row[0]) for row in found} == set(NOT_SECURED)


def test_every_table_demands_a_context_restrictively(desk: Desk, tables: list[str]) -> None:
    found = _rows(
        desk,
        "SELECT tablename FROM pg_policies WHERE schemaname = 'ombud' AND permissive = 'RESTRICTIVE'"
        " AND policyname = 'context' AND roles = '{ombud_app}'",
    )
    assert {str(row[0]) for row in found} == set(tables) - set(NOT_SECURED)


def test_every_foreign_key_has_an_index_that_begins_with_it(desk: Desk) -> None:
    found = _rows(
        desk,
        "SELECT c.conrelid::regclass::text, c.conname FROM pg_constraint c"
        " WHERE c.contype = 'f' AND c.connamespace = 'ombud'::regnamespace AND NOT EXISTS ("
        "   SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid"
        "      AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '%IS NOT NULL)')"
        "      AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)",
    )
    assert found == []


def test_roles_are_as_small_as_can_be(desk: Desk) -> None:
    found = _rows(
        desk,
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,"
        " rolcanlogin FROM pg_roles WHERE rolname LIKE 'ombud_%' AND rolname <> 'ombud_unbound'",
    )
    assert len(found) >= 8
    for name, is_super, passes_rows, *powers, can_login in found:
        assert not is_super, name
        # Only for reading: without it a dump that row security cuts short would not fail.
        assert passes_rows == (name == "ombud_backup"), name
        assert not any(powers), name
        assert can_login == (name == "ombud_login"), name


def test_nothing_is_for_everybody(desk: Desk) -> None:
    functions = _rows(
        desk,
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'ombud'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        " AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        "              WHERE a.grantee = 0)",
    )
    assert functions == []
    relations = _rows(
        desk,
        "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'ombud'::regnamespace AND a.grantee = 0",
    )
    assert relations == []


def test_functions_with_the_owners_power_have_a_fixed_search_path(desk: Desk) -> None:
    found = _rows(
        desk,
        "SELECT p.proname, p.proconfig FROM pg_proc p WHERE p.pronamespace = 'ombud'::regnamespace"
        " AND p.prosecdef AND NOT coalesce(p.proconfig, '{}') @> '{search_path=pg_catalog}'",
    )
    assert found == []


def test_times_have_zones_and_keys_are_big(desk: Desk) -> None:
    found = _rows(
        desk,
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'ombud' AND (data_type = 'timestamp without time zone'"
        "    OR (column_name LIKE '%id' AND data_type IN ('integer', 'smallint', 'json')))",
    )
    assert found == []


def test_relationships_load_nothing_by_themselves() -> None:
    lazy = {
        f"{mapper.class_.__name__}.{relationship.key}"
        for mapper in Base.registry.mappers
        for relationship in mapper.relationships
        if relationship.lazy not in ("raise", "raise_on_sql")
    }
    assert lazy == set()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("jit", "off"),
        ("TimeZone", "UTC"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("application_name", "ombud"),
    ],
)
def test_connections_have_limits(desk: Desk, setting: str, value: str) -> None:
    assert _rows(desk, f"SHOW {setting}") == [(value,)]


def test_people_and_the_system_have_statement_limits(desk: Desk) -> None:
    with desk.read(Actor.admin(1)) as session:
        assert session.scalar(text("SHOW statement_timeout")) == "5s"
    with desk.read(Actor.system("test")) as session:
        assert session.scalar(text("SHOW statement_timeout")) == "1min"
