"""Fill the three databases with the same tickets.

Ombud's gets its rows by COPY from the guide's. What its triggers do row by row is done once for all, with the same
outcome: search documents by the function that the triggers call, statistics by the trigger and one fold, the audit
log by its own trigger. Times of first response and last activity, which triggers on comments keep, are computed.
Indexes are made after the rows. `tests/benchmarks` compares such a desk with one that was written to row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg

from benchmarks.guide.databases import Server, Tell

SQL = Path(__file__).parent / "sql"
# Rows of one COPY: the audit trigger keeps a statement's rows until its end.
SLICE = 50_000

_OUT: dict[str, LiteralString] = {
    "users": """
SELECT id, email, full_name, is_active, is_staff, CASE WHEN is_staff THEN 'agent' ELSE 'customer' END,
       password_hash, last_login, created_at, updated_at
  FROM users WHERE id > %s AND id <= %s ORDER BY id""",
    "tags": """
SELECT id, name, color, coalesce(description, ''), created_at
  FROM tags WHERE id > %s AND id <= %s ORDER BY id""",
    "tickets": """
SELECT t.id, t.ticket_number, t.title, t.description, lower(t.status::text), lower(t.priority::text), t.creator_id,
       t.creator_id, t.assignee_id, greatest(t.created_at, t.resolved_at, said.last_at), said.first_reply_at,
       t.resolved_at, t.deleted_at, t.created_at, t.updated_at
  FROM tickets t
  LEFT JOIN LATERAL (
    SELECT max(c.created_at) AS last_at,
           min(c.created_at) FILTER (
             WHERE NOT c.is_internal AND u.is_staff AND c.author_id <> t.creator_id) AS first_reply_at
      FROM comments c JOIN users u ON u.id = c.author_id WHERE c.ticket_id = t.id) said ON true
 WHERE t.id > %s AND t.id <= %s ORDER BY t.id""",
    "comments": """
SELECT id, content, is_internal, ticket_id, author_id, created_at, updated_at
  FROM comments WHERE id > %s AND id <= %s ORDER BY id""",
    "ticket_tags": """
