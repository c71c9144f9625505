"""A host is told of what happens, inside the transaction, wherever it is written; its replies reach people as the
desk's own do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from ombud import Actor, Settings, Ticket
from ombud.contrib.asgi import MountedDesk
from ombud.contrib.host import HostDesk
from ombud.contrib.wsgi import Bridge
from ombud.errors import Forbidden
from ombud.models import Comment, Mailbox, OutboundMail
from ombud.testing import Cast, ScratchDatabase, make_ticket
from ombud.tickets import (
    CommentAdded,
    TicketOpened,
    TicketsAssigned,
    TicketsCreated,
    add_tags,
    bulk_create_tickets,
    open_ticket,
    reply,
)

SYSTEM = Actor.system("test")


@pytest.fixture
def host(settings: Settings, database: ScratchDatabase) -> Iterator[HostDesk]:
    made = HostDesk(settings)
    yield made
    made.close()


def titles(host: HostDesk) -> list[str]:
    with host.desk.read(SYSTEM) as session:
        return list(session.scalars(select(Ticket.title).order_by(Ticket.id)))


def test_a_hook_writes_in_the_same_transaction(host: HostDesk, cast: Cast) -> None:
    seen: list[object] = []

    @host.on
    def label(session: Session, happened: object) -> None:
        seen.append(happened)
        if isinstance(happened, TicketOpened):
            assert happened.ticket.ticket_number
            add_tags(session, happened.ticket.id, ["from-shop"])

    def work(session: Session) -> tuple[int, str]:
        ticket = open_ticket(session, title="One", requester_id=cast.customer.id, assignee_id=cast.agent.id)
        comment = reply(session, ticket.id, "Yes.")
        made = bulk_create_tickets(session, [{"title": "Two", "requester_id": cast.customer.id}])
        assert bulk_create_tickets(session, []).count == 0
        opened, assigned, said, created = seen
        assert isinstance(opened, TicketOpened)
        assert opened.ticket is ticket
        assert assigned == TicketsAssigned((ticket.id,), cast.agent.id)
        assert isinstance(said, CommentAdded)
        assert said.comment is comment
        assert created == TicketsCreated(tuple(one for one in made.ids if one))
        return ticket.id, ticket.title

    number, _title = host.desk.run(cast.admin.actor, work)
    with host.desk.read(SYSTEM) as session:
        names = text(
            "SELECT t.name FROM ombud.tags t JOIN ombud.ticket_tags x ON x.tag_id = t.id WHERE ticket_id = :id"
        )
        assert list(session.scalars(names, {"id": number})) == ["from-shop"]

    async def elsewhere() -> None:
        seen.clear()
        async with host.passing() as desk:
            await desk.arun(cast.admin.actor, work)
        seen.clear()
        desk = await host.opened()
        await desk.arun(cast.admin.actor, work)
        await host.aclose()

    asyncio.run(elsewhere())
    assert len(seen) == 4


def test_what_a_hook_raises_ends_the_action_and_leaves_nothing(host: HostDesk, cast: Cast) -> None:
    host.desk.run(SYSTEM, make_ticket, cast.customer.id, title="Before")

    @host.on  # an open desk, too
    def refuse(_session: Session, happened: object) -> None:
        if isinstance(happened, TicketOpened):
            raise Forbidden("Not on Sundays.")

    with pytest.raises(Forbidden, match="Sundays"):
        host.desk.run(cast.customer.actor, open_ticket, title="After")
    assert titles(host) == ["Before"]


def test_mapper_events_are_no_hooks(host: HostDesk, cast: Cast) -> None:
    """What docs/data-layer.md says: rows are written by statements, of which mapper events know nothing."""
    told: list[object] = []

    def remember(_mapper: object, _connection: object, target: object) -> None:
        told.append(target)

    event.listen(Ticket, "before_insert", remember)
    event.listen(Comment, "before_insert", remember)
    try:
        ticket = host.desk.run(cast.customer.actor, open_ticket, title="One")
        host.desk.run(cast.customer.actor, reply, ticket.id, "More")
    finally:
        event.remove(Ticket, "before_insert", remember)
        event.remove(Comment, "before_insert", remember)
    assert told == []


@pytest.mark.parametrize("how", ["plain", "mails", "asgi", "wsgi", "open already"])
def test_whether_a_reply_goes_out_does_not_depend_on_who_came_first(
    settings: Settings, database: ScratchDatabase, cast: Cast, how: str
) -> None:
    host = HostDesk(settings, mails=how == "mails")

    def ask(session: Session) -> int:
        session.add(Mailbox(name="Support", address="support@desk.example", smtp_host="smtp.desk.example"))
        return make_ticket(session, cast.customer.id).id

    try:
        if how == "open already":
            assert host.desk.reactions == ()
        match how:
            case "asgi" | "open already":
                MountedDesk(host)
            case "wsgi":
                Bridge(host)
        ticket = host.desk.run(SYSTEM, ask)
        host.desk.run(cast.agent.actor, reply, ticket, "Here it is.")

        async def once_more() -> None:
            async with host.passing() as desk:
                await desk.arun(cast.agent.actor, reply, ticket, "And more.")

        asyncio.run(once_more())
        with host.desk.read(SYSTEM) as session:
            mails = session.scalar(select(func.count()).select_from(OutboundMail))
        assert mails == (0 if how == "plain" else 2)
    finally:
        host.close()
