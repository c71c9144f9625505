"""Proving who one is: sessions of browsers, tokens of programs.

Passwords are compared at the edge (hashing is slow and stays outside transactions); this is what happens in
the database before and after.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from ombud import clock
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.choices import settings_of
from ombud.db.context import actor_of
from ombud.db.permissions import Permission
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_title
from ombud.kit.tokens import digest, new_api_token, new_secret
from ombud.models import ApiToken, UserRole, WebSession
from ombud.people import browsers, queries
from ombud.people.actions import create_user, get_user
from ombud.people.addresses import clean_email
from ombud.people.locks import queries as locks
from ombud.people.policy import require_admin

FRESH = timedelta(minutes=10)
"""How long a proof of who one is opens sensitive changes."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in: what pages show of them, and the actor that they are."""

    user_id: int
    email: str
    full_name: str
    role: UserRole
    theme: str
    actor: Actor
    session_id: int | None = None
    token_id: int | None = None
    last_seen_at: datetime | None = None
    scopes: frozenset[str] = frozenset()
    confirmed_at: datetime | None = None
    """When they last proved who they are, in this session or with this token."""

    @property
    def display_name(self) -> str:
        """The full name, or the address's first part."""
        return self.full_name.strip() or self.email.partition("@")[0]


@dataclass(frozen=True, slots=True)
class ByProvider:
    """What a session began with where that was a provider's word: it ends with it.

    `sid` is what the provider calls its own session, where it says so; `id_token` is sealed.
    """

    identity_id: int
    sid: str | None = None
    id_token: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """With what somebody signs in: it must still hold when their session begins."""

    user_id: int
    password_hash: str | None = field(default=None, repr=False)
    """What their password was compared with; None where it was not that."""
    passkey_id: int | None = None
    by: ByProvider | None = None
    """The provider whose word it was."""
    is_whole: bool = False
    """True where no second factor is asked for any more."""


class ConfirmationNeeded(Forbidden):
    """A sensitive change wants a proof of who one is that is not older than a few minutes."""

    code = "confirmation_needed"
    default_message = "Confirm your password first."


def is_fresh(principal: Principal) -> bool:
    """Tell whether somebody proved who they are a short while ago, so that sensitive changes are open to them."""
    return principal.confirmed_at is not None and clock.now() - principal.confirmed_at < FRESH


def require_fresh(principal: Principal) -> None:
    """Refuse, with ConfirmationNeeded, whoever has not proved who they are within the last minutes."""
    if not is_fresh(principal):
        raise ConfirmationNeeded


def principal_of(row: Any, request_id: str) -> Principal:
    """Make a Principal of a row of `session_principal` or `token_principal`, or of the fields of one."""
    fields = row if isinstance(row, dict) else row._mapping
    row = SimpleNamespace(**fields)
    role = UserRole(row.role)
    return Principal(
        user_id=row.user_id,
        email=row.email,
        full_name=row.full_name,
        role=role,
        theme=row.theme,
        actor=_actor(row, role).for_request(request_id),
        session_id=fields.get("session_id"),
        token_id=fields.get("token_id"),
        last_seen_at=fields.get("last_seen_at"),
        scopes=frozenset(fields.get("scopes") or ()),
        confirmed_at=fields.get("confirmed_at"),
    )


def find_actor(session: Session, email: str) -> Actor | None:
    """Return who the person with that address is; None for somebody new, Forbidden for one who was let go.

    For hosts that signed the person in themselves; the session is the system's.
    """
    row = session.execute(queries.person_by_email(email)).one_or_none()
    if row is None:
        return None
    if not row.is_active:
        raise Forbidden("This account is not active any more.")
    return _actor(row, UserRole(row.role))


def add_actor(session: Session, email: str, *, full_name: str = "", role: UserRole) -> Actor:
    """Return who the person with that address is, made with this role if there is none yet."""
    address = clean_email(email)  # as it is stored: another spelling is nobody else
    found = find_actor(session, address)
    if found is not None:
        return found
    create_user(session, email=address, full_name=full_name, role=role)
    return _known(find_actor(session, address))


def _known(actor: Actor | None) -> Actor:
    if actor is None:
        raise NotFound("There is no such person here.")
    return actor


def session_limits(settings: Settings, role: UserRole) -> tuple[timedelta, timedelta]:
    """Return how long a web session lives unused, and at most; by default shorter, the more somebody may do."""
    if role is UserRole.CUSTOMER:
        return timedelta(days=settings.customer_idle_days), timedelta(days=settings.customer_session_days)
    return timedelta(hours=settings.staff_idle_hours), timedelta(days=settings.staff_session_days)


def start_session(
    session: Session,
    user_id: int,
    *,
    ip: str = "",
    user_agent: str = "",
    browser: str = "",
    by: ByProvider | None = None,
) -> str:
    """Open a web session for the actor's own user and return the cookie's secret value, stored as a hash.

    `browser` is what the browser is known by, if that is asked: a new one is told of, by the bell and a letter. With
    `by` it began with a provider's word, and ends with that.
    """
    user = session.scalar(queries.user_by_id(actor_of(session), user_id))
    if user is None:
        raise NotFound("There is no such person here.")
    secret = new_secret()
    idle, life = session_limits(settings_of(session), user.role)
    session.add(
        WebSession(
            user_id=user_id,
            token_hash=digest(secret),
            expires_at=clock.now() + life,
            idle_seconds=int(idle.total_seconds()),
            ip=ip[:45],
            user_agent=user_agent[:300],
            identity_id=by.identity_id if by is not None else None,
            provider_sid=by.sid if by is not None else None,
            id_token=by.id_token if by is not None else None,
        )
    )
    if user.last_login is None:  # nobody who signed in is invited
        for statement in queries.invitations_of(user_id):
            session.execute(statement)
    user.last_login = clock.now()
    session.flush()
    if browser:
        browsers.meet(session, user_id, browser, ip=ip, user_agent=user_agent)
    return secret


