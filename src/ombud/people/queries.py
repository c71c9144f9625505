"""Reading people: builders that return a Select."""

from collections.abc import Collection, Sequence
from typing import Any
from unicodedata import normalize

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Delete,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased, joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from ombud.db.actor import Actor
from ombud.db.made import made_once
from ombud.models import (
    INCLUDE_DELETED,
    AccountRequest,
    AccountToken,
    ApiToken,
    CustomRole,
    LetterKind,
    LinkPurpose,
    Mailbox,
    Organization,
    OrganizationDomain,
    Team,
    TeamMember,
    Ticket,
    User,
    WebSession,
)
from ombud.people.addresses import as_stored
from ombud.people.policy import people_visible_to

MENU_LIMIT = 50
KEY_ID = "key_id"


def user_by_id(actor: Actor, user_id: int) -> Select[User]:
    """Return a person with organization and teams."""
    return (
        select(User)
        .options(joinedload(User.organization), joinedload(User.custom_role), selectinload(User.teams))
        .where(User.id == user_id, people_visible_to(actor))
    )


def beside_people(more: Collection[str]) -> tuple[ExecutableOption, ...]:
    """Return what also loads, of people, the whole `organization` or the `teams`; a statement each."""
    options = list[ExecutableOption]()
    if "organization" in more:
        options.append(joinedload(User.organization).selectinload(Organization.domains))
    if "teams" in more:
        options.append(selectinload(User.teams))
    return tuple(options)


def user_by_email(email: str) -> Select[User]:
    """Return the person with that address, whatever its case; for one who was merged, who they are now."""
    known = aliased(User)
    return (
        select(User)
        .join(known, User.id == func.coalesce(known.merged_into_id, known.id))
        .where(known.email_norm == func.lower(as_stored(email)))
    )


def users(
    actor: Actor, *, text: str = "", staff: bool | None = None, after: int = 0, limit: int = 50
) -> Select[User]:
    """Return people by id after `after`, whose name or address contains `text`."""
    statement = (
        select(User)
        .options(joinedload(User.organization), joinedload(User.custom_role))
        .where(people_visible_to(actor), User.id > after)
    )
    if staff is not None:
        statement = statement.where(User.is_staff.is_(staff))
    if text.strip():
        statement = statement.where(_says(text))
    return statement.order_by(User.id).limit(limit)


def assignable(text: str = "", *, limit: int = MENU_LIMIT) -> Select[User]:
    """Return active staff by name, for the assignee menu."""
    statement = select(User).where(User.is_staff.is_(True), User.is_active.is_(True))
    if text.strip():
        statement = statement.where(User.full_name.icontains(text.strip(), autoescape=True))
    return statement.order_by(User.full_name, User.id).limit(limit)


def customers(text: str, *, limit: int = 10) -> Select[User]:
    """Return customers whose name or address contains `text`, for the requester field."""
    return (
        select(User)
        .options(joinedload(User.organization))
        .where(User.is_active.is_(True), _says(text))
        .order_by(User.is_staff, User.full_name, User.id)
        .limit(limit)
    )


def teams() -> Select[Team]:
    """Return all teams by name."""
    return select(Team).order_by(func.lower(Team.name))


def teams_with_members() -> Select[Team]:
    """Return all teams by name, each with its members; two statements."""
    return with_members(teams())


def with_members(statement: Select[Team]) -> Select[Team]:
    """Return the same teams, each with its members; one statement more."""
    return statement.options(selectinload(Team.members))


def teams_page(*, after: str = "", limit: int = 50) -> Select[Team]:
    """Return teams by name (whatever the case) after the name `after`."""
    name = func.lower(Team.name)
    return select(Team).where(name > func.lower(after)).order_by(name).limit(limit)


def team_by_id(team_id: int) -> Select[Team]:
    """Return a team with its members."""
    return select(Team).options(selectinload(Team.members)).where(Team.id == team_id)


def roles(*, after: str = "", limit: int = 200) -> Select[CustomRole]:
    """Return custom roles by name (whatever the case) after the name `after`."""
    name = func.lower(CustomRole.name)
    return select(CustomRole).where(name > func.lower(after)).order_by(name).limit(limit)


def people_with_role(role_id: int) -> Select[bool]:
    """Return whether anybody has a custom role."""
    return select(select(User.id).where(User.custom_role_id == role_id).exists())


def memberships_of(user_id: int) -> Select[int, bool]:
    """Return the teams of a person, each with whether they only read its tickets."""
    return select(TeamMember.team_id, TeamMember.reads_only).where(TeamMember.user_id == user_id)


