"""Ways to a provider and back, and whose account a subject is.

A link is found by issuer and subject, and by nothing else: never by an address, whoever verified it. It is made by
who is signed in, or with a new account. Whose word it was is checked before (`door.py`); here is what it opens.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.kit.ids import is_id
from ombud.kit.tokens import digest
from ombud.models import (
    AccountNotice,
    FlowKind,
    Identity,
    IdentityProvider,
    LogoutToken,
    NoticeKind,
    SignInFlow,
    User,
    UserRole,
)
from ombud.people import whence
from ombud.people.accounts import confirm
from ombud.people.actions import create_user
from ombud.people.addresses import clean_email
from ombud.people.locks import queries as locks
from ombud.people.openid import queries
from ombud.people.openid.tokens import LEEWAY, OLDEST, BadToken, Claims, Logout
from ombud.people.policy import require_admin

FLOW_LIFE = timedelta(minutes=10)
"""How long somebody may stay at the provider's."""
MOST_LINKS = 20


class NotConnected(Forbidden):
    """No account is connected with this sign-in. The same words whether or not somebody has the address."""

    code = "not_connected"
    default_message = (
        "No account here is connected with this sign-in. If you have an account, sign in to it another way and "
        "connect it on your page Security."
    )


class NotOfTheProvider(Forbidden):
    """The provider is not for this person: staff or customers only, or addresses of other domains."""

    code = "not_of_the_provider"
    default_message = "This way to sign in is not for your account."


class ConnectedElsewhere(Conflict):
    """The subject is connected with another account."""

    code = "connected_elsewhere"
    default_message = "It is connected with another account here. Remove it there first."


class TooManyConnections(Conflict):
    """An account has as many links as it may have."""

    code = "too_many_connections"
    default_message = f"There are {MOST_LINKS} connections. Remove one first."


class LastWayIn(Conflict):
    """Without this link nobody could sign in to the account."""

    code = "last_way_in"
    default_message = "This is the only way to sign in to your account. Set a password first."


class TooOldASignIn(Forbidden):
    """The provider did not say that the person signed in there just now."""

    code = "too_old_a_sign_in"
    default_message = "The provider did not ask you again, so this proves nothing. Confirm another way."


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as the door read it."""

    id: int
    slug: str
    label: str
    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    for_staff: bool
    for_customers: bool
    domains: frozenset[str]
    new_role: UserRole | None
    asks_second_factor: bool
    ends_session: bool
    client_secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, row: IdentityProvider, secret: str = "") -> "Provider":
        """Take over a row."""
        return cls(
            id=row.id,
            slug=row.slug,
            label=row.label,
            issuer=row.issuer,
            client_id=row.client_id,
            scopes=tuple(row.scopes),
            for_staff=row.for_staff,
            for_customers=row.for_customers,
            domains=frozenset(row.domains),
            new_role=row.new_role,
            asks_second_factor=row.asks_second_factor,
            ends_session=row.ends_session,
            client_secret=secret,
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """What was remembered of a way to a provider."""

    kind: FlowKind
    provider_id: int
    nonce: str
    verifier: str
    redirect_uri: str
    next_href: str
    session_id: int | None
    created_at: datetime


def begin_flow(
    session: Session,
    kind: FlowKind,
    provider_id: int,
    *,
    state: str,
    cookie: str,
    nonce: str,
    verifier: str,
    redirect_uri: str,
    next_href: str,
    session_id: int | None,
) -> None:
    """Remember a way to a provider, by hashes of what must come back. For the system."""
    now = clock.now()
    session.add(
        SignInFlow(
            state_hash=digest(state),
            kind=kind,
            provider_id=provider_id,
            bound_to=digest(cookie),
            nonce=nonce,
            verifier=verifier,
            redirect_uri=redirect_uri,
            next_href=next_href[:2000],
            session_id=session_id,
            created_at=now,
            expires_at=now + FLOW_LIFE,
        )
    )
    session.flush()


def take_flow(session: Session, *, state: str, cookie: str, slug: str) -> Flow | None:
    """Return a living way to that provider, once and to its browser; None otherwise. For the system."""
    row = session.execute(queries.take_flow(digest(state), digest(cookie), slug, clock.now())).one_or_none()
    return None if row is None else Flow(**row._mapping)


def drop_expired_flows(session: Session) -> int:
    """Remove ways that nobody came back on, and logout tokens that are too old; returns how many. For the system."""
    now = clock.now()
    over = delete(SignInFlow).where(SignInFlow.expires_at < now).returning(SignInFlow.state_hash)
    old = delete(LogoutToken).where(LogoutToken.expires_at < now).returning(LogoutToken.token_hash)
    return len(session.scalars(over).all()) + len(session.scalars(old).all())


def admit(session: Session, provider: Provider, claims: Claims) -> tuple[int, int]:
    """Return whose account a provider's word opens, and the link; a new one where the provider may make accounts.

    NotConnected, NotOfTheProvider otherwise. For the system.
    """
    require_domain(provider, claims)
    found = session.scalar(queries.identity_of(claims.issuer, claims.subject))
    if found is not None and found.provider_id == provider.id:
        user = session.scalars(queries.account(found.user_id)).one()
        if not user.is_active:
            raise NotConnected
        require_audience(provider, is_staff=user.is_staff)
        session.execute(queries.note_use(found.id, claims.email, clock.now()))
        return user.id, found.id
    if found is not None or provider.new_role is None or not claims.email:
        raise NotConnected
    # Somebody has the address already: to whom it belongs here, only signing in to that account proves.
    address = clean_email(claims.email)
    if session.scalar(queries.address_is_taken(address)):
        raise NotConnected
    user = create_user(session, email=address, full_name=claims.name, role=provider.new_role)
    return user.id, _connect(session, user.id, provider, claims).id


def link(session: Session, provider: Provider, claims: Claims) -> None:
    """Connect the actor's account with a subject; harmless when it is. Conflict when another account is."""
    user = _self(session)
    require_domain(provider, claims)
    require_audience(provider, is_staff=user.is_staff)
    mine = session.scalars(queries.identities_of(user.id)).all()
    if any((one.issuer, one.subject) == (claims.issuer, claims.subject) for one in mine):
        return
    if len(mine) >= MOST_LINKS:
        raise TooManyConnections
    _connect(session, user.id, provider, claims)
    _tell(session, user.id, NoticeKind.IDENTITY_ADDED, provider.label)