SELECT ticket_id, tag_id, created_at
  FROM ticket_tags WHERE ticket_id > %s AND ticket_id <= %s ORDER BY ticket_id, tag_id""",
}
_IN: dict[str, LiteralString] = {
    "users": "users (id, email, full_name, is_active, is_staff, role, password_hash, last_login, created_at,"
    " updated_at)",
    "tags": "tags (id, name, color, description, created_at)",
    "tickets": "tickets (id, ticket_number, title, description, status, priority, requester_id, creator_id,"
    " assignee_id, last_activity_at, first_response_at, resolved_at, deleted_at, created_at, updated_at)",
    "comments": "comments (id, content, is_internal, ticket_id, author_id, created_at, updated_at)",
    "ticket_tags": "ticket_tags (ticket_id, tag_id, created_at)",
}


def load(server: Server, tickets: int, tell: Tell) -> None:
    """Make the databases of this size that are not there yet."""
    guide, best = f"guide_{tickets}", f"best_{tickets}"
    if guide not in server.names():
        tell(f"Making {tickets:,} tickets in the guide's schema")
    server.make(guide, lambda name: _scripts(server, name, tickets, "10", "20", "30"))
    if best not in server.names():
        tell("Copying them, with the best indexes and roll-ups")
    server.make(best, lambda name: _scripts(server, name, tickets, "40", "45"), template=guide)
    load_ombud(server, tickets, tell)


def load_ombud(server: Server, tickets: int, tell: Tell) -> None:
    """Make Ombud's database of this size from the guide's, or bring the one that is there up to date."""
    guide, ours = f"guide_{tickets}", f"ombud_{tickets}"
    if guide not in server.names():
        server.make(guide, lambda name: _scripts(server, name, tickets, "10", "20", "30"))
    if ours in server.names():
        server.migrate(ours)
        with server.connect(ours) as target:
            missing = target.execute("SELECT FROM ombud.ticket_search WHERE texts_missing LIMIT 1").fetchone()
            if missing is not None:
                _write_texts(target, tickets)
            # What earlier runs wrote, and the worker of a desk would have added up within two seconds.
            target.execute("SELECT ombud.fold_statistics(2147483647)")
        return
    tell("Loading them into Ombud's schema")
    server.make(ours, lambda name: _fill_ombud(server, guide, name, tickets))


def run_script(connection: psycopg.Connection, number: str, tickets: int) -> None:
    """Run one of the numbered files of `sql/`."""
    connection.execute("SELECT set_config('bench.tickets', %s, false)", [str(tickets)])
    (file,) = SQL.glob(f"{number}_*.sql")
    connection.execute(file.read_bytes())


def _scripts(server: Server, database: str, tickets: int, *numbers: str) -> None:
    with server.connect(database) as connection:
        for number in numbers:
            run_script(connection, number, tickets)
        connection.execute("VACUUM ANALYZE")


def _fill_ombud(server: Server, guide: str, database: str, tickets: int) -> None:
    server.migrate(database)
    with server.connect(guide) as source, server.connect(database) as target:
        target.execute("SELECT set_config('ombud.actor', 'system:benchmark', false)")
        target.execute("SET search_path = ombud, public; SET synchronous_commit = off")
        target.execute("SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'")
        with _without_indexes(target, *_OUT), _mostly_without_triggers(target):
            for table in _OUT:
                _copy(source, target, table)
        target.execute("ANALYZE")
        with _without_indexes(target, "ticket_search"):
            _write_documents(target, tickets)
        _write_texts(target, tickets)
        target.execute("SELECT ombud.fold_statistics(2147483647)")
        for table in ("users", "tags", "tickets", "comments"):
            setval = (
                f"SELECT setval(pg_get_serial_sequence('ombud.{table}', 'id'), max(id)) FROM ombud.{table}"
            )
            target.execute(setval.encode())
        target.execute("VACUUM ANALYZE")


def _copy(source: psycopg.Connection, target: psycopg.Connection, table: str) -> None:
    key = "ticket_id" if table == "ticket_tags" else "id"
    ends = {"id": f"SELECT max(id) FROM {table}", "ticket_id": "SELECT max(ticket_id) FROM ticket_tags"}
    row = source.execute(ends[key].encode()).fetchone()
    assert row is not None
    for start in range(0, int(row[0]), SLICE):
        read: LiteralString = _OUT[table]
        with (
            source.cursor().copy(f"COPY ({read}) TO STDOUT", [start, start + SLICE]) as rows,
            target.cursor().copy(f"COPY ombud.{_IN[table]} FROM STDIN") as into,
        ):
            for block in rows:
                into.write(block)


def _write_documents(target: psycopg.Connection, tickets: int) -> None:
    """Write the search documents, and call them indexed: their index is made afterwards."""
    target.execute("ALTER TABLE ombud.ticket_search ALTER is_indexed SET DEFAULT true")
    for start in range(0, tickets, SLICE):
        target.execute(
            "SELECT ombud.write_documents(ARRAY(SELECT generate_series(%s::bigint, %s::bigint)))",
            [start + 1, min(start + SLICE, tickets)],
        )
    target.execute("ALTER TABLE ombud.ticket_search ALTER is_indexed SET DEFAULT false")


def _write_texts(target: psycopg.Connection, tickets: int) -> None:
    """Write the texts for exact search, as the worker does in smaller batches."""
    target.execute("SET search_path = ombud, public; SET synchronous_commit = off; SET work_mem = '256MB'")
    target.execute("SET maintenance_work_mem = '1GB'")
    with _without_indexes(target, "ticket_texts"):
        for start in range(0, tickets, SLICE):
            target.execute(
                "SELECT ombud.write_texts(ARRAY(SELECT generate_series(%s::bigint, %s::bigint)))",
                [start + 1, min(start + SLICE, tickets)],
            )
    target.execute("UPDATE ombud.ticket_search SET texts_missing = false WHERE texts_missing")
    target.execute("VACUUM ANALYZE ombud.ticket_texts, ombud.search_words, ombud.ticket_search")


@contextmanager
def _mostly_without_triggers(target: psycopg.Connection) -> Iterator[None]:
    """Only the audit log and the statistics see the rows come; the rows are right by themselves."""
    for table in _OUT:
        target.execute(f"ALTER TABLE ombud.{table} DISABLE TRIGGER ALL".encode())
        target.execute(f"ALTER TABLE ombud.{table} ENABLE TRIGGER z_audit_insert".encode())
    target.execute("ALTER TABLE ombud.tickets ENABLE TRIGGER s_stats_insert")
    yield
    for table in _OUT:
        target.execute(f"ALTER TABLE ombud.{table} ENABLE TRIGGER ALL".encode())


@contextmanager
def _without_indexes(target: psycopg.Connection, *tables: str) -> Iterator[None]:
    """Drop the indexes that are not constraints, and make them again at the end."""
    found = target.execute(
        "SELECT c.oid::regclass::text, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid::regclass::text = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)",
        [list(tables)],
    ).fetchall()
    for name, _definition in found:
        target.execute(f"DROP INDEX ombud.{name}".encode())
    yield
    for _name, definition in found:
        target.execute(definition.encode())
