"""Fine rights, of roles and by team: what each lets somebody do, by the actions and by plain SQL alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from ombud import Actor, Desk, DeskSession, TicketPriority, TicketStatus
from ombud.db.permissions import LIGHT_AGENT, Permission
from ombud.errors import Forbidden, NotFound, OmbudError
from ombud.files import StoredBytes
from ombud.kit.vault import Vault, open_vault
from ombud.models import INCLUDE_DELETED, Ticket, TransferFormat
from ombud.people.actions import change_user, create_organization, create_user
from ombud.people.roles import change_role, create_role, delete_role
from ombud.tickets import (
    add_comment,
    add_tags,
    bulk_assign_tickets,
    bulk_delete_tickets,
    create_tag,
    open_ticket,
    set_priority,
    set_status,
    soft_delete_ticket,
)
from ombud.transfer.jobs import Upload, start_export, start_import
from ombud.webhooks import change_endpoint, create_endpoint, delete_endpoint, rotate_secret
from ombud.webhooks.actions import EndpointChanges
from tests.security.conftest import World
from tests.webhooks.conftest import GUARD


@dataclass(frozen=True)
class Kept(World):
    """The world, with a webhook of an administrator, an empty role, and one with rights."""

    webhook_id: int
    role_id: int
    mighty_id: int
    vault: Vault


@pytest.fixture
def world(world: World, desk: Desk, tmp_path: Path) -> Kept:
    vault = open_vault(tmp_path / "keys")
    with desk.begin(world.cast.admin.in_new_request()) as session:
        changes: EndpointChanges = {"url": "http://127.0.0.1:9/hooks"}
        endpoint, _secret = create_endpoint(session, changes, vault=vault, guard=GUARD)
        empty = create_role(session, name="Empty", permissions=[])
        mighty = create_role(session, name="Mighty", permissions=["tickets.delete", "roles.keep"])
        return Kept(**vars(world), webhook_id=endpoint.id, role_id=empty.id, mighty_id=mighty.id, vault=vault)


Do = Callable[[DeskSession, Kept], Any]

DOING: dict[Permission, list[Do]] = {
    Permission.TICKETS_OPEN: [
        lambda s, w: open_ticket(s, title="x", requester_id=w.cast.customer.id),
    ],
    Permission.TICKETS_REPLY: [
        lambda s, w: add_comment(s, w.of_team.id, "x"),
        lambda s, w: add_comment(s, w.of_team.id, "x", status=TicketStatus.RESOLVED),
    ],
    Permission.TICKETS_CHANGE: [
        lambda s, w: set_priority(s, w.of_team.id, TicketPriority.URGENT),
        lambda s, w: add_tags(s, w.of_team.id, ["vip"]),
        lambda s, w: bulk_assign_tickets(s, [w.of_team.id], None),
    ],
    Permission.TICKETS_DELETE: [
        lambda s, w: soft_delete_ticket(s, w.of_team.id),
        lambda s, w: bulk_delete_tickets(s, [w.of_team.id]),
    ],
    Permission.NOTES_WRITE: [lambda s, w: add_comment(s, w.of_team.id, "x", is_internal=True)],
    Permission.TAGS_KEEP: [lambda s, w: create_tag(s, "new")],
    Permission.PEOPLE_KEEP: [
        lambda s, w: create_user(s, email="new@people.example"),
        lambda s, w: create_organization(s, name="New"),
    ],
    Permission.EXPORTS_MAKE: [lambda s, w: start_export(s, TransferFormat.JSONL)],
    Permission.IMPORTS_MAKE: [
        lambda s, w: start_import(s, Upload("x.csv", StoredBytes(1, "", "x"), TransferFormat.CSV)),
    ],
    Permission.WEBHOOKS_KEEP: [
        lambda s, w: change_endpoint(s, w.webhook_id, {"is_active": False}, guard=GUARD),
        lambda s, w: delete_endpoint(s, w.webhook_id),
    ],
    Permission.ROLES_KEEP: [
        lambda s, w: create_role(s, name="New", permissions=["roles.keep"]),
        lambda s, w: change_role(s, w.role_id, {"name": "Other"}),
        lambda s, w: delete_role(s, w.role_id),
    ],
}

# The same by plain SQL, as a forgotten check would let through; the placeholders are a ticket, the actor, a customer.
SQL: dict[Permission, list[str]] = {
    Permission.TICKETS_OPEN: [
        "INSERT INTO ombud.tickets (title, description, requester_id) VALUES ('x', '', {customer})"
    ],
    Permission.TICKETS_REPLY: [
        "INSERT INTO ombud.comments (ticket_id, author_id, content) VALUES ({ticket}, {actor}, 'x')"
    ],
    Permission.TICKETS_CHANGE: [
        "UPDATE ombud.tickets SET title = 'x' WHERE id = {ticket}",
        "UPDATE ombud.tickets SET assignee_id = {actor} WHERE id = {ticket}",
        "UPDATE ombud.comments SET content = 'x' WHERE ticket_id = {ticket}",
        "DELETE FROM ombud.attachments WHERE ticket_id = {ticket} AND uploader_id <> {actor}",
        "DELETE FROM ombud.ticket_tags WHERE ticket_id = {tagged}",
    ],
    Permission.TICKETS_DELETE: ["UPDATE ombud.tickets SET deleted_at = now() WHERE id = {ticket}"],
    Permission.NOTES_WRITE: [
        "INSERT INTO ombud.comments (ticket_id, author_id, content, is_internal)"
        " VALUES ({ticket}, {actor}, 'x', true)"
    ],
    Permission.TAGS_KEEP: ["INSERT INTO ombud.tags (name, color) VALUES ('new', '#000000')"],
    Permission.PEOPLE_KEEP: [
        "INSERT INTO ombud.users (email) VALUES ('new@people.example')",
        "UPDATE ombud.users SET full_name = 'x' WHERE id = {customer}",
        "INSERT INTO ombud.organizations (name) VALUES ('New')",
        "UPDATE ombud.organizations SET shares_tickets = true",
    ],
    Permission.EXPORTS_MAKE: [
        "INSERT INTO ombud.transfer_jobs (kind, format, owner_id) VALUES ('export', 'csv', {actor})"
    ],
    Permission.IMPORTS_MAKE: [
        "INSERT INTO ombud.transfer_jobs (kind, format, owner_id) VALUES ('import', 'csv', {actor})"
    ],
    Permission.WEBHOOKS_KEEP: [
        "UPDATE ombud.webhook_endpoints SET is_active = false",
        "DELETE FROM ombud.webhook_endpoints",
    ],
    Permission.ROLES_KEEP: [
        "INSERT INTO ombud.roles (name, permissions) VALUES ('New', '{{roles.keep}}')",
        "UPDATE ombud.roles SET name = 'Other' WHERE permissions = '{{}}'",
        "DELETE FROM ombud.roles WHERE permissions = '{{}}'",
    ],
}

# What would give more than one has, by the right that it misuses: refused by the actions and by the database alone.
MORE: dict[Permission, list[Do]] = {
    Permission.ROLES_KEEP: [
        lambda s, w: create_role(s, name="New", permissions=["roles.keep", "tickets.delete"]),
        lambda s, w: change_role(s, w.role_id, {"permissions": ["people.keep"]}),
        lambda s, w: change_role(s, w.mighty_id, {"name": "Mine"}),
        lambda s, w: change_role(s, w.mighty_id, {"permissions": []}),
        lambda s, w: delete_role(s, w.mighty_id),
        lambda s, w: change_user(s, w.cast.other_agent.id, {"custom_role_id": None}),
        lambda s, w: change_user(s, w.cast.agent.id, {"custom_role_id": w.role_id}),
    ],
    Permission.WEBHOOKS_KEEP: [
        lambda s, w: change_endpoint(s, w.webhook_id, {"url": "https://evil.example/x"}, guard=GUARD),
        lambda s, w: change_endpoint(s, w.webhook_id, {"includes_notes": True}, guard=GUARD),
        lambda s, w: change_endpoint(s, w.webhook_id, {"events": ["ticket.created"]}, guard=GUARD),
        lambda s, w: rotate_secret(s, w.webhook_id, vault=w.vault),
    ],
}
MORE_SQL: dict[Permission, list[str]] = {
    Permission.ROLES_KEEP: [
        "INSERT INTO ombud.roles (name, permissions) VALUES ('New', '{roles.keep,tickets.delete}')",
        "UPDATE ombud.roles SET permissions = '{people.keep}' WHERE permissions = '{}'",
        "UPDATE ombud.roles SET name = 'Mine' WHERE permissions <> '{}'",
        "DELETE FROM ombud.roles WHERE permissions <> '{}'",
        "UPDATE ombud.users SET custom_role_id = NULL, role = 'admin' WHERE is_staff",
    ],
    Permission.WEBHOOKS_KEEP: [
        "UPDATE ombud.webhook_endpoints SET url = 'https://evil.example/x'",
        "UPDATE ombud.webhook_endpoints SET includes_notes = true",
        "UPDATE ombud.webhook_endpoints SET events = '{ticket.created}'",
        "UPDATE ombud.webhook_endpoints SET secret = 'x'",
        "UPDATE ombud.webhook_endpoints SET owner_id = ombud.actor_id()",
        "INSERT INTO ombud.webhook_endpoints (owner_id, url) SELECT id, 'https://e.example' FROM ombud.users"
        " WHERE role = 'admin'",
    ],
}


def with_rights(world: Kept, *permissions: Permission, read_teams: frozenset[int] = frozenset()) -> Actor:
    return Actor.agent(world.cast.other_agent.id, permissions=frozenset(permissions), read_teams=read_teams)


def running(statement: TextClause) -> Callable[[DeskSession], Any]:
    return lambda session: session.execute(statement)


def doing(do: Do, world: Kept) -> Callable[[DeskSession], Any]:
    return lambda session: do(session, world)


def works(desk: Desk, actor: Actor, do: Callable[[DeskSession], Any]) -> bool:
    """Tell whether something may be done; nothing of it stays."""
    try:
        with desk.begin(actor) as session:
            done = do(session)
            session.flush()
            session.rollback()
    except (Forbidden, NotFound):
        return False
    return bool(getattr(done, "rowcount", 1))


@pytest.mark.parametrize("permission", list(Permission))
def test_a_right_is_needed_and_is_enough(desk: Desk, world: Kept, permission: Permission) -> None:
    other = [one for one in Permission if one is not permission]
    for do in DOING[permission]:
        assert not works(desk, with_rights(world, *other), doing(do, world)), permission
        assert works(desk, with_rights(world, permission), doing(do, world)), permission


@pytest.mark.parametrize("permission", list(Permission))
def test_the_database_says_the_same(desk: Desk, world: Kept, permission: Permission) -> None:
    other = [one for one in Permission if one is not permission]
    tagged = world.customers.id
    for template in SQL[permission]:
        statement = text(
            template.format(
                ticket=world.of_team.id,
                actor=world.cast.other_agent.id,
                customer=world.cast.customer.id,
                tagged=tagged,
            )
        )
        assert not works(desk, with_rights(world, *other), running(statement)), template
        assert works(desk, with_rights(world, permission), running(statement)), template


@pytest.mark.parametrize("permission", list(MORE))
def test_a_right_gives_nobody_more_than_they_have(desk: Desk, world: Kept, permission: Permission) -> None:
    """T24, T34: keeping roles or webhooks is no way to rights, or to words, that one has not."""
    keeper = with_rights(world, permission)
    for do in MORE[permission]:
        assert not works(desk, keeper, doing(do, world))
    for statement in MORE_SQL[permission]:
        assert not works(desk, keeper, running(text(statement))), statement
    usual = Actor.agent(world.cast.other_agent.id)
    assert not any(works(desk, usual, doing(do, world)) for do in DOING[permission]), "agents without a role"


def test_a_light_agent_is_light_to_the_database_too(desk: Desk, world: Kept) -> None:
    actor = world.cast.light_agent.actor
    for permission, templates in SQL.items():
        for template in templates:
            statement = text(
                template.format(
                    ticket=world.of_team.id,
                    actor=world.cast.light_agent.id,
                    customer=world.cast.customer.id,
                    tagged=world.customers.id,
                )
            )
            done = works(desk, actor, running(statement))
            assert done == (permission in LIGHT_AGENT), template


def test_who_reads_a_teams_tickets_only_writes_notes_there(desk: Desk, world: Kept) -> None:
    actor = with_rights(world, *Permission, read_teams=frozenset({world.cast.team.id}))
    for permission in (Permission.TICKETS_REPLY, Permission.TICKETS_CHANGE, Permission.TICKETS_DELETE):
        for template in SQL[permission]:
            statement = text(
                template.format(
                    ticket=world.of_team.id, actor=actor.user_id, customer=0, tagged=world.of_team.id
                )
            )
            assert not works(desk, actor, running(statement)), template
    with pytest.raises(Forbidden):
        desk.run(actor, set_priority, world.of_team.id, TicketPriority.URGENT)
    with pytest.raises(Forbidden):
        desk.run(actor, add_comment, world.of_team.id, "x")
    with pytest.raises(Forbidden):
        desk.run(actor, soft_delete_ticket, world.of_team.id)
    with pytest.raises(Forbidden):
        desk.run(
            actor, open_ticket, title="x", requester_id=world.cast.customer.id, team_id=world.cast.team.id
        )
    outcome = desk.run(actor, bulk_assign_tickets, [world.of_team.id, world.of_other_team.id], None)
    assert next((one.id, one.reason.value) for one in outcome.skipped) == (world.of_team.id, "read_only")
    desk.run(actor, add_comment, world.of_team.id, "A note", is_internal=True)
    desk.run(actor, set_priority, world.of_other_team.id, TicketPriority.URGENT)


def test_moving_a_ticket_out_of_a_team_that_one_only_reads_is_no_way_around(desk: Desk, world: Kept) -> None:
    actor = with_rights(world, *Permission, read_teams=frozenset({world.cast.team.id}))
    moved = text(f"UPDATE ombud.tickets SET team_id = NULL, title = 'x' WHERE id = {world.of_team.id}")
    assert not works(desk, actor, running(moved))


def test_an_answer_moves_the_status_and_nothing_else(desk: Desk, world: Kept) -> None:
    actor = with_rights(world, Permission.TICKETS_REPLY)
    for change, may in (("status = 'resolved'", True), ("status = 'resolved', title = 'x'", False)):
        statement = text(f"UPDATE ombud.tickets SET {change} WHERE id = {world.of_team.id}")
        assert works(desk, actor, running(statement)) is may, change


def test_a_customers_verdict_is_on_their_own_ticket_to_the_database_too(desk: Desk, world: Kept) -> None:
    desk.run(world.cast.admin.actor, set_status, world.colleagues.id, TicketStatus.CLOSED)
    for ticket, status, may in (
        (world.customers, "resolved", True),
        (world.customers, "closed", False),
        (world.customers, "in_progress", False),
        (world.customers, "waiting_on_customer", False),
        (world.followed, "resolved", False),
        (world.followed, "closed", False),
        (world.colleagues, "open", True),  # as any reply brings it back
    ):
        statement = text(f"UPDATE ombud.tickets SET status = '{status}' WHERE id = {ticket.id}")
        assert works(desk, world.cast.customer.actor, running(statement)) is may, (ticket, status)


def test_nobody_lets_themselves_into_what_they_do_not_see(desk: Desk, world: Kept) -> None:
    actor = replace(world.cast.team_agent.actor)
    joined = text(
        "INSERT INTO ombud.ticket_participants (ticket_id, user_id)"
        f" VALUES ({world.of_other_team.id}, {actor.user_id})"
    )
    assert not works(desk, actor, running(joined))


def test_what_was_deleted_is_restored_by_who_may_delete(desk: Desk, world: Kept) -> None:
    restored = text(f"UPDATE ombud.tickets SET deleted_at = NULL WHERE id = {world.deleted.id}")
    assert not works(desk, with_rights(world, Permission.TICKETS_CHANGE), running(restored))
    assert works(desk, with_rights(world, Permission.TICKETS_DELETE), running(restored))
    with desk.read(world.cast.admin.actor) as session:
        wanted = session.get_one(Ticket, world.deleted.id, execution_options={INCLUDE_DELETED: True})
        assert wanted.deleted_at is not None


def test_unknown_rights_are_refused(desk: Desk, world: Kept) -> None:
    from ombud.people.roles import create_role

    with pytest.raises(OmbudError, match="permissions"):
        desk.run(world.cast.admin.actor, create_role, name="x", permissions=["everything"])
    raw = text("INSERT INTO ombud.roles (name, permissions) VALUES ('x', '{everything}')")
    with pytest.raises(OmbudError), desk.begin(world.cast.admin.actor) as session:
        session.execute(raw)
