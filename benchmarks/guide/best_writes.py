"""Writing on the best side: COPY, one UPDATE, and a ticket with its first comment in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_COLUMNS = (
    "id", "ticket_number", "title", "description", "status", "priority", "creator_id", "assignee_id",
)  # fmt: skip
_DOCUMENTS = """
INSERT INTO ticket_search (ticket_id, created_at, doc, tsv)
SELECT id, created_at, d, strip(to_tsvector('simple', d))
  FROM (SELECT id, created_at, ticket_number || E'\\n' || title || E'\\n' || description d
          FROM tickets WHERE id = ANY($1::int[])) z
"""
# A ticket, its search row, its roll-ups, its line in the log, and its first comment.
_CREATE = """
WITH t AS (INSERT INTO tickets (ticket_number, title, description, status, priority, creator_id)
             VALUES ($1, 'Cannot sign in', $2, 'OPEN', 'MEDIUM', $3)
             RETURNING id, created_at, ticket_number || E'\\n' || title || E'\\n' || description AS d),
     s AS (INSERT INTO ticket_search (ticket_id, created_at, doc, tsv)
             SELECT id, created_at, d, strip(to_tsvector('simple', d)) FROM t),
     r AS (UPDATE stat_all_sp SET n = n + 1 WHERE status = 'OPEN' AND priority = 'MEDIUM'),
     q AS (INSERT INTO stat_day_sp (day, status, priority, n, nres, sres)
             SELECT (created_at AT TIME ZONE 'UTC')::date, 'OPEN', 'MEDIUM', 1, 0, 0 FROM t
             ON CONFLICT (day, status, priority) DO UPDATE SET n = stat_day_sp.n + 1),
     l AS (INSERT INTO audit_logs (table_name, record_id, action, user_id, changes)
             SELECT 'tickets', id, 'CREATE', $3, '{"status":"open"}'::json FROM t)
INSERT INTO comments (content, is_internal, ticket_id, author_id) SELECT $4, false, id, $5 FROM t
"""


@dataclass(frozen=True)
class BestWrites:
    """One connection to the copy with the best indexes."""

    connection: Any

    async def bulk_create(self, rows: Sequence[dict[str, Any]], *, searchable: bool) -> int:
        """COPY rows in, index them if so wanted, and take it back."""
        transaction = self.connection.transaction()
        await transaction.start()
        numbers = await self.connection.fetch(
            "SELECT nextval('tickets_id_seq') FROM generate_series(1, $1::int)", len(rows)
        )
        ids = [number[0] for number in numbers]
        records = [(key, *(row[name] for name in _COLUMNS[1:])) for key, row in zip(ids, rows, strict=True)]
        await self.connection.copy_records_to_table("tickets", columns=_COLUMNS, records=records)
        if searchable:
            await self.connection.execute(_DOCUMENTS, ids)
        await transaction.rollback()
        return len(ids)

    async def bulk_status(self, ids: Sequence[int], status: str) -> int:
        """Set the status of many."""
        done = await self.connection.execute(
            "UPDATE tickets SET status = $2::text::ticketstatus, updated_at = now()"
            " WHERE id = ANY($1::int[]) AND deleted_at IS NULL",
            ids,
            status,
        )
        return int(str(done).split()[1])

    async def create_with_comment(self, number: str, creator: int, author: int) -> None:
        """Open a ticket with its first comment, searchable, counted and logged, in one statement."""
        await self.connection.execute(_CREATE, number, "word " * 60, creator, "word " * 40, author)
