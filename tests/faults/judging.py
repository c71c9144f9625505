"""What a desk has after its faults, against the history of what was asked and answered."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ombud import Ticket
from ombud.files import open_store
from ombud.models import Attachment, AuditAction, AuditLog, Comment, OutboundMail, Tag, TicketTag
from ombud.models.deleted import INCLUDE_DELETED
from tests.faults.history import Write, faults
from tests.faults.house import SYSTEM, House
from tests.faults.wishes import TAGS, content


def wrongs(house: House, writes: list[Write]) -> list[str]:
    """Each acknowledged write is to be there once and whole, each other one at most once and whole."""
    with house.desk.read(SYSTEM) as session:
        titles = list(session.scalars(select(Ticket.title).execution_options(**{INCLUDE_DELETED: True})))
        tagged = session.execute(
            select(Ticket.title)
            .join(TicketTag, TicketTag.ticket_id == Ticket.id)
            .join(Tag, Tag.id == TicketTag.tag_id)
            .where(Tag.name.in_(TAGS))
            .group_by(Ticket.title)
            .having(func.count() == len(TAGS))
            .execution_options(**{INCLUDE_DELETED: True})
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
        found: dict[str, tuple[list[str], set[str]]] = {
            "open": (titles, set(tagged) & logged),
            "answer": (answers, set(lettered)),
            "rename": ([name for name in renamed if name], set(renamed)),
        }
        if any(write.kind == "attach" for write in writes):
            found |= {"attach": _files(session, house), "bulk": _tagged(session, house)}
            found |= _deleted(session, house)
    said: list[str] = []
    for kind, (names, whole) in found.items():
        assert names, kind
        said += faults([write for write in writes if write.kind == kind], names, whole)
    return said


def _files(session: Session, house: House) -> tuple[list[str], set[str]]:
    """Return the names of the files that are recorded, and of those whose bytes are what was sent."""
    kept = session.execute(select(Attachment.file_name, Attachment.storage_key)).all()
    assert house.desk.settings.data_dir is not None
    store = open_store(house.desk.settings.data_dir / "files", limit=2**20)
    return [name for name, _key in kept], {
        name for name, key in kept if store.has(key) and store.get(key) == content(name)
    }


def _tagged(session: Session, house: House) -> tuple[list[str], set[str]]:
    """Return the tags that were given to many, and those whose bearers are as answered, or all, and nobody else."""
    statement = (
        select(Tag.name, Ticket.ticket_number)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .join(Ticket, Ticket.id == TicketTag.ticket_id)
        .where(Tag.name.not_in(TAGS))
        .execution_options(**{INCLUDE_DELETED: True})
    )
    bearers: dict[str, set[str]] = defaultdict(set)
    for name, number in session.execute(statement):
        bearers[name].add(number)
    meant = {name: house.changed.get(name, set(house.wished[name].numbers)) for name in bearers}
    return list(bearers), {name for name, numbers in bearers.items() if numbers == meant[name]}


def _deleted(session: Session, house: House) -> dict[str, tuple[list[str], set[str]]]:
    """Return who deleted and who restored, as often as it was done; whole where the ticket is as it was done last."""
    wished = {(wish.kind, *wish.numbers): wish.key for wish in house.wished.values()}
    deleted_at = AuditLog.changes["deleted_at"]
    statement = (
        select(Ticket.ticket_number, deleted_at[1].astext, Ticket.deleted_at)
        .join(AuditLog, AuditLog.record_id == Ticket.id)
        .where(
            AuditLog.table_name == "tickets", AuditLog.action == AuditAction.UPDATE, deleted_at.is_not(None)
        )
        .order_by(AuditLog.id)
        .execution_options(**{INCLUDE_DELETED: True})
    )
    done: dict[str, list[str]] = {"delete": [], "restore": []}
    last: dict[str, tuple[str, bool]] = {}
    for number, became, now in session.execute(statement):
        kind = "restore" if became is None else "delete"
        name = wished.get((kind, number), number)
        done[kind].append(name)
        last[number] = (name, (became is None) == (now is None))
    torn = {name for name, is_so in last.values() if not is_so}
    return {kind: (names, set(names) - torn) for kind, names in done.items()}
