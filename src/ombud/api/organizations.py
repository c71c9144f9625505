"""Organizations. For the team only."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link, WhichFound, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.people import NewOrganization, Organization, OrganizationPatch
from ombud.db.context import actor_of
from ombud.models import Organization as OrganizationRow
from ombud.people import queries
from ombud.people.actions import change_organization, create_organization, get_organization
from ombud.tickets.policy import require_staff

router = api_router("Organizations")


@router.get("/organizations")
async def list_organizations(page: WhichFound, call: CurrentCall, link: Link) -> Page[Organization]:
    """List organizations by id."""
    rows = await call.read(_organizations, page.q, page.after_id("organizations"), page.limit + 1)
    return link.page(rows, page.limit, Organization.of, lambda one: cursor_at("organizations", one.id))


@router.post("/organizations", status_code=201, responses=problems(409, 413, 415))
async def create_new_organization(body: NewOrganization, call: CurrentCall, created: Created) -> Organization:
    """Create an organization."""
    organization = await call.write(_create, body)
    created.at(f"/organizations/{organization.id}")
    return organization


@router.get("/organizations/{organization_id}")
async def read_organization(organization_id: PathId, call: CurrentCall) -> Organization:
    """Read an organization."""
    return await call.read(_read, organization_id)


@router.patch("/organizations/{organization_id}", responses=problems(409, 413, 415))
async def update_organization(
    organization_id: PathId, body: OrganizationPatch, call: CurrentCall
) -> Organization:
    """Change an organization."""
    return await call.write(_change, organization_id, body)


def _organizations(session: Session, text: str, after: int, limit: int) -> Sequence[OrganizationRow]:
    require_staff(actor_of(session))
    return session.scalars(queries.organizations(text, after=after, limit=limit)).all()


def _create(session: Session, body: NewOrganization) -> Organization:
    organization = create_organization(
        session,
        name=body.name,
        notes=body.notes,
        shares_tickets=body.shares_tickets,
        domains=body.domains,
    )
    return _read(session, organization.id)


def _read(session: Session, organization_id: int) -> Organization:
    require_staff(actor_of(session))
    return Organization.of(get_organization(session, organization_id))


def _change(session: Session, organization_id: int, body: OrganizationPatch) -> Organization:
    change_organization(session, organization_id, body.given())  # type: ignore[arg-type] # OrganizationPatch has the fields of OrganizationChanges
    session.expire_all()  # updated_at is the database's
    return _read(session, organization_id)