def sessions_of(user_id: int) -> Select[WebSession]:
    """Return a person's web sessions, the one used last first."""
    return (
        select(WebSession)
        .where(WebSession.user_id == user_id)
        .order_by(WebSession.last_seen_at.desc(), WebSession.id)
    )


def readers_of(team_id: int) -> Select[int]:
    """Return the ids of a team's members who only read its tickets."""
    return select(TeamMember.user_id).where(TeamMember.team_id == team_id, TeamMember.reads_only)


def membership(user_id: int) -> Select[int]:
    """Return the ids of a person's teams."""
    return select(TeamMember.team_id).where(TeamMember.user_id == user_id)


def organizations(text: str = "", *, after: int = 0, limit: int = 50) -> Select[Organization]:
    """Return organizations by id after `after`, whose name contains `text`."""
    statement = select(Organization).options(selectinload(Organization.domains))
    statement = statement.where(Organization.id > after)
    if text.strip():
        statement = statement.where(Organization.name.icontains(text.strip(), autoescape=True))
    return statement.order_by(Organization.id).limit(limit)


def first_of_organizations(actor: Actor, ids: Sequence[int], *, limit: int) -> Select[User]:
    """Return the first `limit` people by id of each of these organizations."""
    first = (
        select(User.id)
        .where(User.organization_id == Organization.id, people_visible_to(actor))
        .order_by(User.id)
        .limit(limit)
        .correlate(Organization)
        .lateral("first")
    )
    person = aliased(User)  # nobody may read a person's row whole: its lateral has the ids only
    return (
        select(person)
        .select_from(Organization)
        .join(first, true())
        .join(person, person.id == first.c.id)
        .where(Organization.id.in_(ids))
        .order_by(person.id)
    )


def organization_by_id(organization_id: int) -> Select[Organization]:
    """Return an organization with its mail domains."""
    found = select(Organization).where(Organization.id == organization_id)
    return found.options(selectinload(Organization.domains))


def organization_for_email(email: str) -> Select[int]:
    """Return the id of the organization that an address belongs to by its domain."""
    domain = email.rpartition("@")[2].strip().lower()
    return select(OrganizationDomain.organization_id).where(OrganizationDomain.domain == domain)


def tell_whence(ip: str, browser: str) -> Select[*tuple[Any, ...]]:
    """Let letters that this transaction leads to say where it came from."""
    return select(
        func.set_config("ombud.from_ip", ip, True), func.set_config("ombud.from_browser", browser, True)
    )


def tokens_of(user_id: int) -> Select[ApiToken]:
    """Return a person's API tokens, newest first."""
    return select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())


def credentials(email: str) -> Select[*tuple[Any, ...]]:
    """Return user_id, password_hash, is_active, is_staff for an address, if anybody has it."""
    found = func.ombud.credentials(as_stored(email)).table_valued(
        "user_id", "password_hash", "is_active", "is_staff"
    )
    return select(found)


_PRINCIPAL = (
    "user_id",
    "email",
    "full_name",
    "role",
    "sees_all_teams",
    "team_ids",
    "shared_organization_id",
    "theme",
    "permissions",
    "read_team_ids",
)


def session_principal(token_hash: bytes) -> Select[*tuple[Any, ...]]:
    """Return the person of a living web session, with session_id, last_seen_at and confirmed_at."""
    columns = ("session_id", "last_seen_at", "confirmed_at", *_PRINCIPAL)
    return select(func.ombud.find_session(token_hash).table_valued(*columns))


def person_by_email(email: str) -> Select[*tuple[Any, ...]]:
    """Return is_active and what an actor is made of, for the person with that address, whatever its case."""
    of_person = select(func.array_agg(TeamMember.team_id)).where(TeamMember.user_id == User.id)
    teams, read_teams = of_person.scalar_subquery(), of_person.where(TeamMember.reads_only).scalar_subquery()
    rights = select(CustomRole.permissions).where(CustomRole.id == User.custom_role_id).scalar_subquery()
    none = cast(array([]), ARRAY(BigInteger))
    shared = (
        select(Organization.id)
        .where(Organization.id == User.organization_id, Organization.shares_tickets)
        .scalar_subquery()
    )
    return select(
        User.id.label("user_id"),
        User.role,
        User.is_active,
        User.sees_all_teams,
        func.coalesce(teams, none).label("team_ids"),
        func.coalesce(read_teams, none).label("read_team_ids"),
        rights.label("permissions"),
        shared.label("shared_organization_id"),
    ).where(User.email_norm == func.lower(as_stored(email)))


def known_token() -> Select[*tuple[Any, ...]]:
    """Return the person of the living API token KEY_ID, as `token_principal`; made once."""
    return made_once((known_token,), lambda: token_principal(bindparam(KEY_ID, type_=Text)))


