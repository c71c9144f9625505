"""A desk with something of everything, and what each person may see of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from ombud import Actor, Comment, Desk, DeskSession, Ticket
from ombud.models import ExternalRef, TicketParticipant
from ombud.testing import (
    Cast,
    ScratchDatabase,
    ScratchServer,
    make_cast,
    make_comment,
    make_ticket,
    stored_file,
)
from ombud.tickets import attach_file, mark_read, save_draft, soft_delete_ticket


@dataclass(frozen=True)
class World:
    """Tickets by whose they are, each with a public and an internal comment and a file on both."""

    cast: Cast
    customers: Ticket
    colleagues: Ticket
    strangers: Ticket
    followed: Ticket
    of_team: Ticket
    of_other_team: Ticket
    deleted: Ticket

    @property
    def tickets(self) -> dict[str, Ticket]:
        return {
            "customers": self.customers,
            "colleagues": self.colleagues,
            "strangers": self.strangers,
            "followed": self.followed,
            "of_team": self.of_team,
            "of_other_team": self.of_other_team,
            "deleted": self.deleted,
        }


# Which tickets each person may know of, written down by hand: policies are judged by this.
VISIBLE = {
    "admin": {*World.__annotations__} - {"cast"},
    "agent": {*World.__annotations__} - {"cast"},
    "other_agent": {*World.__annotations__} - {"cast"},
    "light_agent": {*World.__annotations__} - {"cast"},
    "team_agent": {"customers", "colleagues", "strangers", "followed", "of_team", "deleted"},
    "customer": {"customers", "colleagues", "followed"},
    "colleague": {"customers", "colleagues"},
    "other_customer": {"strangers", "followed", "of_team", "of_other_team"},
}
STAFF = {"admin", "agent", "other_agent", "light_agent", "team_agent"}


def make_world(session: DeskSession, cast: Cast) -> World:
    agent = cast.agent.user

    def ticket(requester: object, **given: object) -> Ticket:
        made = make_ticket(session, requester, **given)  # type: ignore[arg-type]
        for is_internal in (False, True):
            comment = make_comment(
                session, made, agent, "Canary." if is_internal else "Hi.", is_internal=is_internal
            )
            _attach(session, made, comment)
        attach_file(session, made.id, stored_file("of the ticket.txt"))
        session.add(ExternalRef(source="test", key=str(made.id), ticket_id=made.id))
        return made

    world = World(
        cast=cast,
        customers=ticket(cast.customer.user, tags=("vip",)),
        colleagues=ticket(cast.colleague.user),
        strangers=ticket(cast.other_customer.user),
        followed=ticket(cast.other_customer.user),
        of_team=ticket(cast.other_customer.user, team_id=cast.team.id),
        of_other_team=ticket(cast.other_customer.user, team_id=cast.other_team.id),
        deleted=ticket(cast.customer.user),
    )
    session.add(TicketParticipant(ticket_id=world.followed.id, user_id=cast.customer.id))
    soft_delete_ticket(session, world.deleted.id)
    session.flush()
    return world


def _attach(session: DeskSession, ticket: Ticket, comment: Comment) -> None:
    from ombud import Attachment

    file = stored_file("of a comment.txt")
    session.add(
        Attachment(
            ticket_id=ticket.id,
            comment_id=comment.id,
            uploader_id=comment.author_id,
            file_name=file.file_name,
            size=file.size,
            checksum=file.checksum,
            storage_key=file.storage_key,
        )
    )


@dataclass(frozen=True)
class Lasting:
    """A world in a database of its own, for a module whose tests leave nothing behind."""

    database: ScratchDatabase
    desk: Desk
    world: World


@pytest.fixture(scope="module")
def lasting(postgres: ScratchServer) -> Iterator[Lasting]:
    with postgres.database() as database, Desk(database.url) as desk:
        yield Lasting(database, desk, _filled(desk, desk.run(Actor.system("test"), make_cast)))


@pytest.fixture
def world(desk: Desk, cast: Cast) -> World:
    return _filled(desk, cast)


def _filled(desk: Desk, cast: Cast) -> World:
    made = desk.run(Actor.system("test"), make_world, cast)
    for persona in (cast.agent, cast.customer, cast.other_customer):
        own = made.customers if persona is not cast.other_customer else made.strangers
        desk.run(persona.actor, mark_read, own.id)
        desk.run(persona.actor, save_draft, own.id, "Draft", is_internal=False)
    return made


@pytest.fixture
def tables(desk: Desk) -> Iterator[list[str]]:
    """Every table of the desk."""
    with desk.read(Actor.system("test")) as session:
        yield list(session.scalars(TABLES))


TABLES = text(
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'ombud'::regnamespace"
    " AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
)
