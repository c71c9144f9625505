"""What the guide's functions do, statement by statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, extract, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import joinedload, selectinload

from benchmarks.guide.model import Comment, Priority, Status, Tag, Ticket, User

LIVE = Ticket.deleted_at.is_(None)
_VALUES = 30_000


@dataclass(frozen=True)
class GuideSide:
    """The guide's session factory; each method opens a session as its functions are used."""

    maker: async_sessionmaker[AsyncSession]

    async def one(self) -> int:
        """Go there and back."""
        async with self.maker() as session:
            return int((await session.execute(text("SELECT 1"))).scalar_one())

    async def ticket(self, ticket_id: int) -> int:
        """Get one ticket."""
        async with self.maker() as session:
            return (await session.get_one(Ticket, ticket_id)).id

    async def search(self, **wanted: Any) -> tuple[int, list[int]]:
        """Search, and return the total and the ids of the page."""
        count, page = search_statements(**wanted)
        async with self.maker() as session:
            total = (await session.execute(count)).scalar_one()
            found = (await session.execute(page)).unique().scalars().all()
            return total, [ticket.id for ticket in found]

    async def count(self, **wanted: Any) -> int:
        """Count what a search would find."""
        async with self.maker() as session:
            return int((await session.execute(search_statements(**wanted)[0])).scalar_one())

    async def details(self, status: Status, limit: int | None = None) -> list[tuple[int, int]]:
        """Get tickets with all that belongs to them; without `limit` as the guide does. Ids, and how many comments."""
        statement = (
            select(Ticket)
            .options(
                joinedload(Ticket.creator),
                joinedload(Ticket.assignee),
                selectinload(Ticket.comments).joinedload(Comment.author),
                selectinload(Ticket.attachments),
                selectinload(Ticket.tags),
            )
            .where(LIVE)
            .where(Ticket.status == status)
            .order_by(Ticket.created_at.desc())
            .limit(limit)
        )
        async with self.maker() as session:
            found = (await session.execute(statement)).unique().scalars().all()
            return [(ticket.id, len(ticket.comments)) for ticket in found]

    async def statistics(self, start: datetime | None = None, end: datetime | None = None) -> dict[str, Any]:
        """Get the statistics, in four statements."""
        by_status, by_priority, mean, by_assignee = statistics_statements(start, end)
        async with self.maker() as session:
            statuses = {row[0].value: row[1] for row in await session.execute(by_status)}
            priorities = {row[0].value: row[1] for row in await session.execute(by_priority)}
            average = (await session.execute(mean)).scalar_one() or 0
            people = [
                {"assignee": row[0], "n": row[1], "hours": row[2] / 3600 if row[2] else None}
                for row in await session.execute(by_assignee)
            ]
        return {"status": statuses, "priority": priorities, "hours": average / 3600, "assignee": people}

    async def bulk_create(self, rows: list[dict[str, Any]]) -> int:
        """Add all, flush, and take it back."""
        async with self.maker() as session:
            made = [Ticket(**row) for row in rows]
            session.add_all(made)
            await session.flush()
            await session.rollback()
            return len(made)

    async def bulk_status(self, ids: Sequence[int], status: Status) -> int:
        """Set the status of many, and commit: in pieces, for the driver takes 32,767 values and each id is one."""
        changed = 0
        async with self.maker() as session:
            for start in range(0, len(ids), _VALUES):
                named = Ticket.id.in_(ids[start : start + _VALUES])
                statement = (
                    update(Ticket).where(and_(named, LIVE)).values(status=status, updated_at=func.now())
                )
                done: Any = await session.execute(statement)
                changed += int(done.rowcount)
            await session.commit()
        return changed

    async def create_with_comment(self, number: str, creator: int, author: int) -> None:
        """Open a ticket, answer it, and commit."""
        async with self.maker() as session:
            ticket = Ticket(
                ticket_number=number, title="Cannot sign in", description="word " * 60, creator_id=creator
            )
            session.add(ticket)
            await session.flush()
            session.add(Comment(content="word " * 40, ticket_id=ticket.id, author_id=author))
            await session.commit()


def search_statements(
    *,
    term: str | None = None,
    statuses: Sequence[Status] | None = None,
    priority: Priority | None = None,
    assignee: int | None = None,
    tags: Sequence[str] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Select[Any], Select[Any]]:
    """Return the statements of a search: the count, and the page."""
    statement = (
        select(Ticket)
        .options(joinedload(Ticket.creator), joinedload(Ticket.assignee), selectinload(Ticket.tags))
        .where(LIVE)
    )
    if term:
        like = f"%{term}%"
        statement = statement.where(
            or_(Ticket.title.ilike(like), Ticket.description.ilike(like), Ticket.ticket_number.ilike(like))
        )
    if statuses:
        statement = statement.where(Ticket.status.in_(statuses))
    if priority:
        statement = statement.where(Ticket.priority == priority)
    if assignee:
        statement = statement.where(Ticket.assignee_id == assignee)
    if tags:
        statement = statement.join(Ticket.tags).where(Tag.name.in_(tags))
    return (
        select(func.count()).select_from(statement.subquery()),
        statement.order_by(Ticket.created_at.desc()).limit(limit).offset(offset),
    )


def statistics_statements(start: datetime | None, end: datetime | None) -> tuple[Any, ...]:
    """Return the four statements of the statistics."""
    within: ColumnElement[bool] = LIVE
    if start:
        within = and_(within, Ticket.created_at >= start)
    if end:
        within = and_(within, Ticket.created_at <= end)
    took = extract("epoch", Ticket.resolved_at - Ticket.created_at)
    resolved = Ticket.resolved_at.is_not(None)
    return (
        select(Ticket.status, func.count(Ticket.id)).where(within).group_by(Ticket.status),
        select(Ticket.priority, func.count(Ticket.id)).where(within).group_by(Ticket.priority),
        select(func.avg(took)).where(and_(within, resolved)),
        select(User.full_name, func.count(Ticket.id), func.avg(case((resolved, took))))
        .join(Ticket.assignee)
        .where(within)
        .group_by(User.id, User.full_name)
        .order_by(func.count(Ticket.id).desc()),
    )
