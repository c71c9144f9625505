"""Keep users, organizations and teams."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ExecutableOption

from ombud import clock
from ombud.db.context import actor_of
from ombud.db.types import one_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_body, clean_line, clean_title
from ombud.models import (
    ApiToken,
    CustomRole,
    Organization,
    OrganizationDomain,
    Team,
    TeamMember,
    User,
    UserRole,
    WebSession,
)
from ombud.people import queries, whence
from ombud.people.addresses import clean_domains, clean_email
from ombud.people.changes import OrganizationChanges, TeamChanges, UserChanges, check_fields
from ombud.people.locks import queries as locks
from ombud.people.policy import require_admin, require_right_to_keep, require_sight_of_all


class OwnRights(Conflict):
    """Administrators do not take their own rights away, so that somebody can always administer."""

    code = "own_rights"
    default_message = "Ask another administrator to change your own role or to deactivate you."


class LastAdministrator(Conflict):
    """Somebody must stay who can administer the desk."""

    code = "last_administrator"
    default_message = "Nobody else administers this desk. Make somebody else an administrator first."


RIGHTS = frozenset({"role", "is_active", "sees_all_teams", "custom_role_id"})
SEEN_BY = ("email", "organization_id")
"""By what it follows which tickets a customer sees."""


def create_user(
    session: Session,
    *,
    email: str,
    full_name: str = "",
    role: UserRole = UserRole.CUSTOMER,
    organization_id: int | None = None,
    password_hash: str | None = None,
    sees_all_teams: bool = True,
    custom_role_id: int | None = None,
) -> User:
    """Create a person; Conflict when the address (whatever the case) is in use.

    A customer without `organization_id` joins the organization that has their address's domain; into another one
    only who sees all teams puts them. Hash the password before the transaction
    (`ombud.kit.passwords.hash_password`): it is slow on purpose.
    """
    role = one_of(UserRole, role)  # the text of a role is equal to it, but not the same
    require_right_to_keep(actor_of(session), role)
    address = clean_email(email)
    if organization_id is not None:
        if organization_id != session.scalar(queries.organization_for_email(address)):
            require_sight_of_all(actor_of(session))
        _check_organization(session, organization_id)
    elif role is UserRole.CUSTOMER:
        organization_id = session.scalar(queries.organization_for_email(address))
    user = User(
        email=address,
        full_name=clean_title("full_name", full_name, limit=255, required=False),
        role=role,
        organization_id=organization_id,
        sees_all_teams=sees_all_teams,
        custom_role_id=_check_custom_role(session, custom_role_id, role),
    )
    if password_hash is not None:
        user.password_hash = password_hash
    session.add(user)
    session.flush()
    return user


def create_first_administrator(session: Session, *, email: str, full_name: str, password_hash: str) -> User:
    """Make the administrator of a new desk; Conflict when somebody was quicker, or the desk has staff already."""
    session.execute(locks.lock_administrators())
    if session.scalar(locks.is_set_up()):
        raise Conflict("This desk has an administrator already. Sign in.")
    return create_user(
        session, email=email, full_name=full_name, role=UserRole.ADMIN, password_hash=password_hash
    )


def find_or_create_customer(session: Session, *, email: str, full_name: str = "") -> User:
    """Return the person with that address, made as a customer if there is none yet."""
    found = session.scalar(queries.user_by_email(clean_email(email)))
    return found or create_user(session, email=email, full_name=full_name)


def change_user(session: Session, user_id: int, changes: UserChanges) -> User:
    """Change some fields of a person and return them.

    Everybody may change their own name, agents their customers' name, those who see all teams also their address and
    organization, administrators all of it. Taking rights away ends the person's web sessions. Raises OwnRights,
    LastAdministrator, Conflict for an address in use.
    """
    check_fields(changes, UserChanges)
    actor, user = actor_of(session), get_user(session, user_id)
    if user.id != actor.user_id or set(changes) - {"full_name"}:
        require_right_to_keep(actor, user.role)
    if RIGHTS & set(changes):
        require_admin(actor)
        if user.id == actor.user_id:
            raise OwnRights
    checked = {field: _checked_user_field(session, field, value) for field, value in changes.items()}
    if any(checked.get(field, getattr(user, field)) != getattr(user, field) for field in SEEN_BY):
        require_sight_of_all(actor)
    role = checked.get("role", user.role)
    if "custom_role_id" in checked:
        _check_custom_role(session, checked["custom_role_id"], role)
    _apply(session, user, checked)
    if RIGHTS & set(changes):
        session.execute(delete(WebSession).where(WebSession.user_id == user.id))
    if not checked.get("is_active", True):
        _revoke_tokens(session, user.id)
    if "role" in checked:
        session.refresh(user, ["custom_role_id", "is_staff"])  # follow the role
    return user


def set_password(
    session: Session, user_id: int, password_hash: str, *, keep_session: int | None = None
) -> None:
    """Replace a person's password by its hash: one's own, or anybody's by an administrator.

    All web sessions of theirs end but `keep_session`: whoever had the old password may be in one of them.
    """
    actor = actor_of(session)
    if user_id != actor.user_id:
        require_admin(actor)
    user = get_user(session, user_id)
    whence.tell(session)
    user.password_hash = password_hash
    session.execute(
        delete(WebSession).where(WebSession.user_id == user.id, WebSession.id != (keep_session or 0))
    )
    session.flush()


def end_other_sessions(session: Session, user_id: int, *, but: int | None = None) -> list[int]:
    """End the web sessions of a person, all or all but one, and return which.

    One's own, or anybody's by an administrator.
    """
    actor = actor_of(session)
    if user_id != actor.user_id:
        require_admin(actor)
    ended = delete(WebSession).where(WebSession.user_id == user_id, WebSession.id != (but or 0))
    return list(session.scalars(ended.returning(WebSession.id)))


def sign_out_everywhere(session: Session, user_id: int) -> list[int]:
    """End all web sessions of a person, for administrators, and return which. Their API tokens stay.

    For a browser that was left or stolen: who has the password signs in again.
    """
    require_admin(actor_of(session))
    return end_other_sessions(session, get_user(session, user_id).id)


def deactivate_user(session: Session, user_id: int) -> User:
    """Keep a person from signing in and from being assigned; their tickets and words stay.

    Their web sessions end and their API tokens are revoked: coming back revives none of them.
    """
    require_admin(actor_of(session))
    return change_user(session, user_id, {"is_active": False})


def reactivate_user(session: Session, user_id: int) -> User:
    """Let a person in again who was deactivated; Conflict for one who was merged or anonymised."""
    require_admin(actor_of(session))
    return change_user(session, user_id, {"is_active": True})


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
    """Create an organization with the mail domains of its people.

    One that shares, or has domains, makes who sees all teams.
    """
    require_right_to_keep(actor_of(session), UserRole.CUSTOMER)
    cleaned = clean_domains(domains)
    if shares_tickets or cleaned:
        require_sight_of_all(actor_of(session))
    organization = Organization(
        name=clean_title("name", name, limit=255),
        shares_tickets=shares_tickets,
        notes=clean_body("notes", notes, limit=20_000, required=False),
        domains=[OrganizationDomain(domain=domain) for domain in cleaned],
    )
    session.add(organization)
    session.flush()
    return organization


def change_organization(session: Session, organization_id: int, changes: OrganizationChanges) -> Organization:
    """Change some fields of an organization and return it. That it shares, and its domains, who sees all teams."""
    actor = actor_of(session)
    require_right_to_keep(actor, UserRole.CUSTOMER)
    check_fields(changes, OrganizationChanges)
    organization = get_organization(session, organization_id)
    if "name" in changes:
        organization.name = clean_title("name", changes["name"], limit=255)
    if "notes" in changes:
        organization.notes = clean_body("notes", changes["notes"], limit=20_000, required=False)
    shares = changes.get("shares_tickets", organization.shares_tickets)
    if shares != organization.shares_tickets:
        require_sight_of_all(actor)
        organization.shares_tickets = shares
    if "domains" in changes:
        kept = {domain.domain: domain for domain in organization.domains}
        wanted = clean_domains(changes["domains"])
        if set(wanted) != set(kept):
            require_sight_of_all(actor)
        organization.domains = [kept.get(domain) or OrganizationDomain(domain=domain) for domain in wanted]
    session.flush()
    return organization


def create_team(session: Session, *, name: str, description: str = "") -> Team:
    """Create a team."""
    require_admin(actor_of(session))
    team = Team(
        name=clean_title("name", name, limit=100),
        description=clean_line("description", description, limit=500, required=False),
    )
    session.add(team)
    session.flush()
    return team


def change_team(session: Session, team_id: int, changes: TeamChanges) -> Team:
    """Change a team's name or description and return it."""
    require_admin(actor_of(session))
    check_fields(changes, TeamChanges)
    team = session.get(Team, team_id) if is_id(team_id) else None
    if team is None:
        raise NotFound("There is no such team here.")
    if "name" in changes:
        team.name = clean_title("name", changes["name"], limit=100)
    if "description" in changes:
        team.description = clean_line("description", changes["description"], limit=500, required=False)
    session.flush()
    return team


