"""Organizations. For the team only."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link, SearchQuery, cursor_at
from ombud.api.plain import INCLUDED
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.people import NewOrganization, Organization, OrganizationPatch, Person
from ombud.db.context import actor_of
from ombud.people import queries
from ombud.people.actions import change_organization, create_organization, get_organization
from ombud.tickets.policy import require_staff

router = api_router("Organizations")


Included = Annotated[list[Literal["people"]], Field(max_length=1, description="Also its first 50 people.")]


class OrganizationQuery(SearchQuery):
    """Which organizations."""

    include: Included | None = None


@router.get("/organizations", response_model_exclude_unset=True)
async def list_organizations(
    page: Annotated[OrganizationQuery, Query()], call: CurrentCall, link: Link
) -> Page[Organization]:
    """List organizations by id."""
    rows = await call.read(_organizations, page)
    return link.page(rows, page.limit, lambda one: one, lambda one: cursor_at("organizations", one.id))


@router.post(
    "/organizations", status_code=201, responses=problems(409, 413, 415), response_model_exclude_unset=True
)
async def create_new_organization(body: NewOrganization, call: CurrentCall, created: Created) -> Organization:
    """Create an organization."""
    organization = await call.write(_create, body)
    created.at(f"/organizations/{organization.id}")
    return organization


@router.get("/organizations/{organization_id}", response_model_exclude_unset=True)
async def read_organization(
    organization_id: PathId, call: CurrentCall, include: Annotated[Included | None, Query()] = None
) -> Organization:
    """Read an organization."""
    return await call.read(_read, organization_id, with_people=bool(include))


@router.patch(
    "/organizations/{organization_id}", responses=problems(409, 413, 415), response_model_exclude_unset=True
)
async def update_organization(
    organization_id: PathId, body: OrganizationPatch, call: CurrentCall
) -> Organization:
    """Change an organization."""
    return await call.write(_change, organization_id, body)


def _organizations(session: Session, page: OrganizationQuery) -> list[Organization]:
    require_staff(actor_of(session))
    after = page.after_id("organizations")
    rows = session.scalars(queries.organizations(page.q, after=after, limit=page.limit + 1))
    shown = [Organization.of(one) for one in rows]
    return _with_people(session, shown) if page.include else shown


def _create(session: Session, body: NewOrganization) -> Organization:
    organization = create_organization(
        session,
        name=body.name,
        notes=body.notes,
        shares_tickets=body.shares_tickets,
        domains=body.domains,
    )
    return _read(session, organization.id)


def _read(session: Session, organization_id: int, *, with_people: bool = False) -> Organization:
    require_staff(actor_of(session))
    shown = Organization.of(get_organization(session, organization_id))
    return _with_people(session, [shown])[0] if with_people else shown


def _with_people(session: Session, shown: Sequence[Organization]) -> list[Organization]:
    """Add the first people of each, found in one statement for all."""
    found = defaultdict[int | None, list[Person]](list)
    ids = [one.id for one in shown]
    for user in session.scalars(queries.first_of_organizations(actor_of(session), ids, limit=INCLUDED)):
        found[user.organization_id].append(Person.of(user))
    return [one.model_copy(update={"people": found[one.id]}) for one in shown]


def _change(session: Session, organization_id: int, body: OrganizationPatch) -> Organization:
    change_organization(session, organization_id, body.given())  # type: ignore[arg-type] # OrganizationPatch has the fields of OrganizationChanges
    session.expire_all()  # updated_at is the database's
    return _read(session, organization_id)
