"""Who sees outgoing mail and notifications, asked with plain statements that forgot every condition."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from ombud import Actor, Desk, DeskSession
from ombud.models import (
    MailTemplate,
    Notification,
    NotificationKind,
    NotificationSetting,
    OutboundKind,
    OutboundMail,
    OutboundRecipient,
    OutboundState,
    TemplateKind,
)
from ombud.notifications.queries import notify_staff
from ombud.testing import Persona
from tests.security.conftest import STAFF, VISIBLE, World
from tests.security.test_grants import DENIED, acting, refused

PERSONS = sorted(VISIBLE)


@pytest.fixture
def mailed(desk: Desk, world: World) -> None:
    """A message about each ticket, a notification to each agent, settings and a template."""

    def make(session: DeskSession) -> None:
        for name, ticket in world.tickets.items():
            mail = OutboundMail(
                kind=OutboundKind.REPLY,
                ticket_id=ticket.id,
                message_id=f"{name}@x",
                state=OutboundState.SKIPPED,
            )
            session.add(mail)
            session.flush()
            session.add(OutboundRecipient(mail_id=mail.id, email=f"{name}@x.example"))
        for name in STAFF:
            person: Persona = getattr(world.cast, name)
            session.execute(notify_staff("assigned", [world.followed.id], None, [person.id]))
            session.add(NotificationSetting(user_id=person.id, kind=NotificationKind.ASSIGNED))
        session.add(MailTemplate(kind=TemplateKind.SIGNATURE, body="x"))
        session.flush()

    desk.run(Actor.system("test"), make)


@pytest.mark.parametrize("name", PERSONS)
def test_mail_is_seen_with_its_ticket_and_by_staff_only(
    desk: Desk, world: World, mailed: None, name: str
) -> None:
    person: Persona = getattr(world.cast, name)
    expected = VISIBLE[name] if name in STAFF else set()
    with desk.read(person.actor) as session:
        assert set(session.scalars(select(OutboundMail.message_id))) == {f"{one}@x" for one in expected}
        found = set(session.scalars(select(OutboundRecipient.email)))
        assert found == {f"{one}@x.example" for one in expected}
        assert bool(session.scalars(select(MailTemplate.id)).all()) == (name in STAFF)


@pytest.mark.parametrize("name", PERSONS)
def test_notifications_and_their_settings_are_ones_own(
    desk: Desk, world: World, mailed: None, name: str
) -> None:
    person: Persona = getattr(world.cast, name)
    own = [person.id] if name in STAFF else []
    with desk.read(person.actor) as session:
        assert session.scalars(select(Notification.user_id)).all() == own
        assert session.scalars(select(NotificationSetting.user_id)).all() == own


@pytest.mark.parametrize("name", ["agent", "customer"])
def test_what_the_roles_cannot_do_to_mail(desk: Desk, world: World, mailed: None, name: str) -> None:
    person: Persona = getattr(world.cast, name)
    with acting(desk, person.actor) as connection:
        for statement in (
            "SELECT dkim_key FROM ombud.mailbox_sending",
            "INSERT INTO ombud.notifications (user_id, kind, ticket_id) VALUES (1, 'assigned', 1)",
            "DELETE FROM ombud.notifications",
            "DELETE FROM ombud.outbound_mails",
            "DELETE FROM ombud.outbound_recipients",
            "INSERT INTO ombud.mail_templates (kind, body) VALUES ('acknowledgement', 'x')",
        ):
            assert refused(connection, statement) == DENIED, statement
        assert connection.execute(text("DELETE FROM ombud.comments")).rowcount == 0
        assert connection.execute(text("UPDATE ombud.mail_templates SET body = 'y'")).rowcount == 0
