"""What a desk has after its faults, against the history of what was asked and answered."""

from __future__ import annotations

from sqlalchemy import func, select

from ombud import Ticket
from ombud.models import AuditAction, AuditLog, Comment, OutboundMail, Tag, TicketTag
from tests.faults.history import Write, faults
from tests.faults.house import SYSTEM, TAGS, House


def wrongs(house: House, writes: list[Write]) -> list[str]:
    """Each acknowledged write is to be there once and whole, each other one at most once and whole."""
    with house.desk.read(SYSTEM) as session:
        titles = list(session.scalars(select(Ticket.title)))
        tagged = session.execute(
            select(Ticket.title)
            .join(TicketTag, TicketTag.ticket_id == Ticket.id)
            .join(Tag, Tag.id == TicketTag.tag_id)
            .where(Tag.name.in_(TAGS))
            .group_by(Ticket.title)
            .having(func.count() == len(TAGS))
        ).scalars()
        logged = set(
            session.scalars(
                select(AuditLog.changes["title"][1].astext).where(
                    AuditLog.table_name == "tickets", AuditLog.action == AuditAction.CREATE
                )
            )
        )
        answers = list(session.scalars(select(Comment.content)))
        lettered = session.scalars(
            select(Comment.content).join(OutboundMail, OutboundMail.comment_id == Comment.id)
        )
        renamed = list(
            session.scalars(
                select(AuditLog.changes["description"][1].astext).where(
                    AuditLog.table_name == "tickets", AuditLog.action == AuditAction.UPDATE
                )
            )
        )
        found = {
            "open": (titles, set(tagged) & logged),
            "answer": (answers, set(lettered)),
            "rename": ([name for name in renamed if name], set(renamed)),
        }
    said: list[str] = []
    for kind, (names, whole) in found.items():
        assert names, kind
        said += faults([write for write in writes if write.kind == kind], names, whole)
    return said
