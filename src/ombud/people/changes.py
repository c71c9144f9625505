"""What may be changed of people, teams and organizations: the fields, by name."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from ombud.models import UserRole


class UserChanges(TypedDict, total=False):
    """The fields of a person that people change; only those present are changed."""

    email: str
    full_name: str
    organization_id: int | None
    role: UserRole
    is_active: bool
    sees_all_teams: bool
    custom_role_id: int | None


class TeamChanges(TypedDict, total=False):
    """The fields of a team that people change."""

    name: str
    description: str


class OrganizationChanges(TypedDict, total=False):
    """The fields of an organization that people change; `domains` replaces all of them."""

    name: str
    notes: str
    shares_tickets: bool
    domains: Iterable[str]


def check_fields(changes: Mapping[str, object], fields: type) -> None:
    """Refuse a name that is no field of `fields` with TypeError: it would be lost, or set what nobody may set."""
    for field in changes:
        if field not in fields.__annotations__:
            raise TypeError(f"{field} is not a field that people change")
