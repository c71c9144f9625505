"""People with a name, a role and everything that they sign in with: who a test speaks of.

All of them have one password, hashed once: argon2 is slow on purpose.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.actor import Actor, new_request_id
from ombud.kit.passwords import hash_password
from ombud.models import Organization, Team, User, UserRole
from ombud.people.accounts import create_token
from ombud.people.actions import add_team_member
from ombud.testing.factories import make_organization, make_team, make_user

PASSWORD = "an umbrella for every ticket"  # noqa: S105 -- of made-up people in databases to throw away


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody: their row (detached), who they are to the database, and their credentials."""

    user: User
    actor: Actor
    token: str
    password: str = PASSWORD

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def email(self) -> str:
        """The user's address."""
        return self.user.email

    def in_new_request(self) -> Actor:
        """Return the actor in a request of its own, so that its audit rows can be told apart."""
        return replace(self.actor, request_id=new_request_id())


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a small desk.

    `customer` and `colleague` work for `organization`, which shares its tickets; `other_customer` for
    nobody. `team_agent` sees the tickets of `team` and of no team, the other agents see all.
    """

    admin: Persona
    agent: Persona
    other_agent: Persona
    team_agent: Persona
    light_agent: Persona
    customer: Persona
    colleague: Persona
    other_customer: Persona
    organization: Organization
    team: Team
    other_team: Team


def persona(session: Session, user: User, *, actor: Actor) -> Persona:
    """Give a person an API token and return them as a persona; the session is the system's."""
    token, _record = create_token(session, user.id, "tests")
    return Persona(user=user, actor=actor, token=token)


def make_cast(session: Session) -> Cast:
    """Make the people of a small desk in a session of the system."""
    organization = make_organization(session, "Acme", domains=("acme.example",), shares_tickets=True)
    team, other_team = make_team(session, "Support"), make_team(session, "Billing")

    def person(name: str, role: UserRole, domain: str = "ombud.example", **given: Any) -> User:
        email = f"{name.partition(' ')[0].lower()}@{domain}"
        return make_user(session, role=role, email=email, full_name=name, password_hash=_hash(), **given)

    def customer(name: str, *, at_acme: bool) -> Persona:
        user = person(name, UserRole.CUSTOMER, "acme.example" if at_acme else "home.example")
        return persona(
            session,
            user,
            actor=Actor.customer(user.id, shared_organization_id=organization.id if at_acme else None),
        )

    def agent(name: str, role: UserRole, *, teams: frozenset[int] | None = None) -> Persona:
        user = person(name, role, sees_all_teams=teams is None)
        actor = Actor.agent(user.id, teams=teams, read_only=role is UserRole.LIGHT_AGENT)
        return persona(session, user, actor=actor)

    admin = person("Ada Admin", UserRole.ADMIN)
    cast = Cast(
        admin=persona(session, admin, actor=Actor.admin(admin.id)),
        agent=agent("Agnes Agent", UserRole.AGENT),
        other_agent=agent("Bert Agent", UserRole.AGENT),
        team_agent=agent("Tara Teamwork", UserRole.AGENT, teams=frozenset({team.id})),
        light_agent=agent("Lena Light", UserRole.LIGHT_AGENT),
        customer=customer("Carla Customer", at_acme=True),
        colleague=customer("Cosmo Colleague", at_acme=True),
        other_customer=customer("Otto Other", at_acme=False),
        organization=organization,
        team=team,
        other_team=other_team,
    )
    join_team(session, team, cast.team_agent, cast.agent)
    return cast


def join_team(session: Session, team: Team, *members: Persona) -> None:
    """Put personas into a team."""
    for member in members:
        add_team_member(session, team.id, member.id)


@cache
def _hash() -> str:
    return hash_password(PASSWORD)
