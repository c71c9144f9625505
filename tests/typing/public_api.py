"""How an embedding program uses the public names; never run, read by mypy and by pyright in strict mode."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_type

from django.http import HttpRequest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import ombud
import ombud.contrib.fastapi
import ombud.contrib.flask
from ombud import (
    Actor,
    ActorKind,
    Comment,
    Desk,
    DeskSession,
    Settings,
    Tag,
    Ticket,
    TicketPriority,
    TicketStatus,
    User,
    UserRole,
    actor_of,
    open_desk,
)
from ombud.clock import now
from ombud.contrib.django import desk_of
from ombud.contrib.host import HostDesk
from ombud.errors import Conflict, OmbudError
from ombud.tickets import assign, open_ticket, reply, set_status, soft_delete_ticket

assert_type(now(), datetime)
assert_type(ombud.__version__, str)
assert_type(Actor.system("nightly"), Actor)
assert_type(Actor.agent(7, teams=frozenset({1})).kind, ActorKind)
assert_type(Settings().port, int)


def synchronously(actor: Actor) -> str:
    """Work with a desk as a script does."""
    with open_desk() as desk:
        assert_type(desk, Desk)
        ticket = desk.run(actor, open_ticket, title="The printer is on fire", priority=TicketPriority.HIGH)
        assert_type(ticket, Ticket)
        assert_type(desk.run(actor, soft_delete_ticket, ticket.id), bool)
        with desk.begin(actor) as session:
            assert_type(session, DeskSession)
            assert_type(reply(session, ticket.id, "On our way."), Comment)
            assert_type(set_status(session, ticket.id, TicketStatus.RESOLVED, expected_version=2), Ticket)
        with desk.read(actor, snapshot=True) as session:
            assert_type(actor_of(session), Actor)
            found = session.scalars(select(Ticket).where(Ticket.status == TicketStatus.OPEN)).all()
            assert_type(found, Sequence[Ticket])
        return ticket.ticket_number


async def asynchronously(desk: Desk, actor: Actor) -> None:
    """Work with a desk as a web application does."""
    assert_type(await desk.arun(actor, assign, 1, None), Ticket)
    async with desk.abegin(actor) as session:
        assert_type(session, AsyncSession)
        assert_type(await session.run_sync(reply, 1, "On our way."), Comment)
    async with desk.aread(actor) as session:
        assert_type((await session.scalars(select(Tag.name))).all(), Sequence[str])


def hosts(host: HostDesk) -> None:
    """Wire a desk into an application, as each framework does."""
    fastapi_desk = ombud.contrib.fastapi.HostedDesk(lambda: Actor.customer(1))
    assert_type(fastapi_desk.desk, Desk)
    flask_desk = ombud.contrib.flask.HostedDesk(lambda: Actor.customer(1), Settings(), upgrade=False)
    assert_type(flask_desk.session, DeskSession)
    with flask_desk.read() as session:
        assert_type(session, DeskSession)
    assert_type(host.actor_for("ann@example.com", role=UserRole.AGENT), Actor)


async def a_view(request: HttpRequest) -> None:
    """Use the desk in a Django view."""
    desk = desk_of(request)
    assert_type(desk.session, DeskSession)
    async with desk.abegin() as session:
        assert_type(session, AsyncSession)
    assert_type(await desk.aactor(), Actor)


def columns(ticket: Ticket, user: User) -> None:
    """Read attributes with the types that they have."""
    assert_type(ticket.id, int)
    assert_type(ticket.status, TicketStatus)
    assert_type(ticket.assignee_id, int | None)
    assert_type(ticket.resolved_at, datetime | None)
    assert_type(ticket.assignee, User | None)
    assert_type(ticket.tags, list[Tag])
    assert_type(ticket.comments, list[Comment])
    assert_type(user.email, str)
    assert_type(user.last_login, datetime | None)


def errors() -> None:
    """Catch by kind."""
    try:
        raise Conflict("taken", field="name")
    except OmbudError as error:
        assert_type(error.message, str)
        assert_type(error.data, dict[str, object])
