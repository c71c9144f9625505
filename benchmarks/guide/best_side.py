"""The best plain SQL that we know for the same answers, over asyncpg itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # has no stubs

CAP = 1000
# From so many matches on, walking the list newest first fills a page sooner than sorting all matches.
COMMON = 1000

_COLUMNS = """
t.id, t.ticket_number, t.title, t.description, t.status::text, t.priority::text, t.creator_id, t.assignee_id,
t.created_at, t.updated_at, t.resolved_at, c.full_name AS creator, a.full_name AS assignee,
(SELECT array_agg(g.name) FROM ticket_tags x JOIN tags g ON g.id = x.tag_id WHERE x.ticket_id = t.id) AS tags"""
_PEOPLE = """
JOIN tickets t ON t.id = p.id JOIN users c ON c.id = t.creator_id LEFT JOIN users a ON a.id = t.assignee_id
ORDER BY p.created_at DESC, p.id DESC"""
_WORD = "tsv @@ to_tsquery('simple', $1)"
_PART = "doc ILIKE '%' || $1 || '%'"
_TAG_IDS = "ARRAY(SELECT id FROM tags WHERE name = ANY($2::text[]))"
_NEWEST = "ORDER BY created_at DESC, id DESC LIMIT 50"

Found = tuple[int, list[int]]


@dataclass(frozen=True)
class BestSide:
    """One connection to the copy with the best indexes."""

    connection: Any
    """An asyncpg connection; the driver has no types."""

    async def one(self) -> int:
        """Go there and back."""
        return int(await self.connection.fetchval("SELECT 1"))

    async def ticket(self, ticket_id: int) -> int:
        """Get one ticket."""
        row = await self.connection.fetchrow("SELECT * FROM tickets WHERE id = $1", ticket_id)
        return int(row["id"])

    async def page(self, ids: str, *values: Any) -> list[Any]:
        """Fill a page of ids with people and tags, in one statement."""
        statement = f"WITH p AS MATERIALIZED ({ids}) SELECT {_COLUMNS} FROM p {_PEOPLE}"
        rows: list[Any] = await self.connection.fetch(statement, *values)
        return rows

    async def word(self, word: str) -> Found:
        """Find a word: rare ones from the index, common ones along the list. The count is capped."""
        count = f"SELECT count(*) FROM (SELECT FROM ticket_search WHERE {_WORD} LIMIT {CAP + 1}) z"
        total = int(await self.connection.fetchval(count, word))
        matching = f"SELECT ticket_id AS id, created_at FROM ticket_search WHERE {_WORD}"
        if total > COMMON:
            ids = f"{matching} ORDER BY created_at DESC, ticket_id DESC LIMIT 50"
        else:
            ids = f"SELECT id, created_at FROM ({matching} OFFSET 0) z {_NEWEST}"
        return total, _ids(await self.page(ids, word))

    async def substring(self, part: str) -> Found:
        """Find any part of a text, by trigrams; count and page from one pass."""
        return await self._one_pass(
            f"SELECT ticket_id AS id, created_at FROM ticket_search WHERE {_PART}",
            _literal(part),
        )

    async def common_substring(self, part: str) -> Found:
        """Find a part of very many texts: a capped count, and the page along the list."""
        count = f"SELECT count(*) FROM (SELECT FROM ticket_search WHERE {_PART} LIMIT {CAP + 1}) z"
        total = int(await self.connection.fetchval(count, _literal(part)))
        ids = f"SELECT ticket_id AS id, created_at FROM ticket_search WHERE {_PART} {_NEWEST}"
        return total, _ids(
            await self.page(ids.replace("id DESC LIMIT", "ticket_id DESC LIMIT"), _literal(part))
        )

    async def word_and_tags(self, word: str, tags: Sequence[str]) -> Found:
        """Find a word among the tickets with any of these tags."""
        return await self._one_pass(
            "SELECT s.ticket_id AS id, s.created_at"
            f" FROM (SELECT ticket_id, created_at FROM ticket_search WHERE {_WORD} OFFSET 0) s"
            " WHERE EXISTS (SELECT FROM ticket_tags x WHERE x.ticket_id = s.ticket_id"
            f" AND x.tag_id = ANY({_TAG_IDS}) OFFSET 0)",
            word,
            tags,
        )

    async def word_of(self, word: str, status: str, assignee: int) -> Found:
        """Find a word among somebody's tickets of a status."""
        return await self._one_pass(
            "SELECT t.id, t.created_at FROM tickets t JOIN ticket_search s ON s.ticket_id = t.id"
            f" WHERE {_WORD} AND t.status = $2::text::ticketstatus AND t.assignee_id = $3 AND t.deleted_at IS NULL",
            word,
            status,
            assignee,
        )

    async def tagged(self, tags: Sequence[str]) -> Found:
        """Find the tickets with any of these tags; each once."""
        ids = await self.connection.fetchval(
            "SELECT array_agg(id) FROM tags WHERE name = ANY($1::text[])", tags
        )
        match = "FROM ticket_facet WHERE tag_ids && $1::int[]"
        count = f"SELECT count(*) FROM (SELECT {match} LIMIT {CAP + 1}) z"
        total = int(await self.connection.fetchval(count, ids))
        page = f"SELECT ticket_id AS id, created_at {match} ORDER BY created_at DESC, ticket_id DESC LIMIT 50"
        return total, _ids(await self.page(page, ids))

    async def of(self, status: str, assignee: int) -> Found:
        """Find somebody's tickets of a status."""
        match = (
            "FROM tickets WHERE deleted_at IS NULL AND status = $1::text::ticketstatus AND assignee_id = $2"
        )
        count = f"SELECT count(*) FROM (SELECT {match} LIMIT {CAP + 1}) z"
        total = int(await self.connection.fetchval(count, status, assignee))
        return total, _ids(await self.page(f"SELECT id, created_at {match} {_NEWEST}", status, assignee))

    async def newest(self) -> Found:
        """Show the first page of everything."""
        page = await self.page(f"SELECT id, created_at FROM tickets WHERE deleted_at IS NULL {_NEWEST}")
        return await self._live(), _ids(page)

    async def after(self, moment: datetime, ticket_id: int) -> Found:
        """Show the page after a ticket."""
        ids = f"SELECT id, created_at FROM tickets WHERE deleted_at IS NULL AND (created_at, id) < ($1, $2) {_NEWEST}"
        return await self._live(), _ids(await self.page(ids, moment, ticket_id))

    async def number(self, number: str) -> Found:
        """Find a ticket by its number."""
        found = await self.page(
            "SELECT id, created_at FROM tickets WHERE deleted_at IS NULL AND ticket_number = $1", number
        )
        return len(found), _ids(found)

    async def details(self, status: str, limit: int | None = None) -> list[tuple[int, int]]:
        """Get tickets with all that belongs to them, in three statements. Ids, and how many comments."""
        ids = (
            "SELECT id, created_at FROM tickets WHERE deleted_at IS NULL AND status = $1::text::ticketstatus"
        )
        tickets = _ids(await self.page(f"{ids} ORDER BY created_at DESC, id DESC LIMIT $2", status, limit))
        comments = await self.connection.fetch(
            "SELECT c.id, c.ticket_id, c.content, c.is_internal, c.created_at, c.author_id, u.full_name"
            " FROM comments c JOIN users u ON u.id = c.author_id WHERE c.ticket_id = ANY($1::int[])"
            " ORDER BY c.ticket_id, c.created_at, c.id",
            tickets,
        )
        await self.connection.fetch(
            "SELECT id, ticket_id, filename FROM attachments WHERE ticket_id = ANY($1::int[])", tickets
        )
        said = dict.fromkeys(tickets, 0)
        for comment in comments:
            said[comment["ticket_id"]] += 1
        return list(said.items())

    async def counters(self, me: int) -> list[int]:
        """Count the six views, each up to the cap."""
        undone = "status IN ('OPEN', 'IN_PROGRESS', 'WAITING_ON_CUSTOMER')"
        views = (
            f"{undone} AND assignee_id = {me:d}",
            f"{undone} AND assignee_id IS NULL",
            "status IN ('OPEN', 'IN_PROGRESS')",
            "status = 'WAITING_ON_CUSTOMER'",
            "status IN ('RESOLVED', 'CLOSED')",
            "true",
        )
        counts = (
            f"(SELECT count(*) FROM (SELECT FROM tickets WHERE deleted_at IS NULL AND {one} LIMIT {CAP}) z)"
            for one in views
        )
        return list(await self.connection.fetchrow(f"SELECT {', '.join(counts)}"))

    async def statistics(self) -> tuple[list[Any], list[Any]]:
        """Read the roll-ups of all time."""
        sums = await self.connection.fetch(
            "SELECT lower(status::text), lower(priority::text), n, nres, sres FROM stat_all_sp"
        )
        people = await self.connection.fetch(
            "SELECT u.full_name, s.n, s.sres / nullif(s.nres, 0) / 3600 FROM stat_all_asg s"
            " JOIN users u ON u.id = s.assignee_id ORDER BY s.n DESC"
        )
        return sums, people

    async def statistics_of(self, first: date, last: date) -> tuple[list[Any], list[Any]]:
        """Add the roll-ups of days up."""
        sums = await self.connection.fetch(
            "SELECT lower(status::text), lower(priority::text), sum(n), sum(nres), sum(sres)"
            " FROM stat_day_sp WHERE day BETWEEN $1 AND $2 GROUP BY 1, 2",
            first,
            last,
        )
        people = await self.connection.fetch(
            "SELECT u.full_name, s.n, s.h FROM (SELECT assignee_id, sum(n) n, sum(sres) / nullif(sum(nres), 0) / 3600 h"
            " FROM stat_day_asg WHERE day BETWEEN $1 AND $2 GROUP BY 1) s JOIN users u ON u.id = s.assignee_id"
            " ORDER BY s.n DESC",
            first,
            last,
        )
        return sums, people

    async def _live(self) -> int:
        return int(await self.connection.fetchval("SELECT sum(n)::bigint FROM stat_all_sp"))

    async def _one_pass(self, match: str, *values: Any) -> Found:
        """Match once; count and page come from the same rows."""
        rows = await self.connection.fetch(
            f"WITH m AS MATERIALIZED ({match}), p AS (SELECT id, created_at FROM m {_NEWEST})"
            f" SELECT {_COLUMNS}, (SELECT count(*) FROM m) AS total FROM p {_PEOPLE}",
            *values,
        )
        return (rows[0]["total"] if rows else 0), _ids(rows)


async def connect(dsn: dict[str, Any]) -> Any:
    """Return a connection of the driver itself."""
    return await asyncpg.connect(**dsn)


def _ids(rows: list[Any]) -> list[int]:
    return [row["id"] for row in rows]


def _literal(part: str) -> str:
    return part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