def end_session(session: Session, session_id: int) -> None:
    """End a web session of the actor."""
    found = session.get(WebSession, session_id)
    if found is not None:
        session.delete(found)
        session.flush()


def revoke_session(session: Session, session_id: int) -> None:
    """End one of the actor's own web sessions, whichever browser it is in; NotFound for another's."""
    found = session.get(WebSession, session_id)
    if found is None or found.user_id != actor_of(session).user_id:
        raise NotFound("There is no such session here.")
    session.delete(found)
    session.flush()


def end_session_of(session: Session, user_id: int, session_id: int) -> list[int]:
    """End one of somebody's web sessions, for administrators, and return it; NotFound for one that is not theirs."""
    require_admin(actor_of(session))
    found = session.get(WebSession, session_id) if is_id(session_id) else None
    if found is None or found.user_id != user_id:
        raise NotFound("There is no such session here.")
    session.delete(found)
    session.flush()
    return [session_id]


def confirm(session: Session, session_id: int) -> str:
    """Note that the person of a session proved again who they are; return its new secret: the old one is void."""
    found = session.get(WebSession, session_id)
    if found is None or found.user_id != actor_of(session).user_id:
        raise NotFound("There is no such session here.")
    secret = new_secret()
    found.token_hash, found.confirmed_at = digest(secret), clock.now()
    session.flush()
    return secret


def confirm_token(session: Session, token_id: int) -> None:
    """Note that the owner of a token proved again who they are."""
    found = session.get(ApiToken, token_id)
    if found is None or found.user_id != actor_of(session).user_id:
        raise NotFound("There is no such token here.")
    found.confirmed_at = clock.now()
    session.flush()


def note_presence(session: Session, session_id: int) -> None:
    """Remember that a web session is in use: its idle time begins anew."""
    found = session.get(WebSession, session_id)
    if found is not None:
        found.last_seen_at = clock.now()
        session.flush()


def rehash_password(session: Session, user_id: int, password_hash: str, *, known: str) -> bool:
    """Keep the same password under another hash, as after a change of parameters; nobody is signed out.

    `known` is the hash that it was compared with. Where another password was set meanwhile, nothing is kept: False.
    """
    user = get_user(session, user_id)
    session.execute(locks.locked_account(user_id))
    if session.scalar(locks.password_of(user_id)) != known:
        return False
    session.execute(queries.hash_again())
    user.password_hash = password_hash
    session.flush()
    return True


def create_token(
    session: Session, user_id: int, name: str, *, scopes: tuple[str, ...] = ()
) -> tuple[str, ApiToken]:
    """Make an API token for a person and return it, once, with its record; Conflict for who was let go.

    Under the account's lock: it is either among those that are revoked with the person, or is not made.
    """
    actor = actor_of(session)
    if user_id != actor.user_id:
        require_admin(actor)
    match session.scalar(locks.locked_account(user_id)):
        case None:
            raise NotFound("There is no such person here.")
        case False:
            raise Conflict("They were let go. Let them in again first.")
    token, key_id, secret_hash = new_api_token()
    record = ApiToken(
        user_id=user_id,
        name=clean_title("name", name, limit=100),
        key_id=key_id,
        secret_hash=secret_hash,
        scopes=list(scopes),
    )
    session.add(record)
    session.flush()
    return token, record


def revoke_token(session: Session, token_id: int, *, owner: int | None = None) -> None:
    """Make a token useless from now on: one's own, or anybody's by an administrator.

    NotFound for another's, also where it is not that of `owner`, if one is given.
    """
    record = session.get(ApiToken, token_id) if is_id(token_id) else None
    actor = actor_of(session)
    if record is None or not (actor.is_admin or record.user_id == actor.user_id):
        raise NotFound("There is no such token here.")
    if owner is not None and record.user_id != owner:
        raise NotFound("There is no such token here.")
    record.revoked_at = record.revoked_at or clock.now()
    session.flush()


def note_token_use(session: Session, token_id: int) -> None:
    """Remember that a token of the actor was used just now. Edges call it once a minute at most."""
    record = session.get(ApiToken, token_id)
    if record is not None:
        record.last_used_at = clock.now()
        session.flush()


def _actor(row: Any, role: UserRole) -> Actor:
    match role:
        case UserRole.ADMIN:
            return Actor.admin(row.user_id)
        case UserRole.AGENT | UserRole.LIGHT_AGENT:
            teams = None if row.sees_all_teams else frozenset(row.team_ids)
            own = None if row.permissions is None else frozenset(Permission(one) for one in row.permissions)
            return Actor.agent(
                row.user_id,
                teams=teams,
                read_only=role is UserRole.LIGHT_AGENT,
                permissions=own,
                read_teams=frozenset(row.read_team_ids),
            )
        case UserRole.CUSTOMER:
            return Actor.customer(row.user_id, shared_organization_id=row.shared_organization_id)
