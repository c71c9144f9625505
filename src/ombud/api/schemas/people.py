"""People, organizations and teams."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Email, Flag, Id, Input, Output, line, optional
from ombud.db.permissions import Permission
from ombud.models import UserRole
from ombud.people.accounts import Principal


class Name(Output):
    """Something by id and name."""

    id: int
    name: str


class PublicPerson(Output):
    """A person as everybody in a conversation sees them."""

    id: int
    name: str
    is_staff: bool

    @classmethod
    def of(cls, user: models.User) -> Self:
        """Show a person."""
        return cls(id=user.id, name=user.display_name, is_staff=user.is_staff)


class Person(PublicPerson):
    """A person as the team sees them."""

    email: str

    @classmethod
    def of(cls, user: models.User) -> Self:
        """Show a person with their address."""
        return cls(id=user.id, name=user.display_name, is_staff=user.is_staff, email=user.email)


class User(Output):
    """A person's record."""

    id: int
    email: str
    full_name: str
    role: UserRole
    is_active: bool
    sees_all_teams: bool = Field(description="For agents: every ticket, or only those of their teams.")
    custom_role: Name | None = Field(description="What an agent may do, where that is less than all.")
    organization: "Name | Organization | None" = Field(
        description="By id and name; whole with `include=organization`."
    )
    created_at: datetime
    updated_at: datetime
    last_login: datetime | None
    teams: list[Name] = Field(default_factory=list, description="In lists with `include=teams` only.")

    @classmethod
    def of(cls, user: models.User) -> Self:
        """Show a person whose organization and custom role are loaded."""
        return cls(
            id=user.id,
            email=user.email,
            full_name=user.full_name,
            role=user.role,
            is_active=user.is_active,
            sees_all_teams=user.sees_all_teams,
            custom_role=name_of(user.custom_role),
            organization=name_of(user.organization),
            created_at=user.created_at,
            updated_at=user.updated_at,
            last_login=user.last_login,
        )


class UserDetails(User):
    """A person's record with their teams."""

    teams: list[Name]  # pyright: ignore[reportGeneralTypeIssues]  # of one they always come

    @classmethod
    def of(cls, user: models.User) -> Self:
        """Show a person whose organization, custom role and teams are loaded."""
        return cls(**User.of(user).model_dump(exclude_unset=True), teams=names_of(user.teams))


class NewUser(Input):
    """A person to create. A customer without organization joins the one that has their mail domain."""

    email: Email
    full_name: Annotated[str, line(255, blank=True)] = ""
    role: UserRole = UserRole.CUSTOMER
    organization_id: Id | None = None
    sees_all_teams: Flag = True
    custom_role_id: Id | None = None


class UserPatch(Input):
    """What to change of a person; what is absent stays. Role, activity and team limits: administrators only."""

    email: Email = optional()
    full_name: Annotated[str, line(255, blank=True)] = optional()
    organization_id: Id | None = None
    role: UserRole = optional()
    is_active: Flag = optional()
    sees_all_teams: Flag = optional()
    custom_role_id: Id | None = None


class Organization(Output):
    """A customer's company."""

    id: int
    name: str
    notes: str
    shares_tickets: bool = Field(description="Whether its people see each other's tickets.")
    domains: list[str] = Field(description="Mail domains whose senders belong to it.")
    created_at: datetime
    updated_at: datetime
    people: list[Person] = Field(
        default_factory=list, description="The first 50 by id, with `include=people` only."
    )

    @classmethod
    def of(cls, organization: models.Organization) -> Self:
        """Show an organization whose domains are loaded."""
        return cls(
            id=organization.id,
            name=organization.name,
            notes=organization.notes,
            shares_tickets=organization.shares_tickets,
            domains=sorted(domain.domain for domain in organization.domains),
            created_at=organization.created_at,
            updated_at=organization.updated_at,
        )


Domain = Annotated[str, Field(max_length=255, pattern=r"^[^@\s]+\.[^@\s]+$", examples=["example.com"])]
Domains = Annotated[list[Domain], Field(max_length=100)]


class NewOrganization(Input):
    """An organization to create."""

    name: Annotated[str, line(255)]
    notes: Annotated[str, Field(max_length=20_000)] = ""
    shares_tickets: Flag = False
    domains: Domains = Field(default_factory=list)


class OrganizationPatch(Input):
    """What to change of an organization; what is absent stays. `domains` replaces all of them."""

    name: Annotated[str, line(255)] = optional()
    notes: Annotated[str, Field(max_length=20_000)] = optional()
    shares_tickets: Flag = optional()
    domains: Domains = optional()


class Team(Output):
    """A group of agents that tickets are routed to."""

    id: int
    name: str
    description: str
    created_at: datetime
    members: list[Person] = Field(default_factory=list, description="In lists with `include=members` only.")

    @classmethod
    def of(cls, team: models.Team) -> Self:
        """Show a team."""
        return cls(id=team.id, name=team.name, description=team.description, created_at=team.created_at)


class TeamDetails(Team):
    """A team with its members."""

    members: list[Person]  # pyright: ignore[reportGeneralTypeIssues]  # of one they always come
    reader_ids: list[int] = Field(description="Members who read the team's tickets and change none.")

    @classmethod
    def of(cls, team: models.Team, reader_ids: Sequence[int] = ()) -> Self:
        """Show a team whose members are loaded."""
        return cls(
            **Team.of(team).model_dump(exclude_unset=True),
            members=people(team.members),
            reader_ids=sorted(reader_ids),
        )


class NewTeam(Input):
    """A team to create."""

    name: Annotated[str, line(100)]
    description: Annotated[str, line(500, blank=True)] = ""


class TeamPatch(Input):
    """What to change of a team; what is absent stays."""

    name: Annotated[str, line(100)] = optional()
    description: Annotated[str, line(500, blank=True)] = optional()


class Me(Output):
    """Who calls: the owner of the token, and what the token is good for."""

    id: int
    email: str
    full_name: str
    role: UserRole
    team_ids: list[int] | None = Field(description="The teams whose tickets this agent sees; null means all.")
    permissions: list[Permission] = Field(
        description="What this agent may do; administrators may everything."
    )
    scopes: list[str] = Field(description="What the token may do; empty means all that its owner may.")

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Show who calls."""
        limited = principal.actor.scope.value == "teams"
        return cls(
            id=principal.user_id,
            email=principal.email,
            full_name=principal.full_name,
            role=principal.role,
            team_ids=sorted(principal.actor.team_ids) if limited else None,
            permissions=sorted(principal.actor.permissions),
            scopes=sorted(principal.scopes),
        )


def name_of(thing: models.Organization | models.Team | models.CustomRole | None) -> Name | None:
    """Show an organization, a team or a role by its name, if there is one."""
    return None if thing is None else Name(id=thing.id, name=thing.name)


def names_of(teams: Sequence[models.Team]) -> list[Name]:
    """Show teams by their names."""
    return [Name(id=team.id, name=team.name) for team in teams]


def people(users: Sequence[models.User]) -> list[Person]:
    """Show people by name."""
    return [Person.of(user) for user in sorted(users, key=lambda user: (user.display_name.lower(), user.id))]
