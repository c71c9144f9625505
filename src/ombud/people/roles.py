"""Keep custom roles: administrators, and who has the right to, within their own rights."""

from collections.abc import Iterable
from typing import TypedDict

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.permissions import Permission
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_line, clean_title
from ombud.models import CustomRole
from ombud.people import queries
from ombud.people.policy import require_role_keeper


class RoleChanges(TypedDict, total=False):
    """The fields of a role that people change; `permissions` replaces all of them."""

    name: str
    description: str
    permissions: Iterable[str]


class RoleInUse(Conflict):
    """Somebody has the role: deleting it would give them all of an agent's rights."""

    code = "role_in_use"
    default_message = "Somebody has this role. Give them another one first."


def create_role(
    session: Session, *, name: str, permissions: Iterable[str], description: str = ""
) -> CustomRole:
    """Make a role; Conflict when its name (whatever the case) is taken, Invalid for an unknown right."""
    wanted = clean_permissions(permissions)
    require_role_keeper(actor_of(session), *wanted)
    role = CustomRole(
        name=clean_title("name", name, limit=100),
        description=clean_line("description", description, limit=500, required=False),
        permissions=wanted,
    )
    session.add(role)
    session.flush()
    return role


def change_role(session: Session, role_id: int, changes: RoleChanges) -> CustomRole:
    """Change a role and return it. Who has it has the new rights from their next request on."""
    require_role_keeper(actor_of(session))
    role = get_role(session, role_id)
    wanted = clean_permissions(changes.get("permissions", ()))
    require_role_keeper(actor_of(session), *role.permissions, *wanted)
    if "name" in changes:
        role.name = clean_title("name", changes["name"], limit=100)
    if "description" in changes:
        role.description = clean_line("description", changes["description"], limit=500, required=False)
    if "permissions" in changes:
        role.permissions = wanted
    session.flush()
    return role


def delete_role(session: Session, role_id: int) -> None:
    """Delete a role that nobody has; RoleInUse otherwise."""
    require_role_keeper(actor_of(session))
    role = get_role(session, role_id)
    require_role_keeper(actor_of(session), *role.permissions)
    if session.scalar(queries.people_with_role(role.id)):
        raise RoleInUse
    session.delete(role)
    session.flush()


def get_role(session: Session, role_id: int) -> CustomRole:
    """Return a role."""
    role = session.get(CustomRole, role_id) if is_id(role_id) else None
    if role is None:
        raise NotFound("There is no such role here.")
    return role


def clean_permissions(values: Iterable[str]) -> list[str]:
    """Return rights as stored: each once, in the order of `Permission`; Invalid names those that there are."""
    wanted = {str(value) for value in values}
    known = [one.value for one in Permission]
    if not wanted <= set(known):
        raise Invalid(fields={"permissions": f"may hold {', '.join(known)}."})
    return [one for one in known if one in wanted]