def add_team_member(session: Session, team_id: int, user_id: int, *, reads_only: bool = False) -> None:
    """Put a member of staff into a team; doing so twice is harmless.

    With `reads_only` they read the team's tickets and write notes, whatever their role lets them do elsewhere.
    """
    require_admin(actor_of(session))
    user = get_user(session, user_id)
    if not user.is_staff:
        raise Invalid(fields={"user": "must be a member of staff."})
    if not is_id(team_id):
        raise NotFound("The team does not exist.")
    place = insert(TeamMember).values(team_id=team_id, user_id=user_id, reads_only=reads_only)
    session.execute(
        place.on_conflict_do_update(
            index_elements=["team_id", "user_id"],
            set_={"reads_only": reads_only},
            where=TeamMember.reads_only.is_distinct_from(reads_only),
        )
    )


def set_teams(session: Session, user_id: int, teams: Mapping[int, bool]) -> None:
    """Make these a person's teams, no more and no less; each with whether they only read its tickets."""
    require_admin(actor_of(session))
    get_user(session, user_id)
    if not all(is_id(team_id) for team_id in teams):
        raise NotFound("The team does not exist.")
    session.execute(
        delete(TeamMember).where(TeamMember.user_id == user_id, TeamMember.team_id.not_in(list(teams)))
    )
    for team_id, reads_only in sorted(teams.items()):
        add_team_member(session, team_id, user_id, reads_only=reads_only)


