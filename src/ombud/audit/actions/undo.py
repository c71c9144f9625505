"""Take one request back: all of it that can be, or nothing and a list of what has changed since."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import delete, insert, tuple_, update
from sqlalchemy.orm import Session

from ombud.audit import queries
from ombud.audit.actions.undo_files import changed_files, restore_files
from ombud.audit.actions.undo_records import AT_ONCE, changed_records, restore_records, update_rows
from ombud.audit.history import typed
from ombud.audit.undoing import LINKS, Change, Plan, plan_of
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.kit.text import storable
from ombud.models import (
    Attachment,
    AuditLog,
    Comment,
    InboundMail,
    Tag,
    Ticket,
    TicketParticipant,
    TicketTag,
    User,
)

T = TypeVar("T")

TOLD = 20
"""Conflicts named in the message; `changed` has all of them."""
_LINK_MODELS: dict[str, type[TicketTag] | type[TicketParticipant]] = {
    "ticket_tags": TicketTag,
    "ticket_participants": TicketParticipant,
}


_MESSAGE_MODELS: dict[str, type[Comment] | type[Attachment] | type[InboundMail]] = {
    "comments": Comment,
    "attachments": Attachment,
    "inbound_mails": InboundMail,
}


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back. `request_id` is the undo's own: undo that to have everything again.

    `records` are comments, files, mails and people that were moved or merged, and tags.
    """

    request_id: str
    tickets: int
    links: int
    skipped: tuple[str, ...]
    messages: int = 0
    records: int = 0
    files: int = 0


class ChangedSince(Conflict):
    """Something that the request changed was changed again. `changed` lists what, in words."""

    code = "changed_since"

    def __init__(self, changed: Sequence[str]) -> None:
        self.changed = tuple(changed)
        told = "\n".join(f"- {line}" for line in self.changed[:TOLD])
        more = f"\n- and {len(changed) - TOLD} more" if len(changed) > TOLD else ""
        super().__init__(
            f"Nothing was taken back, because this has changed since:\n{told}{more}", changed=self.changed
        )


class NothingToUndo(Conflict):
    """The request did nothing that can be taken back."""

    code = "nothing_to_undo"


def undo_request(session: Session, request_id: str) -> Undone:
    """Take back what one request did to tickets: fields, tags, participants, deletion; moved messages; merges;
    files that were taken off a moment ago.

    Agents undo their own requests, administrators any. It is a change like others: written down, under
    this session's own request id, by which it can be undone. Comments and files that were added stay (`skipped`
    says so), files that were brought back too.
    Raises ChangedSince, NothingToUndo, NotFound, Forbidden.
    """
    actor = actor_of(session)
    rows = session.scalars(queries.changes_of_request(actor, storable("request_id", request_id))).all()
    _check_right(session, actor, request_id, rows)
    plan = plan_of(rows)
    if plan.is_empty:
        raise NothingToUndo(" ".join(["Nothing of that request can be taken back.", *plan.skipped]))
    changed = [
        *_changed_tickets(session, actor, plan),
        *_changed_links(session, plan),
        *_changed_messages(session, plan),
        *changed_records(session, plan),
        *changed_files(session, actor, plan),
    ]
    if changed:
        raise ChangedSince(changed)
    session.scalar(queries.set_curating(on=plan.is_curation))
    _restore_messages(session, plan)
    restore_records(session, plan)
    _restore_tickets(session, plan)
    _restore_links(session, plan)
    session.scalar(queries.set_curating(on=False))
    restore_files(session, plan)
    session.expire_all()
    return Undone(
        actor.request_id,
        len(plan.tickets),
        len(plan.links),
        tuple(plan.skipped),
        _messages(plan),
        len(plan.records) + len(plan.tags) + len(plan.teams),
        len(plan.files),
    )


def _check_right(session: Session, actor: Actor, request_id: str, rows: Sequence[AuditLog]) -> None:
    if not actor.is_staff or actor.read_only:
        raise Forbidden("Only the support team can take changes back.")
    if not rows:
        raise NotFound("Nothing was changed under that request id.")
    if not actor.is_admin and any(row.user_id != actor.user_id for row in rows):
        raise Forbidden("Somebody else did that; an administrator can take it back.")
    if session.scalar(queries.count_changes_of_request(request_id)) != len(rows):
        raise Forbidden("That request also changed what you cannot see; an administrator can take it back.")


def _changed_tickets(session: Session, actor: Actor, plan: Plan) -> Iterator[str]:
    """Say what is not as the request left it; locks what is looked at, in one order."""
    found = {row.id: row for row in session.execute(queries.tickets_for_undo(actor, _tickets_of(plan)))}
    for ticket_id in sorted(_tickets_of(plan)):
        ticket = found.get(ticket_id)
        if ticket is None:
            yield f"a ticket (id {ticket_id}) is gone"
            continue
        fields = plan.tickets.get(ticket_id, {})
        # Merging people reaches tickets that were deleted before it, and so does taking it back.
        was_deleted = plan.is_curation and ticket.deleted_at is not None and plan.at > ticket.deleted_at
        if ticket.deleted_at is not None and not was_deleted and "deleted_at" not in fields:
            yield f"ticket {ticket.ticket_number} is deleted"
        for name, change in fields.items():
            current, left = getattr(ticket, name), typed(Ticket, name, change.after)
            if current != left:
                yield f"ticket {ticket.ticket_number}: {_told(name, current, left)}"


