"""People: list, read, create, change."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link, SearchQuery, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.people import (
    Me,
    NewUser,
    Organization,
    PublicPerson,
    User,
    UserDetails,
    UserPatch,
    names_of,
)
from ombud.db.context import actor_of
from ombud.models import User as UserRow
from ombud.models import UserRole
from ombud.people import queries
from ombud.people.accounts import require_fresh
from ombud.people.actions import RIGHTS, change_user, create_user, get_user
from ombud.people.policy import require_right_to_keep
from ombud.tickets.policy import require_staff

router = api_router("People")
U = TypeVar("U", bound=User)

SENSITIVE = RIGHTS | {"email"}
"""What is changed only by who has just proved who they are."""


Included = Annotated[
    list[Literal["organization", "teams"]],
    Field(max_length=2, description="Also the whole organization, or the teams. Repeat it for both."),
]


class UserQuery(SearchQuery):
    """Which people."""

    staff: bool | None = Field(default=None, description="Only staff, or only customers.")
    include: Included | None = None


@router.get("/me")
async def read_me(call: CurrentCall) -> Me:
    """Read who calls."""
    return Me.of(call.principal)


@router.get("/users", response_model_exclude_unset=True)
async def list_users(page: Annotated[UserQuery, Query()], call: CurrentCall, link: Link) -> Page[User]:
    """List people by id. For the team only."""
    more = frozenset(page.include or ())
    rows = await call.read(_users, page, more)
    return link.page(
        rows,
        page.limit,
        lambda user: _with(User.of(user), user, more),
        lambda user: cursor_at("users", user.id),
    )


@router.post("/users", status_code=201, responses=problems(409, 413, 415))
async def create_new_user(body: NewUser, call: CurrentCall, created: Created) -> UserDetails:
    """Create a person. Agents create customers, administrators anybody; a password is set elsewhere."""
    if body.role is not UserRole.CUSTOMER:
        require_right_to_keep(call.actor, body.role)
        require_fresh(call.principal)
    user = await call.write(_create, body)
    created.at(f"/users/{user.id}")
    return user


@router.get("/users/{user_id}", response_model_exclude_unset=True)
async def read_user(
    user_id: PathId, call: CurrentCall, include: Annotated[Included | None, Query()] = None
) -> UserDetails | PublicPerson:
    """Read a person. Customers read themselves, and of others no more than their name."""
    return await call.read(_read, user_id, frozenset(include or ()))


@router.patch("/users/{user_id}", responses=problems(409, 413, 415))
async def update_user(user_id: PathId, body: UserPatch, call: CurrentCall) -> UserDetails | PublicPerson:
    """Change a person: oneself by name, customers by agents, everything by administrators."""
    if SENSITIVE & body.model_fields_set:
        require_staff(call.actor)
        require_fresh(call.principal)
    return await call.write(_change, user_id, body)


def _users(session: Session, page: UserQuery, more: frozenset[str]) -> Sequence[UserRow]:
    actor = actor_of(session)
    require_staff(actor)
    statement = queries.users(
        actor, text=page.q, staff=page.staff, after=page.after_id("users"), limit=page.limit + 1
    )
    return session.scalars(statement.options(*queries.beside_people(more))).all()


def _read(session: Session, user_id: int, more: frozenset[str]) -> UserDetails | PublicPerson:
    actor = actor_of(session)
    if more:
        # Whose organization it is, is the desk's to know; customers see it by name.
        require_staff(actor)
    user = get_user(session, user_id, *queries.beside_people(more))
    if actor.is_staff or user.id == actor.user_id:
        return _with(UserDetails.of(user), user, more)
    return PublicPerson.of(user)


def _with(shown: U, user: UserRow, more: frozenset[str]) -> U:
    """Add what was to be included to what is shown of a person."""
    found = dict[str, Any]()
    if "organization" in more and user.organization is not None:
        found["organization"] = Organization.of(user.organization)
    if "teams" in more:
        found["teams"] = names_of(user.teams)
    return shown.model_copy(update=found)


def _create(session: Session, body: NewUser) -> UserDetails:
    user = create_user(
        session,
        email=body.email,
        full_name=body.full_name,
        role=body.role,
        organization_id=body.organization_id,
        sees_all_teams=body.sees_all_teams,
        custom_role_id=body.custom_role_id,
    )
    return _shown(session, user.id)


def _change(session: Session, user_id: int, body: UserPatch) -> UserDetails | PublicPerson:
    change_user(session, user_id, body.given())  # type: ignore[arg-type] # UserPatch has the fields of UserChanges
    return _shown(session, user_id)


def _shown(session: Session, user_id: int) -> UserDetails:
    session.expire_all()  # what was loaded before the change would hide what came of it
    return UserDetails.of(get_user(session, user_id))