def drop_expired_sessions(session: Session) -> int:
    """Remove web sessions that have ended and return how many there were."""
    ended = delete(WebSession).where(WebSession.expires_at < clock.now()).returning(WebSession.id)
    return len(session.scalars(ended).all())


def remove_team_member(session: Session, team_id: int, user_id: int) -> None:
    """Take somebody out of a team; doing so twice is harmless."""
    require_admin(actor_of(session))
    if not (is_id(team_id) and is_id(user_id)):
        return
    session.execute(delete(TeamMember).where(TeamMember.team_id == team_id, TeamMember.user_id == user_id))


def get_organization(session: Session, organization_id: int) -> Organization:
    """Return an organization that the actor may see, with its domains."""
    wanted = queries.organization_by_id(organization_id)
    organization = session.scalar(wanted) if is_id(organization_id) else None
    if organization is None:
        raise NotFound("There is no such organization here.")
    return organization


def get_user(session: Session, user_id: int, *more: ExecutableOption) -> User:
    """Return a person whom the actor may see, with `more` loaded."""
    statement = queries.user_by_id(actor_of(session), user_id).options(*more)
    user = session.scalar(statement) if is_id(user_id) else None
    if user is None:
        raise NotFound("There is no such person here.")
    return user


def _apply(session: Session, user: User, checked: dict[str, Any]) -> None:
    """Set a person's fields. Who takes an administrator away waits for others who do: two could leave none."""
    is_one, stays = user.role is UserRole.ADMIN and user.is_active, checked.get("is_active", True)
    goes = is_one and not (stays and checked.get("role", user.role) is UserRole.ADMIN)
    if goes:
        session.execute(locks.lock_administrators())
    for field, value in checked.items():
        setattr(user, field, value)
    session.flush()
    if goes and not session.scalar(locks.has_administrator()):
        raise LastAdministrator


def _checked_user_field(session: Session, field: str, value: Any) -> Any:
    match field:
        case "email":
            return clean_email(value)
        case "full_name":
            return clean_title("full_name", value, limit=255, required=False)
        case "organization_id" if value is not None:
            return _check_organization(session, value)
        case "role":
            return one_of(UserRole, str(value))
    return value


def _check_custom_role(session: Session, role_id: int | None, role: UserRole) -> int | None:
    if role_id is None:
        return None
    if not is_id(role_id) or session.get(CustomRole, role_id) is None:
        raise Invalid(fields={"custom_role": "does not exist."})
    if role is not UserRole.AGENT:
        raise Invalid(fields={"custom_role": "is for agents only."})
    return role_id


def _revoke_tokens(session: Session, user_id: int) -> None:
    session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def _check_organization(session: Session, organization_id: int) -> int:
    if not is_id(organization_id) or session.get(Organization, organization_id) is None:
        raise Invalid(fields={"organization": "does not exist."})
    return organization_id
