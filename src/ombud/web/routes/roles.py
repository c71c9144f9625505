"""Settings: custom roles. For administrators, and for who keeps roles."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.db.permissions import AGENT, Permission
from ombud.errors import Conflict, Invalid
from ombud.people import queries
from ombud.people.policy import require_role_keeper
from ombud.people.roles import RoleChanges, change_role, create_role, delete_role, get_role
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, field_errors, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.settings import enter
from ombud.web.views.accounts import PERMISSION_LABELS

router = APIRouter(prefix="/settings/roles")

_FIELDS = {"name": "The name", "description": "The description", "permissions": "What it opens"}


@router.get("")
async def list_roles(request: Request, visitor: SignedIn) -> Response:
    """Show the roles that the desk made, and a form for another."""
    enter(visitor.actor, "roles")
    return await _page(request, visitor, None, {"name": "", "description": ""}, AGENT)


@router.post("")
async def create(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Make a role."""
    require_role_keeper(visitor.actor)
    visitor.require_fresh()
    wanted = _wanted(form)
    try:
        await visitor.desk.arun(visitor.actor, create_role, **wanted)
    except (Invalid, Conflict) as error:
        return await _page(request, visitor, None, _typed(form), _ticked(form), error=error)
    return go_to(request, at("/settings/roles"))


@router.get("/{role_id}")
async def show_role(request: Request, visitor: SignedIn, role_id: str) -> Response:
    """Show what a role opens."""
    require_role_keeper(visitor.actor)
    async with visitor.desk.aread(visitor.actor) as session:
        role = await session.run_sync(get_role, _number(role_id))
    values = {"name": role.name, "description": role.description}
    ticked = frozenset(Permission(one) for one in role.permissions)
    return await _page(request, visitor, role.id, values, ticked)


@router.post("/{role_id}")
async def change(request: Request, visitor: SignedIn, form: SignedForm, role_id: str) -> Response:
    """Change a role: who has it has the new rights from their next request on."""
    require_role_keeper(visitor.actor)
    visitor.require_fresh()
    try:
        await visitor.desk.arun(visitor.actor, change_role, _number(role_id), _wanted(form))
    except (Invalid, Conflict) as error:
        return await _page(request, visitor, _number(role_id), _typed(form), _ticked(form), error=error)
    return go_to(request, at("/settings/roles"))


@router.post("/{role_id}/deletion")
async def delete(request: Request, visitor: SignedIn, _signed: SignedForm, role_id: str) -> Response:
    """Delete a role that nobody has."""
    require_role_keeper(visitor.actor)
    visitor.require_fresh()
    await visitor.desk.arun(visitor.actor, delete_role, _number(role_id))
    return go_to(request, at("/settings/roles"))


def _wanted(form: FormData) -> RoleChanges:
    return {**_typed(form), "permissions": sorted(_ticked(form))}  # type: ignore[typeddict-item]  # two of its fields


def _typed(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name) for name in ("name", "description")}


def _ticked(form: FormData) -> frozenset[Permission]:
    return frozenset(one for one in Permission if text_of(form, one.value))


async def _page(
    request: Request,
    visitor: Visitor,
    role_id: int | None,
    values: dict[str, str],
    ticked: frozenset[Permission],
    *,
    error: Invalid | Conflict | None = None,
) -> Response:
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        roles = (await session.scalars(queries.roles())).all()
    errors = field_errors(error, _FIELDS) if isinstance(error, Invalid) else dict.fromkeys(_FIELDS, "")
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "roles": [
            (one, ", ".join(PERMISSION_LABELS[Permission(may)] for may in one.permissions) or "Reads only")
            for one in roles
        ],
        "role_id": role_id,
        "values": values,
        "permissions": [
            (one.value, label, one in ticked)
            for one, label in PERMISSION_LABELS.items()
            if visitor.actor.may(one)
        ],
        "errors": errors,
        "failure": error.message if error is not None and not any(errors.values()) else "",
        "is_fresh": visitor.is_fresh,
    }
    return page(request, "pages/roles.html", context, status=422 if error is not None else 200)
