"""Every verb that changes many: undone by one of two at once, by nobody without the right, and undone again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, text

from ombud import Actor, Desk, Ticket
from ombud.audit import ChangedSince, undo_request
from ombud.curation import merge_tickets
from ombud.db.context import DeskSession
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.models import INCLUDE_DELETED, TicketStatus
from ombud.testing import Cast, make_comment, make_ticket, stored_file
from ombud.tickets import (
    add_tags,
    assign,
    bulk_assign_tickets,
    bulk_delete_tickets,
    bulk_restore_tickets,
    bulk_tag_tickets,
    bulk_update_ticket_status,
    reply,
    restore_ticket,
    set_status,
    soft_delete_ticket,
)

SYSTEM = Actor.system("test")
FOLLOWS = {"updated_at", "version", "last_activity_at", "changed_at"}
"""Times and counts that move with an undo as with any change."""
SHOWN = (
    "tickets",
    "ticket_tags",
    "ticket_participants",
    "ticket_links",
    "comments",
    "attachments",
    "message_moves",
)


def everything(desk: Desk) -> dict[str, list[str]]:
    with desk.engine.connect() as connection:
        connection.execute(text("SET ROLE ombud_backup"))
        return {name: sorted(_rows(connection, name)) for name in SHOWN}


def _rows(connection: Any, name: str) -> list[str]:
    table = Ticket.metadata.tables[f"ombud.{name}"]
    columns: list[Any] = [one for one in table.columns if one.name not in FOLLOWS]
    if name == "tickets":  # by whether, as it is deleted anew
        columns = [one if one.name != "deleted_at" else one.is_(None).label("is_there") for one in columns]
    return [str(row) for row in connection.execute(select(*columns))]


VERBS: dict[str, Callable[[list[int], Cast], Callable[[DeskSession], Any]]] = {
    "status": lambda ids, cast: partial(bulk_update_ticket_status, ids=ids, status=TicketStatus.RESOLVED),
    "assign": lambda ids, cast: partial(bulk_assign_tickets, ids=ids, assignee_id=cast.agent.id),
    "tag": lambda ids, cast: partial(bulk_tag_tickets, ids=ids, add=["new", "b"], remove=["a"]),
    "delete": lambda ids, cast: partial(bulk_delete_tickets, ids=ids),
    "restore": lambda ids, cast: partial(bulk_restore_tickets, ids=ids),
    "merge": lambda ids, cast: lambda session: merge_tickets(session, ids[1:3], ids[0]),
}


# What somebody else does to one of the tickets afterwards, and to which of them.
SINCE: dict[str, tuple[int, Callable[[DeskSession, int], Any]]] = {
    "status": (0, lambda session, one: set_status(session, one, TicketStatus.OPEN)),
    "assign": (0, lambda session, one: assign(session, one, None)),
    "tag": (0, lambda session, one: bulk_tag_tickets(session, [one], remove=["new"])),
    "delete": (0, restore_ticket),
    "restore": (3, soft_delete_ticket),
    "merge": (0, lambda session, one: merge_tickets(session, [one], _like(session, one))),
}


def _like(session: DeskSession, one: int) -> int:
    ticket = session.get_one(Ticket, one)
    return make_ticket(session, ticket.requester_id, team_id=ticket.team_id).id


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_names_what_has_changed_since(desk: Desk, cast: Cast, verb: str) -> None:
    """And takes nothing back, not even of the tickets that nobody touched."""
    ids = _tickets(desk, cast)
    desk.run(cast.agent.actor.for_request(verb), VERBS[verb](ids, cast))
    place, change = SINCE[verb]
    desk.run(cast.admin.actor, change, ids[place])
    with desk.read(SYSTEM) as session:
        named = ids[1] if verb == "merge" else ids[place]  # what was merged is named, which is elsewhere now
        wanted = select(Ticket.ticket_number).where(Ticket.id == named)
        number = session.scalars(wanted.execution_options(**{INCLUDE_DELETED: True})).one()
    after = everything(desk)
    with pytest.raises(ChangedSince) as refused:
        desk.run(cast.agent.actor, undo_request, verb)
    told = "\n".join(refused.value.changed)
    assert number in told or f"ticket id {named}" in told
    assert everything(desk) == after


def test_each_verb_goes_back_once_and_comes_again(desk: Desk, cast: Cast) -> None:
    """Tags that a request made stay, on no ticket; all else is as it was."""
    for verb, made in VERBS.items():
        ids = _tickets(desk, cast)
        before = everything(desk)
        desk.run(cast.agent.actor.for_request(verb), made(ids, cast))
        after = everything(desk)
        assert after != before, verb

        for stranger in (cast.customer, cast.other_customer, cast.light_agent, cast.other_agent):
            with pytest.raises((Forbidden, NotFound)):
                desk.run(stranger.actor, undo_request, verb)
        assert everything(desk) == after, verb

        with ThreadPoolExecutor(2) as pool:
            undone = pool.map(partial(_undo, desk, cast, verb, Barrier(2)), (f"{verb}-1", f"{verb}-2"))
            (done,) = filter(None, undone)
        assert everything(desk) == before, verb

        desk.run(cast.agent.actor.for_request(f"{verb}-again"), undo_request, done)
        assert everything(desk) == after, verb
        desk.run(cast.agent.actor, undo_request, f"{verb}-again")
        assert everything(desk) == before, verb


def _undo(desk: Desk, cast: Cast, verb: str, together: Barrier, name: str) -> str | None:
    together.wait(30)
    try:
        desk.run(cast.agent.actor.for_request(name), undo_request, verb)
    except Conflict:
        return None
    return name


def _tickets(desk: Desk, cast: Cast) -> list[int]:
    """Four tickets: three with a tag and a comment, one of these with a file, and one that is deleted."""
    with desk.begin(SYSTEM) as session:
        ids = [make_ticket(session, cast.customer.id, team_id=cast.team.id).id for _ in range(4)]
        for one in ids[:3]:
            add_tags(session, one, ["a"])
            make_comment(session, one, cast.agent.id, "said")
    desk.run(cast.customer.actor, reply, ids[1], "Here.", files=[stored_file("scan.pdf")])
    desk.run(SYSTEM, soft_delete_ticket, ids[3])
    return ids
