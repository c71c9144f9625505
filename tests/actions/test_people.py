"""Keeping people, organizations and teams."""

from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor, DeskSession, TicketStatus, User, UserRole
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.passwords import verify_password
from ombud.models import LinkPurpose, OrganizationDomain, TeamMember
from ombud.people import queries
from ombud.people.accounts import add_actor
from ombud.people.actions import (
    add_team_member,
    create_organization,
    create_team,
    create_user,
    deactivate_user,
    find_or_create_customer,
    get_user,
    set_password,
    set_theme,
)
from ombud.people.addresses import clean_email
from ombud.people.letters import issue_link, take_address
from ombud.people.openid.queries import address_is_taken
from ombud.people.throttle import account_of
from ombud.testing import Cast, Perform, Persona
from ombud.tickets import open_ticket
from ombud.transfer.queries import people_by_email
from tests.actions.conftest import Log


def test_a_person_has_defaults_and_their_address_is_theirs_whatever_its_case(
    perform: Perform, agent: Persona
) -> None:
    person = perform(agent.actor, create_user, email=" Eve.Adams@Example.com ", full_name="Eve  Adams")
    assert (person.email, person.email_norm) == ("Eve.Adams@Example.com", "eve.adams@example.com")
    assert (person.full_name, person.role, person.is_staff) == ("Eve Adams", UserRole.CUSTOMER, False)
    assert (person.is_active, person.theme, person.last_login) == (True, "system", None)
    with pytest.raises(Conflict) as caught:
        perform(agent.actor, create_user, email="EVE.ADAMS@example.COM")
    assert caught.value.data["field"] == "email"
    again = perform(agent.actor, find_or_create_customer, email="eve.adams@EXAMPLE.com")
    assert again.id == person.id


