"""An agent who sees some teams gets at no other's tickets by an account that they made their own (ADR 0035).

What a customer sees follows from their address, where a new password goes, and from their organization, which may
share. By the actions and by plain SQL alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from ombud import Desk, DeskSession
from ombud.errors import Forbidden
from ombud.people.actions import change_organization, change_user, create_organization, create_user
from tests.security.conftest import World
from tests.security.test_rights import doing, running, works

Do = Callable[[DeskSession, World], Any]

WAYS: dict[str, tuple[Do, str]] = {
    "another address of theirs": (
        lambda s, w: change_user(s, w.cast.other_customer.id, {"email": "tara@elsewhere.example"}),
        "UPDATE ombud.users SET email = 'tara@elsewhere.example' WHERE id = {other}",
    ),
    "somebody who is there joins who shares": (
        lambda s, w: change_user(s, w.cast.other_customer.id, {"organization_id": w.cast.organization.id}),
        "UPDATE ombud.users SET organization_id = {acme} WHERE id = {other}",
    ),
    "somebody new joins who shares": (
        lambda s, w: create_user(s, email="tara@elsewhere.example", organization_id=w.cast.organization.id),
        "INSERT INTO ombud.users (email, organization_id) VALUES ('tara@elsewhere.example', {acme})",
    ),
    "who shares has one more domain": (
        lambda s, w: change_organization(
            s, w.cast.organization.id, {"domains": ["acme.example", "elsewhere.example"]}
        ),
        "INSERT INTO ombud.organization_domains (organization_id, domain) VALUES ({acme}, 'elsewhere.example')",
    ),
    "another's domain": (
        lambda s, w: change_organization(s, w.cast.organization.id, {"domains": ["elsewhere.example"]}),
        "UPDATE ombud.organization_domains SET domain = 'elsewhere.example' WHERE organization_id = {acme}",
    ),
    "without a domain newcomers are let out": (
        lambda s, w: change_organization(s, w.cast.organization.id, {"domains": []}),
        "DELETE FROM ombud.organization_domains WHERE organization_id = {acme}",
    ),
    "it shares, or no more": (
        lambda s, w: change_organization(s, w.cast.organization.id, {"shares_tickets": False}),
        "UPDATE ombud.organizations SET shares_tickets = false WHERE id = {acme}",
    ),
    "all of a mail service share": (
        lambda s, w: create_organization(s, name="Mail", domains=["mail.example"], shares_tickets=True),
        "INSERT INTO ombud.organizations (name, shares_tickets) VALUES ('Mail', true)",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_who_sees_some_teams_says_nothing_of_what_customers_see(desk: Desk, world: World, way: str) -> None:
    do, template = WAYS[way]
    statement = text(template.format(other=world.cast.other_customer.id, acme=world.cast.organization.id))
    for made in (doing(do, world), running(statement)):  # type: ignore[arg-type]  # a world without a vault is enough
        assert works(desk, world.cast.agent.actor, made)
        assert not works(desk, world.cast.team_agent.actor, made)
    with pytest.raises(Forbidden, match="who sees all teams"):  # the action's own words, not the database's
        desk.run(world.cast.team_agent.actor, do, world)


def test_they_keep_customers_otherwise(desk: Desk, world: World) -> None:
    cast = world.cast
    team_agent = cast.team_agent.actor
    assert desk.run(team_agent, create_user, email="new@acme.example").organization_id == cast.organization.id
    given = desk.run(team_agent, create_user, email="two@ACME.example", organization_id=cast.organization.id)
    assert given.organization_id == cast.organization.id
    desk.run(
        team_agent,
        change_user,
        cast.customer.id,
        {"full_name": "Carla", "email": cast.customer.email, "organization_id": cast.organization.id},
    )
    desk.run(
        team_agent,
        change_organization,
        cast.organization.id,
        {"name": "Acme Inc", "notes": "Calls.", "shares_tickets": True, "domains": ["ACME.example"]},
    )
    desk.run(team_agent, create_organization, name="New")


def test_what_is_refused_names_no_ticket(desk: Desk, world: World) -> None:
    """The answer is the same whether the customer has tickets elsewhere or none at all."""
    words = set()
    for person in (world.cast.other_customer, world.cast.colleague):
        with pytest.raises(Forbidden) as refused:
            desk.run(world.cast.team_agent.actor, change_user, person.id, {"email": "tara@elsewhere.example"})
        words.add(refused.value.message)
    assert len(words) == 1


def test_no_agent_sets_anothers_password_by_plain_sql(desk: Desk, world: World) -> None:
    others, own = (
        running(text(f"UPDATE ombud.users SET password_hash = '$argon2id$mine' WHERE id = {person.id}"))
        for person in (world.cast.customer, world.cast.agent)
    )
    assert not works(desk, world.cast.agent.actor, others)
    assert works(desk, world.cast.agent.actor, own)