def unlink(session: Session, identity_id: int, *, session_id: int | None = None) -> list[int]:
    """Remove one of the actor's links; returns the web sessions that ended: those that began with it.

    The actor's own session goes on by itself. LastWayIn when nothing else opens the account.
    """
    user = _self(session)
    found = session.get(Identity, identity_id) if is_id(identity_id) else None
    if found is None or found.user_id != user.id:
        raise NotFound("There is no such connection here.")
    if not session.scalar(queries.has_other_way_in(user.id, found.id)):
        raise LastWayIn
    if session_id is not None:
        session.execute(queries.keep_session(session_id))
    return _remove(session, found)


def cut_off(session: Session, user_id: int, identity_id: int) -> list[int]:
    """Remove somebody's link, the last way in too; returns the web sessions that ended: those that began with it.

    By an administrator, for who lost the account at the provider or has it no more. They are told.
    """
    require_admin(actor_of(session))
    session.execute(locks.locked_account(user_id))
    found = session.get(Identity, identity_id) if is_id(identity_id) else None
    if found is None or found.user_id != user_id:
        raise NotFound("There is no such connection here.")
    return _remove(session, found)


def confirm_by(session: Session, flow: Flow, claims: Claims) -> str:
    """Note that the actor proved at a provider who they are; returns the new secret of their session.

    Only a connected subject, and one that signed in there after we had asked for it, proves anything.
    """
    user = _self(session)
    mine = session.scalars(queries.identities_of(user.id)).all()
    if all((one.issuer, one.subject) != (claims.issuer, claims.subject) for one in mine):
        raise NotConnected
    since = (flow.created_at - LEEWAY).timestamp()
    if claims.signed_in_at is None or claims.signed_in_at < since:
        raise TooOldASignIn
    return confirm(session, flow.session_id or 0)


def end_by_provider(session: Session, provider: Provider, logout: Logout) -> list[int]:
    """End the sessions, and half-done sign-ins, that a provider says are over; returns the web sessions that ended.

    Each word of it counts once: BadToken for one that comes again. For the system.
    """
    # As long as its age lets it be believed: see `tokens`.
    known = insert(LogoutToken).values(
        token_hash=digest(f"{provider.issuer} {logout.token_id}"),
        expires_at=clock.now() + OLDEST + 2 * LEEWAY,
    )
    if session.scalar(known.on_conflict_do_nothing().returning(LogoutToken.token_hash)) is None:
        raise BadToken("jti")
    session.execute(queries.end_steps_of(provider.id, logout.subject, logout.sid))
    return list(session.scalars(queries.end_sessions_of(provider.id, logout.subject, logout.sid)))


def require_domain(provider: Provider, claims: Claims) -> None:
    """Refuse who has no verified address in the provider's domains, where it has any."""
    if provider.domains and claims.email.rpartition("@")[2].lower() not in provider.domains:
        raise NotOfTheProvider


def require_audience(provider: Provider, *, is_staff: bool) -> None:
    """Refuse staff where a provider is for customers, and the other way round."""
    if not (provider.for_staff if is_staff else provider.for_customers):
        raise NotOfTheProvider


def _connect(session: Session, user_id: int, provider: Provider, claims: Claims) -> Identity:
    made = Identity(
        user_id=user_id,
        provider_id=provider.id,
        issuer=claims.issuer,
        subject=claims.subject,
        email=claims.email,
        last_used_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made


def _remove(session: Session, identity: Identity) -> list[int]:
    labels = {one.id: one.label for one in session.execute(queries.labels())}
    user_id, label = identity.user_id, labels.get(identity.provider_id, "")
    ended = list(session.scalars(queries.sessions_by([identity.id])))
    session.delete(identity)
    session.flush()
    _tell(session, user_id, NoticeKind.IDENTITY_REMOVED, label)
    return ended


def _self(session: Session) -> User:
    user = session.get(User, actor_of(session).user_id or 0)
    if user is None:
        raise NotFound("There is no such person here.")
    return user


def _tell(session: Session, user_id: int, kind: NoticeKind, detail: str) -> None:
    by_other = kind is NoticeKind.IDENTITY_REMOVED and actor_of(session).user_id != user_id
    whence.tell(session)
    session.add(AccountNotice(user_id=user_id, kind=kind, detail=detail, by_other=by_other))
    session.flush()
