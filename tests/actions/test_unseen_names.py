"""A name of which nothing can be seen is refused, as titles are: menus and lists link by it, and nobody could click.

Mail is never lost by its sender's name: the address is shown instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ombud import Desk, DeskSession, UserRole
from ombud.curation.actions.tags import change_tag
from ombud.db.permissions import Permission
from ombud.errors import Invalid
from ombud.people import accounts
from ombud.people.actions import (
    change_organization,
    change_team,
    change_user,
    create_organization,
    create_team,
    create_user,
)
from ombud.people.openid.tokens import read_claims
from ombud.people.roles import change_role, create_role
from ombud.testing import Cast, make_ticket
from ombud.tickets import add_tags, bulk_create_tickets, create_tag

UNSEEN = "\u200b \u2060\u3164"
REFUSED = "must not be blank."


def _role(session: DeskSession) -> int:
    return create_role(session, name="Seen", permissions=[Permission.NOTES_WRITE]).id


WAYS: dict[str, Callable[[DeskSession, Cast], Any]] = {
    "a person": lambda s, c: create_user(s, email="new@people.example", full_name=UNSEEN),
    "a member of staff": lambda s, c: create_user(
        s, email="new@people.example", full_name=UNSEEN, role=UserRole.AGENT
    ),
    "a person's other name": lambda s, c: change_user(s, c.customer.id, {"full_name": UNSEEN}),
    "an organization": lambda s, c: create_organization(s, name=UNSEEN),
    "an organization's other name": lambda s, c: change_organization(s, c.organization.id, {"name": UNSEEN}),
    "a team": lambda s, c: create_team(s, name=UNSEEN),
    "a team's other name": lambda s, c: change_team(s, c.team.id, {"name": UNSEEN}),
    "a role": lambda s, c: create_role(s, name=UNSEEN, permissions=[]),
    "a role's other name": lambda s, c: change_role(s, _role(s), {"name": UNSEEN}),
    "a tag": lambda s, c: create_tag(s, UNSEEN),
    "a tag's other name": lambda s, c: change_tag(s, create_tag(s, "seen").id, name=UNSEEN),
    "a ticket's tag": lambda s, c: add_tags(s, make_ticket(s, c.customer.id).id, [UNSEEN]),
    "a token": lambda s, c: accounts.create_token(s, c.admin.id, UNSEEN),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_name_of_nothing_is_refused(desk: Desk, cast: Cast, way: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.run(cast.admin.in_new_request(), WAYS[way], cast)
    assert list(refused.value.fields.values()) == [REFUSED]


def test_none_is_a_name_too(desk: Desk, cast: Cast) -> None:
    assert desk.run(cast.agent.actor, create_user, email="new@people.example", full_name=" ").full_name == ""


def test_many_tickets_at_once(desk: Desk, cast: Cast) -> None:
    rows = [{"title": "x", "description": "x", "requester_id": cast.customer.id, "tags": [UNSEEN]}]
    outcome = desk.run(cast.agent.actor, bulk_create_tickets, rows, on_error="skip")
    assert [(one.field, one.rule) for one in outcome.problems] == [("tags", REFUSED)]


def test_a_provider_that_says_nothing_by_a_name_lets_people_in() -> None:
    said = {"iss": "https://id.example", "sub": "1", "name": UNSEEN}
    assert read_claims(said, {}).name == ""
