"""Custom roles. Staff see them; administrators keep them, and who has the right to."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link, WhichPage, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.roles import NewRole, Role, RolePatch
from ombud.db.context import actor_of
from ombud.models import CustomRole
from ombud.people import queries
from ombud.people.accounts import require_fresh
from ombud.people.policy import require_role_keeper
from ombud.people.roles import change_role, create_role, delete_role, get_role
from ombud.tickets.policy import require_staff

router = api_router("Roles")


@router.get("/roles")
async def list_roles(page: WhichPage, call: CurrentCall, link: Link) -> Page[Role]:
    """List the roles that the desk made, by name."""
    rows = await call.read(_roles, page.after_name("roles"), page.limit + 1)
    return link.page(rows, page.limit, Role.of, lambda role: cursor_at("roles", role.name))


@router.post("/roles", status_code=201, responses=problems(409, 413, 415))
async def create_new_role(body: NewRole, call: CurrentCall, created: Created) -> Role:
    """Make a role for agents."""
    require_role_keeper(call.actor)
    require_fresh(call.principal)
    role = await call.write(_create, body)
    created.at(f"/roles/{role.id}")
    return role


@router.get("/roles/{role_id}")
async def read_role(role_id: PathId, call: CurrentCall) -> Role:
    """Read a role."""
    return Role.of(await call.read(_role, role_id))


@router.patch("/roles/{role_id}", responses=problems(409, 413, 415))
async def update_role(role_id: PathId, body: RolePatch, call: CurrentCall) -> Role:
    """Change a role. It holds from the next request on, for everybody who has the role."""
    require_role_keeper(call.actor)
    require_fresh(call.principal)
    return await call.write(_change, role_id, body)


@router.delete("/roles/{role_id}", status_code=204, responses=problems(409))
async def delete_one_role(role_id: PathId, call: CurrentCall) -> None:
    """Delete a role that nobody has."""
    require_role_keeper(call.actor)
    require_fresh(call.principal)
    await call.write(delete_role, role_id)


def _roles(session: Session, after: str, limit: int) -> Sequence[CustomRole]:
    require_staff(actor_of(session))
    return session.scalars(queries.roles(after=after, limit=limit)).all()


def _role(session: Session, role_id: int) -> CustomRole:
    require_staff(actor_of(session))
    return get_role(session, role_id)


def _create(session: Session, body: NewRole) -> Role:
    role = create_role(session, name=body.name, description=body.description, permissions=[*body.permissions])
    return Role.of(role)


def _change(session: Session, role_id: int, body: RolePatch) -> Role:
    role = change_role(session, role_id, body.given())  # type: ignore[arg-type] # has the fields of RoleChanges
    session.refresh(role)
    return Role.of(role)