def _told(name: str, current: Any, left: Any) -> str:
    if name == "deleted_at":
        return "is there again" if current is None else "is deleted"
    if name in ("title", "description"):
        return f"the {name} is another one"
    return f"{name.removesuffix('_id')} is {current or 'nobody'} now, not {left or 'nobody'}"


def _changed_links(session: Session, plan: Plan) -> Iterator[str]:
    for table, links in _links_by_table(plan):
        model, tickets = _LINK_MODELS[table], {ticket for ticket, _other, _change in links}
        present = {tuple(row) for row in session.execute(queries.links_on(model, tickets))}
        others = {other for _ticket, other, _change in links}
        target = Tag if model is TicketTag else User
        alive = set(session.scalars(queries.existing(target, others)))
        alive |= plan.tags.keys() if model is TicketTag else set()
        noun = "tag" if model is TicketTag else "participant"
        for ticket, other, change in links:
            if other not in alive:
                yield f"{noun} {other} is gone"
            elif ((ticket, other) in present) != (change.after is not None):
                yield f"{noun} {other} was {'put on' if change.after is None else 'taken off'} ticket id {ticket}"


def _changed_messages(session: Session, plan: Plan) -> Iterator[str]:
    for (table, key), fields in plan.moves.items():
        model = _MESSAGE_MODELS[table]
        row = session.get(model, key, populate_existing=True, with_for_update=True)
        if row is None:
            yield f"a message or file ({table} {key}) is gone"
        elif any(getattr(row, name) != typed(model, name, change.after) for name, change in fields.items()):
            yield f"a message or file ({table} {key}) was moved again"


def _restore_messages(session: Session, plan: Plan) -> None:
    """Put messages back where they were; what was written for them elsewhere goes."""
    for table, model in _MESSAGE_MODELS.items():
        for (name, key), fields in plan.moves.items():
            if name == table:
                to = {field: typed(model, field, change.before) for field, change in fields.items()}
                session.execute(
                    update(model).where(model.id == key).values(to),
                    execution_options={"synchronize_session": False},
                )
    if plan.written:
        session.execute(
            delete(Comment).where(Comment.id.in_(plan.written)),
            execution_options={"synchronize_session": False},
        )


def _messages(plan: Plan) -> int:
    return sum(table == "inbound_mails" for table, _key in plan.moves)


def _restore_tickets(session: Session, plan: Plan) -> None:
    # The database lets a status go back over a legal move only while this is set, in this transaction.
    session.scalar(queries.set_undoing(on=True))
    targets = sorted(
        ((_target(plan, ticket), ticket) for ticket in plan.tickets), key=lambda t: (sorted(t[0]), t[1])
    )
    for names, group in groupby(targets, key=lambda target: sorted(target[0])):
        for batch in _batches(list(group)):
            update_rows(session, Ticket, names, [(ticket, *(to[n] for n in names)) for to, ticket in batch])
    session.scalar(queries.set_undoing(on=False))


def _target(plan: Plan, ticket: int) -> dict[str, Any]:
    fields = {name: typed(Ticket, name, change.before) for name, change in plan.tickets[ticket].items()}
    if "status" in fields:
        # Without this a ticket that is resolved again would be resolved now.
        fields["resolved_at"] = typed(Ticket, "resolved_at", plan.resolved_at.get(ticket))
        if ticket not in plan.resolved_at:
            del fields["resolved_at"]
    return fields


def _restore_links(session: Session, plan: Plan) -> None:
    for table, links in _links_by_table(plan):
        model = _LINK_MODELS[table]
        added = [(ticket, other) for ticket, other, change in links if change.before is None]
        removed = [
            {"ticket_id": ticket, LINKS[table]: other, "created_at": datetime.fromisoformat(change.before)}
            for ticket, other, change in links
            if change.before is not None
        ]
        pair = tuple_(model.ticket_id, getattr(model, LINKS[table]))
        for batch in _batches(added):
            session.execute(
                delete(model).where(pair.in_(batch)), execution_options={"synchronize_session": False}
            )
        if removed:
            session.execute(insert(model), removed)


def _batches(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def _tickets_of(plan: Plan) -> Collection[int]:
    return plan.tickets.keys() | {ticket for _table, ticket, _other in plan.links}


def _links_by_table(plan: Plan) -> Iterator[tuple[str, list[tuple[int, int, Change]]]]:
    for table in _LINK_MODELS:
        links = [
            (t, other, change)
            for (name, t, other), change in sorted(plan.links.items(), key=lambda i: i[0])
            if name == table
        ]
        if links:
            yield table, links