@pytest.mark.parametrize(
    "email",
    [
        "",
        "eve",
        "@example.com",
        "eve@",
        "a b@example.com",
        "a@b@example.com",
        "x" * 251 + "@a.de",
        "a\x00@b.c",
        "a@b..c",
        "<a@b.c>",
        "a\u200b@b.c",
        "a@b.c\u00ad",
        "a\u202e@b.c",
        "a\x1b@b.c",
        "a\u3164@b.c",
        "\uff41@b.c",
        "a\uff20b.c",
    ],
)
def test_what_is_no_address_is_invalid(perform: Perform, agent: Persona, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        perform(agent.actor, create_user, email=email)
    assert list(caught.value.fields) == ["email"]


@pytest.mark.parametrize(
    "spelling",
    [
        "josé@desk.example.",
        "JOSÉ@Desk.Example",
        "josé@\uff44esk.example",
        "josé@desk\uff0eexample",
        "josé@desk\u3002example",
        "jose\u0301@desk.example",
        "\u00a0josé@desk.example\u2003",
        "eve@xn--bcher-kva.example",
        "EVE@XN--Bcher-KVA.example.",
        "eve@BÜCHER.example",
        "eve@bu\u0308cher.example",
        "eve@\uff42ücher\u3002example",
    ],
)
def test_whatever_leads_to_the_same_mailbox_is_the_same_person(
    perform: Perform, cast: Cast, spelling: str
) -> None:
    """T21: signing in, invited, imported or taken as one's own, no other spelling makes a second account."""
    known = (
        "josé@desk.example" if "desk" in spelling.lower() or "\uff44" in spelling else "eve@bücher.example"
    )
    jose = perform(cast.agent.actor, create_user, email=known, password_hash="$argon2id$x")
    with pytest.raises(Conflict):
        perform(cast.agent.actor, create_user, email=spelling)
    assert perform(cast.agent.actor, find_or_create_customer, email=spelling).id == jose.id
    system = Actor.system("test")
    assert perform(system, add_actor, spelling, role=UserRole.CUSTOMER).user_id == jose.id
    own = Actor.customer(cast.customer.id)
    secret = perform(system, issue_link, cast.customer.id, LinkPurpose.VERIFY, clean_email(spelling))
    with pytest.raises(Conflict):
        perform(own, take_address, secret)
    assert perform(system, lambda s: s.execute(queries.credentials(spelling)).one()).user_id == jose.id
    assert perform(system, lambda s: s.scalar(address_is_taken(clean_email(spelling)))), "by OpenID Connect"
    assert account_of(spelling) == account_of(known)
    assert (
        perform(system, lambda s: s.execute(people_by_email([clean_email(spelling)])).one()).id == jose.id
    ), "imports"


def test_no_two_addresses_look_alike(perform: Perform, cast: Cast) -> None:
    """Letters of another alphabet are shown as the name servers know them."""
    assert clean_email("eve@\u0430cme.example") == "eve@xn--cme-5cd.example"
    assert clean_email("Eve@Straße.Example") == "Eve@xn--strae-oqa.Example", "which is not strasse"
    person = perform(cast.agent.actor, create_user, email="eve@acme.example")
    assert perform(cast.agent.actor, find_or_create_customer, email="eve@\u0430cme.example").id != person.id
    for too_long in ("eve@" + "ü" * 60 + ".example", "eve@" + ("aäoöuü" * 3 + ".") * 12 + "example"):
        with pytest.raises(Invalid):
            clean_email(too_long)


def test_domains_of_organizations_are_found_whatever_their_spelling(perform: Perform, cast: Cast) -> None:
    books = perform(cast.agent.actor, create_organization, name="Books", domains=["Bücher.example"])
    assert [one.domain for one in books.domains] == ["xn--bcher-kva.example"]
    eve = perform(cast.agent.actor, create_user, email="eve@bücher.example")
    assert eve.organization_id == books.id


def test_an_address_is_found_as_some_keyboards_write_it(perform: Perform, agent: Persona) -> None:
    person = perform(agent.actor, create_user, email="josé@desk.example", password_hash="$argon2id$x")

    def found(session: DeskSession) -> list[int]:
        typed = "jose\u0301@desk.example"
        by_address = session.scalar(queries.user_by_email(typed))
        assert by_address is not None
        return [by_address.id, session.execute(queries.credentials(typed)).one().user_id]

    assert perform(Actor.system("test"), found) == [person.id] * 2


def test_a_customer_joins_the_organization_of_their_domain(perform: Perform, cast: Cast) -> None:
    person = perform(cast.agent.actor, create_user, email="new@ACME.example")
    assert person.organization_id == cast.organization.id
    agent = perform(cast.admin.actor, create_user, email="temp@acme.example", role=UserRole.AGENT)
    assert agent.organization_id is None


@pytest.mark.parametrize("role", [UserRole.ADMIN, UserRole.AGENT, UserRole.LIGHT_AGENT])
def test_agents_keep_customers_and_administrators_everybody(
    perform: Perform, cast: Cast, role: UserRole
) -> None:
    for nobody in (cast.agent, cast.light_agent, cast.customer):
        with pytest.raises(Forbidden):
            perform(nobody.actor, create_user, email="new@ombud.example", role=role)
    made = perform(cast.admin.actor, create_user, email="new@ombud.example", role=role)
    assert (made.role, made.is_staff) == (role, True)


def test_customers_and_light_agents_keep_nobody(perform: Perform, cast: Cast) -> None:
    for nobody in (cast.light_agent, cast.customer):
        with pytest.raises(Forbidden):
            perform(nobody.actor, create_user, email="new@example.com")
        with pytest.raises(Forbidden):
            perform(nobody.actor, create_organization, name="New")
        with pytest.raises(Forbidden):
            perform(nobody.actor, create_team, name="New")


def test_a_password_is_ones_own_or_the_administrators_business(
    perform: Perform, cast: Cast, log: Log, system: Actor
) -> None:
    actor = cast.customer.in_new_request()
    perform(actor, set_password, cast.customer.id, "$argon2id$new")
    (entry,) = log(actor)
    assert entry.changes == {"password_hash": ["***", "***"]}
    perform(cast.admin.actor, set_password, cast.agent.id, "$argon2id$reset")
    with pytest.raises(Forbidden):
        perform(cast.agent.actor, set_password, cast.customer.id, "$argon2id$stolen")
    row = perform(system, lambda s: s.execute(queries.credentials(cast.customer.email)).one())
    assert row.password_hash == "$argon2id$new"


def test_a_hash_given_at_birth_is_found_by_signing_in(perform: Perform, cast: Cast) -> None:
    row = perform(cast.admin.actor, lambda s: s.execute(queries.credentials(cast.agent.email)).one())
    assert verify_password(row.password_hash, cast.agent.password)
    assert (row.is_active, row.is_staff) == (True, True)


def test_a_former_agent_is_nobodys_assignee_and_their_words_stay(perform: Perform, cast: Cast) -> None:
    ticket = perform(
        cast.agent.actor, open_ticket, title="x", requester_id=cast.customer.id, assignee_id=cast.agent.id
    )
    assert perform(cast.admin.actor, deactivate_user, cast.agent.id).is_active is False
    menu = perform(cast.admin.actor, lambda s: s.scalars(queries.assignable()).all())
    assert cast.agent.id not in {user.id for user in menu}
    kept = perform(cast.admin.actor, lambda s: s.get_one(type(ticket), ticket.id))
    assert (kept.assignee_id, kept.status) == (cast.agent.id, TicketStatus.OPEN)
    with pytest.raises(Forbidden):
        perform(cast.other_agent.actor, deactivate_user, cast.admin.id)


def test_the_theme_is_ones_own(perform: Perform, cast: Cast) -> None:
    for somebody in (cast.customer, cast.light_agent, cast.agent):
        perform(somebody.actor, set_theme, "dark")
    assert perform(cast.admin.actor, lambda s: s.get_one(User, cast.customer.id).theme) == "dark"
    with pytest.raises(Invalid):
        perform(cast.customer.actor, set_theme, "pink")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "x", "domains": ("localhost",)}, "domain"),
        ({"name": "x", "domains": ("",)}, "domain"),
    ],
)
def test_bad_organizations_are_invalid(
    perform: Perform, agent: Persona, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        perform(agent.actor, create_organization, **given)
    assert list(caught.value.fields) == [field]


def test_names_of_organizations_and_teams_are_taken_whatever_their_case(perform: Perform, cast: Cast) -> None:
    with pytest.raises(Conflict):
        perform(cast.agent.actor, create_organization, name="ACME")
    with pytest.raises(Conflict):
        perform(cast.admin.actor, create_team, name="sUPPORT")


def test_domains_are_kept_in_lower_case_and_belong_to_one(perform: Perform, cast: Cast) -> None:
    perform(cast.agent.actor, create_organization, name="Bolt", domains=(" Bolt.Example ",))
    assert "bolt.example" in perform(
        cast.agent.actor, lambda s: set(s.scalars(select(OrganizationDomain.domain)))
    )
    with pytest.raises(Conflict):
        perform(cast.agent.actor, create_organization, name="Other", domains=("bolt.example",))


def test_joining_a_team_twice_is_harmless_and_customers_join_none(perform: Perform, cast: Cast) -> None:
    for _ in range(2):
        perform(cast.admin.actor, add_team_member, cast.team.id, cast.other_agent.id)
    members = select(TeamMember.user_id).where(TeamMember.team_id == cast.team.id)
    ids = perform(cast.admin.actor, lambda s: s.scalars(members).all())
    assert list(ids).count(cast.other_agent.id) == 1
    with pytest.raises(Invalid):
        perform(cast.admin.actor, add_team_member, cast.team.id, cast.customer.id)
    with pytest.raises(NotFound):
        perform(cast.admin.actor, add_team_member, 10**9, cast.other_agent.id)
    with pytest.raises(Forbidden):
        perform(cast.agent.actor, add_team_member, cast.other_team.id, cast.agent.id)


def test_customers_know_themselves_the_staff_and_sharing_colleagues(perform: Perform, cast: Cast) -> None:
    assert perform(cast.customer.actor, get_user, cast.agent.id).full_name == "Agnes Agent"
    assert perform(cast.customer.actor, get_user, cast.colleague.id).id == cast.colleague.id
    with pytest.raises(NotFound):
        perform(cast.customer.actor, get_user, cast.other_customer.id)
    with pytest.raises(NotFound):
        perform(cast.agent.actor, get_user, 2**63)


def test_the_hash_is_never_loaded_with_a_person(perform: Perform, cast: Cast) -> None:
    person = perform(cast.customer.actor, get_user, cast.customer.id)
    assert "password_hash" not in person.__dict__
    assert "Carla" not in repr(person)
    assert "@" not in repr(person)