def token_principal(key_id: str | BindParameter[str]) -> Select[*tuple[Any, ...]]:
    """Return the person of a living API token, with token_id, secret_hash, scopes, last_used_at, confirmed_at, stamp.

    The stamp is another one as soon as anything of it changes but last_used_at.
    """
    # Typed, because psycopg2 would return a memoryview.
    columns = (
        "token_id",
        column("secret_hash", LargeBinary),
        "scopes",
        "last_used_at",
        "confirmed_at",
        *_PRINCIPAL,
    )
    found = func.ombud.find_token(key_id).table_valued(*columns)
    return select(*found.c, func.ombud.token_stamp(key_id, type_=LargeBinary).label("stamp"))


def account_token(token_hash: bytes) -> Select[*tuple[Any, ...]]:
    """Return user_id, purpose, email, full_name and role of a link that is good. It stays good."""
    found = func.ombud.find_account_token(token_hash)
    return select(found.table_valued("user_id", "purpose", "email", "full_name", "role"))


def use_account_token(token_hash: bytes, purpose: str) -> Select[*tuple[Any, ...]]:
    """Use a link of the actor's up; returns user_id and email, to one who tries and to no other."""
    return select(func.ombud.use_account_token(token_hash, purpose).table_valued("user_id", "email"))


def invitations_of(user_id: int) -> list[Delete]:
    """Return what makes somebody's invitation void, in this order: one that is written just now is waited for."""
    asked = AccountRequest.user_id == user_id, AccountRequest.kind == LetterKind.INVITE
    given = AccountToken.user_id == user_id, AccountToken.purpose == LinkPurpose.INVITE
    return [delete(AccountRequest).where(*asked), delete(AccountToken).where(*given)]


def requests(limit: int) -> Select[AccountRequest]:
    """Return letters that are to be written, locked; those that another process writes are passed over."""
    return select(AccountRequest).order_by(AccountRequest.id).limit(limit).with_for_update(skip_locked=True)


def hash_again() -> Select[str]:
    """Say, for this transaction, that another hash is no other password: nobody is told, no link is void."""
    return select(func.set_config("ombud.rehash", "on", True))


def take_turns(*groups: tuple[list[str], list[int], list[int], str]) -> Select[*tuple[int, ...]]:
    """Take a turn of each key (with bursts, seconds, what is known); a column a group: 0, or the seconds to wait."""
    turns = func.ombud.take_turns
    return select(
        *(turns(_texts(keys), _integers(most), _integers(each), known) for keys, most, each, known in groups)
    )


def turn_was_good(keys: list[str], seconds: list[int], known: str) -> Select[*tuple[Any, ...]]:
    """Give turns back after a good try, and remember the place."""
    return select(func.ombud.turn_was_good(_texts(keys), _integers(seconds), known))


def forget_turns() -> Select[int]:
    """Remove keys that hold nobody back; returns how many."""
    return select(func.ombud.forget_turns())


def _says(text: str) -> ColumnElement[bool]:
    """Say that a name or an address holds a text, whatever the case: the database's, as of all that is stored."""
    return or_(
        User.full_name.ilike(_holding(normalize("NFC", text.strip())), escape="/"),
        User.email_norm.like(func.lower(_holding(as_stored(text)), type_=Text()), escape="/"),
    )


def _holding(part: str) -> str:
    escaped = part.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return f"%{escaped}%"


def _texts(values: list[str]) -> Any:
    return cast(values, ARRAY(Text))


def _integers(values: list[int]) -> Any:
    return cast(values, ARRAY(Integer))


def tickets_of_team(team_id: int, limit: int) -> Select[int]:
    """Return some tickets of a team, deleted ones too, locked."""
    return (
        select(Ticket.id)
        .where(Ticket.team_id == team_id)
        .order_by(Ticket.id)
        .limit(limit)
        .with_for_update()
        .execution_options(**{INCLUDE_DELETED: True})
    )


def lock_team(team_id: int) -> Select[int]:
    """Return a team's id, locked against whoever refers to it anew."""
    return select(Team.id).where(Team.id == team_id).with_for_update()


def held_by_team(team_id: int) -> Select[bool, bool, bool]:
    """Return whether a team has tickets (deleted ones too), members, mailboxes."""
    return select(
        select(Ticket.id).where(Ticket.team_id == team_id).exists().label("tickets"),
        select(TeamMember.user_id).where(TeamMember.team_id == team_id).exists().label("members"),
        select(Mailbox.id).where(Mailbox.team_id == team_id).exists().label("mailboxes"),
    ).execution_options(**{INCLUDE_DELETED: True})
