"""Who sees mail: messages go with their ticket, others with the address they came to; rules are for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor, Desk, DeskSession, Ticket
from ombud.errors import Forbidden
from ombud.models import (
    AutomaticKind,
    AutomaticMail,
    BouncedAddress,
    InboundMail,
    Mailbox,
    MailboxPosition,
    MailField,
    MailReference,
    MailRule,
    MailSource,
    MailState,
    MessageMove,
    TicketLink,
)
from ombud.testing import Persona
from tests.security.conftest import STAFF, VISIBLE, Lasting, World

PERSONS = sorted(VISIBLE)


@dataclass(frozen=True)
class Post:
    """A message on every ticket of the world, and one without a ticket at each address."""

    of_ticket: dict[str, int]
    at_team: int
    at_other_team: int
    at_nobody: int


@pytest.fixture
def desk(lasting: Lasting) -> Desk:
    """No test here leaves anything behind."""
    return lasting.desk


@pytest.fixture
def world(lasting: Lasting) -> World:
    return lasting.world


@pytest.fixture(scope="module")
def post(lasting: Lasting) -> Post:
    return lasting.desk.run(Actor.system("test"), _deliver, lasting.world)


def _deliver(session: DeskSession, world: World) -> Post:
    cast = world.cast
    boxes = [
        Mailbox(name=name, address=f"{name}@desk.example", team_id=team)
        for name, team in (("team", cast.team.id), ("other", cast.other_team.id), ("nobody", None))
    ]
    session.add_all(boxes)
    session.flush()
    session.add(MailboxPosition(mailbox_id=boxes[0].id))
    session.add(MailRule(name="Rule", field=MailField.SUBJECT, pattern="Canary"))

    def message(number: int, box: Mailbox, ticket: Ticket | None = None) -> int:
        mail = InboundMail(
            mailbox_id=box.id,
            source=MailSource.PIPE,
            checksum=f"{number:064x}",
            storage_key=str(number),
            size=1,
            state=MailState.RECEIVED,
            ticket_id=ticket.id if ticket is not None else None,
        )
        session.add(mail)
        session.flush()
        return mail.id

    of_ticket = {
        name: message(number, boxes[number % 3], ticket)
        for number, (name, ticket) in enumerate(world.tickets.items())
    }
    for name, ticket in world.tickets.items():
        session.add(MailReference(message_id=f"{name}@example.com", ticket_id=ticket.id))
    session.add(BouncedAddress(email="gone@customer.example"))
    session.add(AutomaticMail(address="eva@customer.example", kind=AutomaticKind.ACKNOWLEDGEMENT))
    for ticket in (world.of_team, world.of_other_team):
        session.add(MessageMove(from_ticket_id=ticket.id, to_ticket_id=world.customers.id))
    session.add(TicketLink(ticket_id=world.customers.id, follows_id=world.of_other_team.id))
    session.add(TicketLink(ticket_id=world.customers.id, follows_id=world.of_team.id))
    return Post(of_ticket, message(100, boxes[0]), message(101, boxes[1]), message(102, boxes[2]))


def _seen(desk: Desk, person: Persona, column: Any) -> set[Any]:
    with desk.read(person.actor) as session:
        return set(session.scalars(select(column)))


@pytest.mark.parametrize("name", PERSONS)
def test_messages_are_seen_with_their_ticket_or_address(
    desk: Desk, world: World, post: Post, name: str
) -> None:
    person: Persona = getattr(world.cast, name)
    staff = name in STAFF
    expected = {post.of_ticket[ticket] for ticket in VISIBLE[name]} if staff else set()
    if name == "team_agent":
        expected |= {post.at_team}
    elif staff:
        expected |= {post.at_team, post.at_other_team, post.at_nobody}
    assert _seen(desk, person, InboundMail.id) == expected
    known = {f"{ticket}@example.com" for ticket in VISIBLE[name]} if staff else set()
    assert _seen(desk, person, MailReference.message_id) == known


@pytest.mark.parametrize("name", PERSONS)
def test_addresses_are_for_staff_and_rules_for_administrators(
    desk: Desk, world: World, post: Post, name: str
) -> None:
    person: Persona = getattr(world.cast, name)
    assert len(_seen(desk, person, Mailbox.id)) == (3 if name in STAFF else 0)
    assert len(_seen(desk, person, MailboxPosition.mailbox_id)) == (1 if name in STAFF else 0)
    assert len(_seen(desk, person, MailRule.id)) == (1 if name == "admin" else 0)


@pytest.mark.parametrize("name", PERSONS)
def test_bounces_are_for_staff_moves_go_with_the_ticket_and_limits_are_nobodys(
    desk: Desk, world: World, post: Post, name: str
) -> None:
    person: Persona = getattr(world.cast, name)
    assert len(_seen(desk, person, BouncedAddress.email)) == (1 if name in STAFF else 0)
    left = {getattr(world, ticket).id for ticket in {"of_team", "of_other_team"} & VISIBLE[name]}
    assert _seen(desk, person, MessageMove.from_ticket_id) == (left if name in STAFF else set())
    with pytest.raises(Forbidden):
        _seen(desk, person, AutomaticMail.id)


@pytest.mark.parametrize("name", PERSONS)
def test_secrets_are_written_and_never_read(desk: Desk, world: World, post: Post, name: str) -> None:
    person: Persona = getattr(world.cast, name)
    for column in (Mailbox.imap_secret, Mailbox.smtp_secret, Mailbox.oauth_secret):
        with pytest.raises(Forbidden):
            _seen(desk, person, column)


@pytest.mark.parametrize("name", PERSONS)
def test_a_link_is_seen_by_who_sees_both_ends(desk: Desk, world: World, post: Post, name: str) -> None:
    person: Persona = getattr(world.cast, name)
    both = {
        ticket.id
        for ticket_name, ticket in world.tickets.items()
        if ticket_name in ("of_team", "of_other_team") and {ticket_name, "customers"} <= VISIBLE[name]
    }
    assert _seen(desk, person, TicketLink.follows_id) == (both if name in STAFF else set())
