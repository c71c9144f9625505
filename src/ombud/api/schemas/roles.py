"""Custom roles."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Input, Output, line, optional
from ombud.db.permissions import Permission

Permissions = Annotated[
    list[Permission], Field(max_length=len(Permission), description="What agents with it may do.")
]


class Role(Output):
    """What some agents may do, where that is less than all that agents do."""

    id: int
    name: str
    description: str
    permissions: list[Permission]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, role: models.CustomRole) -> Self:
        """Show a role."""
        return cls(
            id=role.id,
            name=role.name,
            description=role.description,
            permissions=[Permission(one) for one in role.permissions],
            created_at=role.created_at,
            updated_at=role.updated_at,
        )


class NewRole(Input):
    """A role to make."""

    name: Annotated[str, line(100)]
    description: Annotated[str, line(500, blank=True)] = ""
    permissions: Permissions


class RolePatch(Input):
    """What to change of a role; what is absent stays. `permissions` replaces all of them."""

    name: Annotated[str, line(100)] = optional()
    description: Annotated[str, line(500, blank=True)] = optional()
    permissions: Permissions = optional()
