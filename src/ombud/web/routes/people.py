"""Settings: people and teams. For administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.errors import Conflict, Invalid, NotFound
from ombud.mail.outgoing import queries as outgoing
from ombud.models import CustomRole, User, UserRole
from ombud.people import queries
from ombud.people.accounts import end_session_of, revoke_token
from ombud.people.actions import (
    change_team,
    change_user,
    create_team,
    create_user,
    deactivate_user,
    get_user,
    reactivate_user,
    set_teams,
    sign_out_everywhere,
)
from ombud.people.factors import reset_factors, take_passkey
from ombud.people.factors.queries import has_second_factor, passkeys_of
from ombud.people.openid import cut_off
from ombud.people.policy import require_admin
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.factors import PasskeyRow
from ombud.web.forms import SignedForm, field_errors, text_of
from ombud.web.openid import IdentityRow, read_identities
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.settings import enter
from ombud.web.views.accounts import ROLE_LABELS, AccountRow, AccountState, SessionRow, TokenRow
from ombud.web.views.menus import Option

router = APIRouter(prefix="/settings")

PAGE = 50
_FIELDS = {"full_name": "The name", "email": "The address", "role": "The role", "custom_role": "The role"}


@router.get("/people")
async def list_people(
    request: Request, visitor: SignedIn, q: str = "", who: str = "staff", after: str = "0"
) -> Response:
    """Show the people of the desk, staff first of all."""
    enter(visitor.actor, "people")
    start = _number(after) if after != "0" else 0
    staff = {"staff": True, "customers": False}.get(who)
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        statement = queries.users(visitor.actor, text=q[:200], staff=staff, after=start, limit=PAGE + 1)
        rows = (await session.scalars(statement)).all()
    further = {"q": q[:200], "who": who, "after": rows[PAGE - 1].id} if len(rows) > PAGE else {}
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "q": q[:200],
        "who": [
            Option(value, label, value == who)
            for value, label in (("staff", "Staff"), ("customers", "Customers"), ("all", "Everybody"))
        ],
        "rows": [AccountRow.of(user, _href(user)) for user in rows[:PAGE]],
        "next_href": at(f"/settings/people?{urlencode(further)}") if further else "",
    }
    return page(request, "pages/people.html", context)


@router.get("/people/new")
async def new_person(request: Request, visitor: SignedIn) -> Response:
    """Show an empty form."""
    require_admin(visitor.actor)
    values = {"full_name": "", "email": "", "role": UserRole.AGENT.value, "sees_all_teams": "yes"}
    return await _form(request, visitor, None, values)


@router.post("/people")
async def create(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Make a person."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    try:
        made = await visitor.desk.arun(visitor.actor, _create, form)
    except (Invalid, Conflict) as error:
        return await _form(request, visitor, None, _typed(form), error)
    return go_to(request, at(f"/settings/people/{made}"))


@router.get("/people/{user_id}")
async def show_person(request: Request, visitor: SignedIn, user_id: str) -> Response:
    """Show who somebody is and what they may do."""
    require_admin(visitor.actor)
    return await _form(request, visitor, _number(user_id), None)


@router.post("/people/{user_id}")
async def change(request: Request, visitor: SignedIn, form: SignedForm, user_id: str) -> Response:
    """Change a person, their role and their teams."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    number = _number(user_id)
    try:
        await visitor.desk.arun(visitor.actor, _change, number, form)
    except (Invalid, Conflict) as error:
        return await _form(request, visitor, number, _typed(form), error)
    return go_to(request, at(f"/settings/people/{number}"))


