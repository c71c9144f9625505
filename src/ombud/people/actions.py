"""Keep users, organizations and teams."""

from collections.abc import Iterable

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_body, clean_line
from ombud.models import Organization, OrganizationDomain, Team, TeamMember, User, UserRole, WebSession
from ombud.people import queries
from ombud.people.policy import require_admin, require_right_to_keep


def create_user(
    session: Session,
    *,
    email: str,
    full_name: str = "",
    role: UserRole = UserRole.CUSTOMER,
    organization_id: int | None = None,
    password_hash: str | None = None,
    sees_all_teams: bool = True,
) -> User:
    """Create a person; Conflict when the address (whatever the case) is in use.

    A customer without `organization_id` joins the organization that has their address's domain. Hash the
    password before the transaction (`ombud.kit.passwords.hash_password`): it is slow on purpose.
    """
    require_right_to_keep(actor_of(session), role)
    address = clean_email(email)
    if organization_id is None and role is UserRole.CUSTOMER:
        organization_id = session.scalar(queries.organization_for_email(address))
    user = User(
        email=address,
        full_name=clean_line("full_name", full_name, limit=255, required=False),
        role=role,
        organization_id=organization_id,
        sees_all_teams=sees_all_teams,
    )
    if password_hash is not None:
        user.password_hash = password_hash
    session.add(user)
    session.flush()
    return user


def create_first_administrator(session: Session, *, email: str, full_name: str, password_hash: str) -> User:
    """Make the administrator of a desk that has none; Conflict when somebody was quicker."""
    session.execute(queries.lock_set_up())
    if session.scalar(queries.has_administrator()):
        raise Conflict("This desk has an administrator already. Sign in.")
    return create_user(
        session, email=email, full_name=full_name, role=UserRole.ADMIN, password_hash=password_hash
    )


def find_or_create_customer(session: Session, *, email: str, full_name: str = "") -> User:
    """Return the person with that address, made as a customer if there is none yet."""
    found = session.scalar(queries.user_by_email(clean_email(email)))
    return found or create_user(session, email=email, full_name=full_name)


def set_password(session: Session, user_id: int, password_hash: str) -> None:
    """Replace a person's password by its hash: one's own, or anybody's by an administrator."""
    actor = actor_of(session)
    if user_id != actor.user_id:
        require_admin(actor)
    user = get_user(session, user_id)
    user.password_hash = password_hash
    session.flush()


def deactivate_user(session: Session, user_id: int) -> User:
    """Keep a person from signing in and from being assigned; their tickets and words stay."""
    require_admin(actor_of(session))
    user = get_user(session, user_id)
    user.is_active = False
    session.flush()
    return user


def set_theme(session: Session, theme: str) -> None:
    """Remember the actor's choice of `system`, `light` or `dark`."""
    if theme not in ("system", "light", "dark"):
        raise Invalid(fields={"theme": "must be system, light or dark."})
    user = get_user(session, actor_of(session).user_id or 0)
    user.theme = theme
    session.flush()


def create_organization(
    session: Session, *, name: str, domains: Iterable[str] = (), shares_tickets: bool = False, notes: str = ""
) -> Organization:
    """Create an organization with the mail domains of its people."""
    require_right_to_keep(actor_of(session), UserRole.CUSTOMER)
    organization = Organization(
        name=clean_line("name", name, limit=255),
        shares_tickets=shares_tickets,
        notes=clean_body("notes", notes, limit=20_000, required=False),
        domains=[OrganizationDomain(domain=domain.strip().lower()) for domain in domains],
    )
    session.add(organization)
    session.flush()
    return organization


def create_team(session: Session, *, name: str, description: str = "") -> Team:
    """Create a team."""
    require_admin(actor_of(session))
    team = Team(
        name=clean_line("name", name, limit=100),
        description=clean_line("description", description, limit=500, required=False),
    )
    session.add(team)
    session.flush()
    return team


def add_team_member(session: Session, team_id: int, user_id: int) -> None:
    """Put a member of staff into a team; doing so twice is harmless."""
    require_admin(actor_of(session))
    user = get_user(session, user_id)
    if not user.is_staff:
        raise Invalid(fields={"user": "must be a member of staff."})
    session.execute(insert(TeamMember).values(team_id=team_id, user_id=user_id).on_conflict_do_nothing())


def drop_expired_sessions(session: Session) -> int:
    """Remove web sessions that have ended and return how many there were."""
    ended = delete(WebSession).where(WebSession.expires_at < clock.now()).returning(WebSession.id)
    return len(session.scalars(ended).all())


def get_user(session: Session, user_id: int) -> User:
    """Return a person whom the actor may see."""
    user = session.scalar(queries.user_by_id(actor_of(session), user_id)) if is_id(user_id) else None
    if user is None:
        raise NotFound("There is no such person here.")
    return user


def clean_email(email: str) -> str:
    """Return an address as stored: trimmed, one line; its form is checked by the database too."""
    address = clean_line("email", email, limit=255)
    local, _, domain = address.rpartition("@")
    if not local or not domain or " " in address or "@" in local:
        raise Invalid(fields={"email": "must be an address such as ann@example.com."})
    return address
