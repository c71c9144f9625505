"""Who acts. One frozen value that a session carries and that PostgreSQL is told at each transaction."""

import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from ombud.db.permissions import AGENT, LIGHT_AGENT, NOBODY, Permission


class ActorKind(StrEnum):
    """What sort of principal acts; row security and policies branch on it."""

    ADMIN = "admin"
    AGENT = "agent"
    CUSTOMER = "customer"
    SYSTEM = "system"


class Scope(StrEnum):
    """Which tickets an actor may see at all."""

    ALL = "all"
    TEAMS = "teams"
    OWN = "own"


def new_request_id() -> str:
    """Return a fresh id for one request, command or job (a random UUID)."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of the system, for one unit of work.

    `label` is what the audit log shows: `user:7`, `system:import`. `team_ids` matters for agents with
    `Scope.TEAMS` only, `organization_id` for customers whose organization shares its tickets. `permissions` are an
    agent's; the tickets of `read_team_ids` they do not change, whatever else they may.
    """

    kind: ActorKind
    scope: Scope
    user_id: int | None = None
    team_ids: frozenset[int] = frozenset()
    organization_id: int | None = None
    job: str | None = None
    permissions: frozenset[Permission] = NOBODY
    read_team_ids: frozenset[int] = frozenset()
    request_id: str = field(default_factory=new_request_id)

    @property
    def label(self) -> str:
        """The actor's name in the audit log."""
        return f"user:{self.user_id}" if self.user_id is not None else f"system:{self.job}"

    @property
    def is_staff(self) -> bool:
        """True for everybody but customers."""
        return self.kind is not ActorKind.CUSTOMER

    @property
    def is_admin(self) -> bool:
        """True for administrators and the system itself."""
        return self.kind in (ActorKind.ADMIN, ActorKind.SYSTEM)

    @property
    def read_only(self) -> bool:
        """True for who neither answers nor changes tickets: light agents, and customers in a way."""
        return not (self.may(Permission.TICKETS_REPLY) or self.may(Permission.TICKETS_CHANGE))

    def may(self, permission: Permission) -> bool:
        """Tell whether this member of staff has a right; administrators and the system have all."""
        return self.is_admin or permission in self.permissions

    def only_reads(self, team_id: int | None) -> bool:
        """Tell whether a ticket of this team is one that the actor does not change."""
        return team_id in self.read_team_ids

    def for_request(self, request_id: str) -> Self:
        """Return the same actor in another request."""
        return self if request_id == self.request_id else replace(self, request_id=request_id)

    @classmethod
    def system(cls, job: str) -> Self:
        """Return the system acting as `job` (`import`, `worker`, ...). It sees everything."""
        return cls(kind=ActorKind.SYSTEM, scope=Scope.ALL, job=job)

    @classmethod
    def admin(cls, user_id: int) -> Self:
        """Return an administrator, who sees everything."""
        return cls(kind=ActorKind.ADMIN, scope=Scope.ALL, user_id=user_id)

    @classmethod
    def agent(
        cls,
        user_id: int,
        *,
        teams: frozenset[int] | None = None,
        read_only: bool = False,
        permissions: frozenset[Permission] | None = None,
        read_teams: frozenset[int] = frozenset(),
    ) -> Self:
        """Return an agent. Without `teams` they see every ticket, with it only those teams' and their own.

        `read_only` is a light agent: reads and writes internal notes, changes nothing else. `permissions` are those
        of a custom role; `read_teams` are teams whose tickets they do not change.
        """
        usual = LIGHT_AGENT if read_only else AGENT
        scope = Scope.ALL if teams is None else Scope.TEAMS
        return cls(
            kind=ActorKind.AGENT,
            scope=scope,
            user_id=user_id,
            team_ids=teams or frozenset(),
            permissions=usual if permissions is None else permissions,
            read_team_ids=read_teams,
        )

    @classmethod
    def customer(cls, user_id: int, *, shared_organization_id: int | None = None) -> Self:
        """Return a customer, who sees their own tickets, and those of an organization that shares them."""
        return cls(
            kind=ActorKind.CUSTOMER,
            scope=Scope.OWN,
            user_id=user_id,
            organization_id=shared_organization_id,
        )