@router.post("/people/{user_id}/deactivation")
async def deactivate(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Sign somebody out everywhere, and keep them out."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    await visitor.desk.arun(visitor.actor, deactivate_user, _number(user_id))
    return go_to(request, at(f"/settings/people/{_number(user_id)}"))


@router.post("/people/{user_id}/reactivation")
async def reactivate(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Let somebody in again."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    await visitor.desk.arun(visitor.actor, reactivate_user, _number(user_id))
    return go_to(request, at(f"/settings/people/{_number(user_id)}"))


@router.post("/people/{user_id}/sessions/end")
async def sign_out(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Sign somebody out everywhere; their open pages notice."""
    return await _end_sessions(request, visitor, user_id, sign_out_everywhere)


@router.post("/people/{user_id}/sessions/{session_id}/end")
async def end_session(
    request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str, session_id: str
) -> Response:
    """Sign somebody out of one browser; its open pages notice."""
    return await _end_sessions(request, visitor, user_id, end_session_of, session_id)


@router.post("/people/{user_id}/tokens/{token_id}/revocation")
async def revoke_one_token(
    request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str, token_id: str
) -> Response:
    """Make one of somebody's API tokens useless; what reads along with it ends."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    owner = _number(user_id)
    await visitor.desk.arun(visitor.actor, revoke_token, _number(token_id), owner=owner)
    return go_to(request, at(f"/settings/people/{owner}"))


@router.post("/people/{user_id}/factors/removal")
async def remove_factors(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Take somebody's second factors away, for who lost them; they are signed out, and told."""
    return await _end_sessions(request, visitor, user_id, reset_factors)


@router.post("/people/{user_id}/passkeys/{passkey_id}/removal")
async def remove_passkey(
    request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str, passkey_id: str
) -> Response:
    """Take one of somebody's passkeys away, as a lost one; they are signed out, and told."""
    return await _end_sessions(request, visitor, user_id, take_passkey, passkey_id)


@router.post("/people/{user_id}/identities/{identity_id}/removal")
async def remove_identity(
    request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str, identity_id: str
) -> Response:
    """Remove somebody's connection with a provider; browsers that signed in by it are out, and they are told."""
    return await _end_sessions(request, visitor, user_id, cut_off, identity_id)


@router.get("/teams")
async def list_teams(request: Request, visitor: SignedIn) -> Response:
    """Show the teams with their members."""
    enter(visitor.actor, "teams")
    return await show_teams(request, visitor)


@router.post("/teams")
async def add_team(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Make a team."""
    require_admin(visitor.actor)
    given = {"name": text_of(form, "name"), "description": text_of(form, "description")}
    try:
        await visitor.desk.arun(visitor.actor, create_team, **given)
    except (Invalid, Conflict) as error:
        return await show_teams(request, visitor, given, error)
    return go_to(request, at("/settings/teams"))


@router.post("/teams/{team_id}")
async def rename_team(request: Request, visitor: SignedIn, form: SignedForm, team_id: str) -> Response:
    """Give a team another name."""
    require_admin(visitor.actor)
    try:
        await visitor.desk.arun(visitor.actor, change_team, _number(team_id), {"name": text_of(form, "name")})
    except (Invalid, Conflict) as error:
        return await show_teams(request, visitor, None, error)
    return go_to(request, at("/settings/teams"))


def _href(user: User) -> str:
    return at(f"/settings/people/{user.id}" if user.is_staff else f"/customers/{user.id}")


def _create(session: Session, form: FormData) -> int:
    role, custom_role_id = _role(form)
    user = create_user(
        session,
        email=text_of(form, "email"),
        full_name=text_of(form, "full_name"),
        role=role,
        custom_role_id=custom_role_id,
        sees_all_teams=bool(text_of(form, "sees_all_teams")),
    )
    if user.is_staff:
        set_teams(session, user.id, _chosen_teams(form))
    return user.id


def _change(session: Session, user_id: int, form: FormData) -> None:
    user = get_user(session, user_id)
    role, custom_role_id = _role(form)
    wanted = {
        "email": text_of(form, "email").strip(),
        "full_name": text_of(form, "full_name").strip(),
        "role": role,
        "custom_role_id": custom_role_id,
        "sees_all_teams": bool(text_of(form, "sees_all_teams")),
    }
    # Only what is different: saving a name must not sign somebody out.
    changes = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    if changes:
        change_user(session, user_id, changes)  # type: ignore[arg-type]  # the fields of UserChanges, by name
    if role is not UserRole.CUSTOMER:
        set_teams(session, user_id, _chosen_teams(form))


def _role(form: FormData) -> tuple[UserRole, int | None]:
    text = text_of(form, "role")
    kind, _, number = text.partition("-")
    if kind == "role" and number.isascii() and number.isdigit() and len(number) < 19:
        return UserRole.AGENT, int(number)
    if text not in list(UserRole):
        raise Invalid(fields={"role": "is not one of the choices."})
    return UserRole(text), None


def _chosen_teams(form: FormData) -> dict[int, bool]:
    chosen: dict[int, bool] = {}
    for name in form:
        kind, _, number = name.partition("-")
        place = text_of(form, name)
        if kind == "team" and number.isascii() and number.isdigit() and place in ("works", "reads"):
            chosen[_number(number)] = place == "reads"
    return chosen


def _typed(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name) for name in ("full_name", "email", "role", "sees_all_teams")}


def _values(user: User) -> dict[str, str]:
    role = f"role-{user.custom_role_id}" if user.custom_role_id is not None else user.role.value
    return {
        "full_name": user.full_name,
        "email": user.email,
        "role": role,
        "sees_all_teams": "yes" if user.sees_all_teams else "",
    }


async def _end_sessions(
    request: Request, visitor: Visitor, user_id: str, action: Callable[..., list[int]], *which: str
) -> Response:
    """Do what ends web sessions of somebody and returns which; the pages that are open there notice."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    number = _number(user_id)
    for one in await visitor.desk.arun(visitor.actor, action, number, *map(_number, which)):
        visitor.parts.listeners.end(one)
    return go_to(request, at(f"/settings/people/{number}"))


async def _form(
    request: Request,
    visitor: Visitor,
    user_id: int | None,
    values: dict[str, str] | None,
    error: Invalid | Conflict | None = None,
) -> Response:
    user, places, account, has_factors = None, {}, None, False
    identities: list[IdentityRow] = []
    sessions: list[SessionRow] = []
    passkeys: list[PasskeyRow] = []
    tokens: list[TokenRow] = []
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        roles = (await session.scalars(queries.roles())).all()
        if user_id is not None:
            user = await session.scalar(queries.user_by_id(visitor.actor, user_id))
            if user is None:
                raise NotFound("There is no such person here.")
            account = AccountState.of(user, (await session.execute(outgoing.account_state(user.id))).one())
            places = dict((await session.execute(queries.memberships_of(user_id))).all())
            has_factors = bool(await session.scalar(has_second_factor(user_id)))
            identities, _providers = await session.run_sync(read_identities, user_id)
            sessions = [
                SessionRow.of(one, None) for one in await session.scalars(queries.sessions_of(user_id))
            ]
            tokens = [TokenRow.of(one) for one in await session.scalars(queries.tokens_of(user_id))]
            passkeys = [PasskeyRow.of(one) for one in await session.scalars(passkeys_of(user_id))]
    shown = values or (_values(user) if user is not None else {})
    errors = field_errors(error, _FIELDS) if isinstance(error, Invalid) else dict.fromkeys(_FIELDS, "")
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "person": user,
        "account": account,
        "has_factors": has_factors,
        "identities": identities,
        "sessions": sessions,
        "passkeys": passkeys,
        "tokens": [one for one in tokens if one.good],
        "began_with": {one.id: one.label for one in identities},
        "is_self": user_id == visitor.principal.user_id,
        "is_fresh": visitor.is_fresh,
        "values": shown,
        "errors": errors,
        "failure": error.message if error is not None and not any(errors.values()) else "",
        "roles": _role_options(shown.get("role", ""), roles),
        "teams": [
            (team_id, name, _place_options(places.get(team_id))) for team_id, name in around.teams.items()
        ],
    }
    return page(request, "pages/person.html", context, status=422 if error is not None else 200)


def _role_options(chosen: str, roles: Any) -> list[Option]:
    usual = [(role.value, label) for role, label in ROLE_LABELS.items()]
    own: list[CustomRole] = list(roles)
    pairs = [*usual, *((f"role-{role.id}", f"Agent: {role.name}") for role in own)]
    return [Option(value, label, value == chosen) for value, label in pairs]


def _place_options(reads_only: bool | None) -> list[Option]:
    return [
        Option("", "Not a member", reads_only is None),
        Option("works", "Member", reads_only is False),
        Option("reads", "Reads only", reads_only is True),
    ]


async def show_teams(
    request: Request,
    visitor: Visitor,
    values: dict[str, str] | None = None,
    error: Invalid | Conflict | None = None,
) -> Response:
    """Show the teams with their members, a form for another, and what was wrong."""
    async with visitor.desk.aread(visitor.actor) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        teams = (await session.scalars(queries.teams_with_members())).all()
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "teams": teams,
        "is_fresh": visitor.is_fresh,
        "values": values or {"name": "", "description": ""},
        "failure": error.message if error is not None else "",
    }
    return page(request, "pages/teams.html", context, status=422 if error is not None else 200)
