"""Reading providers, links and ways to a provider, and the statement that lets one answer through. Builders only."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Delete, Select, Update, and_, delete, func, or_, select, update
from sqlalchemy.orm import undefer
from sqlalchemy.sql.dml import ReturningDelete

from ombud.models import Identity, IdentityProvider, SignInFlow, SignInStep, User, WebSession


def providers(*, after: int = 0, limit: int = 500) -> Select[IdentityProvider]:
    """Return providers by id after `after`."""
    return (
        select(IdentityProvider).where(IdentityProvider.id > after).order_by(IdentityProvider.id).limit(limit)
    )


def sealed_provider(provider_id: int) -> Select[IdentityProvider]:
    """Return a provider with its sealed secret. For the system."""
    return (
        select(IdentityProvider)
        .options(undefer(IdentityProvider.client_secret))
        .where(IdentityProvider.id == provider_id)
    )


def sealed_by_slug(slug: str) -> Select[IdentityProvider]:
    """Return the provider in use with that short name, with its sealed secret. For the system."""
    return (
        select(IdentityProvider)
        .options(undefer(IdentityProvider.client_secret))
        .where(IdentityProvider.slug == slug, IdentityProvider.is_active)
    )


def sealed_providers() -> Select[IdentityProvider]:
    """Return all providers with their sealed secrets, locked, for another key. For the system."""
    return (
        select(IdentityProvider)
        .options(undefer(IdentityProvider.client_secret))
        .where(IdentityProvider.client_secret.is_not(None))
        .order_by(IdentityProvider.id)
        .with_for_update()
    )


def labels() -> Select[*tuple[Any, ...]]:
    """Return id, slug, label, is_active, for_staff and for_customers of all providers by label, for anybody."""
    columns = ("id", "slug", "label", "is_active", "for_staff", "for_customers")
    return select(func.ombud.provider_labels().table_valued(*columns))


def connections(user_id: int) -> Select[*tuple[Any, ...]]:
    """Return `labels` of all providers, each with identity_id, email, created_at, last_used_at of somebody's links."""
    columns = ("id", "slug", "label", "is_active", "for_staff", "for_customers")
    said = func.ombud.provider_labels().table_valued(*columns).alias("said")
    return (
        select(
            *said.c,
            Identity.id.label("identity_id"),
            Identity.email,
            Identity.created_at,
            Identity.last_used_at,
        )
        .select_from(
            said.outerjoin(Identity, and_(Identity.provider_id == said.c.id, Identity.user_id == user_id))
        )
        .order_by(func.lower(said.c.label), said.c.id, Identity.id)
    )


def identity_of(issuer: str, subject: str) -> Select[Identity]:
    """Return whose account a subject is. For the system."""
    return select(Identity).where(Identity.issuer == issuer, Identity.subject == subject)


def identities_of(user_id: int) -> Select[Identity]:
    """Return somebody's links, oldest first."""
    return select(Identity).where(Identity.user_id == user_id).order_by(Identity.id)


def account(user_id: int) -> Select[User]:
    """Return a person whatever became of them, to see whether they may come in. For the system."""
    return select(User).where(User.id == user_id)


def address_is_taken(email: str) -> Select[bool]:
    """Return whether anybody has, or had before a merge, that address. For the system."""
    return select(select(User.id).where(User.email_norm == func.lower(email)).exists())


def has_other_way_in(user_id: int, identity_id: int) -> Select[bool]:
    """Return whether somebody gets in without one of their links; who asks for another waits until this is over."""
    return select(func.ombud.has_other_way_in(user_id, identity_id))


def sessions_by(identity_ids: list[int]) -> Select[int]:
    """Return the web sessions that began with these links."""
    return select(WebSession.id).where(WebSession.identity_id.in_(identity_ids))


def links_through(provider_id: int) -> Select[int]:
    """Return the links of a provider."""
    return select(Identity.id).where(Identity.provider_id == provider_id)


def end_sessions_through(
    provider_id: int, *, staff: bool = True, customers: bool = True
) -> ReturningDelete[int]:
    """Return what ends the web sessions of staff, of customers, that began with a provider's word, and says which."""
    links = links_through(provider_id).join(User, User.id == Identity.user_id)
    links = links.where(
        User.is_staff.in_([kind for kind, over in ((True, staff), (False, customers)) if over])
    )
    return delete(WebSession).where(WebSession.identity_id.in_(links)).returning(WebSession.id)


def keep_session(session_id: int) -> Update:
    """Return what lets a web session stand by itself, whatever it began with."""
    stands = {"identity_id": None, "provider_sid": None, "id_token": None}
    return update(WebSession).where(WebSession.id == session_id).values(stands)


def leaving(session_id: int) -> Select[*tuple[Any, ...]]:
    """Return the provider that a web session began with, its link, and its sealed ID token. For the system."""
    return (
        select(IdentityProvider, WebSession.identity_id, WebSession.id_token)
        .join(Identity, Identity.provider_id == IdentityProvider.id)
        .join(WebSession, WebSession.identity_id == Identity.id)
        .where(WebSession.id == session_id)
    )


def end_sessions_of(provider_id: int, subject: str, sid: str) -> ReturningDelete[int]:
    """Return what ends the web sessions that a provider says are over, and says which. For the system.

    By its own session's name; those of the subject whose name it never said are taken for it, too.
    """
    over = _is_over(WebSession.identity_id, WebSession.provider_sid, provider_id, subject, sid)
    return delete(WebSession).where(*over).returning(WebSession.id)


def end_steps_of(provider_id: int, subject: str, sid: str) -> Delete:
    """Return what ends the half-done sign-ins of sessions that a provider says are over. For the system."""
    return delete(SignInStep).where(
        *_is_over(SignInStep.identity_id, SignInStep.provider_sid, provider_id, subject, sid)
    )


def _is_over(
    identity_id: Any, known_sid: Any, provider_id: int, subject: str, sid: str
) -> list[ColumnElement[bool]]:
    links = links_through(provider_id)
    if subject:
        links = links.where(Identity.subject == subject)
    over = [identity_id.in_(links)]
    if sid:
        named = known_sid == sid
        over.append(or_(named, known_sid.is_(None)) if subject else named)
    return over


def sealed_tokens(kept: type[WebSession] | type[SignInStep]) -> Select[*tuple[Any, ...]]:
    """Return key, link and sealed ID token of all sessions, or half-done sign-ins, locked. For the system."""
    key: Any = WebSession.id if kept is WebSession else SignInStep.token_hash
    found = select(key.label("key"), kept.identity_id, kept.id_token)
    return found.where(kept.id_token.is_not(None)).order_by(key).with_for_update()


def keep_token(kept: type[WebSession] | type[SignInStep], key: Any, sealed: bytes) -> Update:
    """Return what keeps an ID token under another seal. For the system."""
    own: Any = WebSession.id if kept is WebSession else SignInStep.token_hash
    return update(kept).where(own == key).values(id_token=sealed)


def note_use(identity_id: int, email: str, now: datetime) -> Update:
    """Return what keeps when a link was used last, and the address that the provider said."""
    return (
        update(Identity)
        .where(Identity.id == identity_id)
        .values(last_used_at=now, email=email)
        .execution_options(synchronize_session=False)
    )


def take_flow(state_hash: bytes, bound_to: bytes, slug: str, now: datetime) -> Select[*tuple[Any, ...]]:
    """Remove a living way to a provider and return it: of any number at once, one gets it. For the system."""
    named = select(IdentityProvider.id).where(IdentityProvider.slug == slug).scalar_subquery()
    taken = (
        delete(SignInFlow)
        .where(
            SignInFlow.state_hash == state_hash,
            SignInFlow.bound_to == bound_to,
            SignInFlow.provider_id == named,
            SignInFlow.expires_at > now,
        )
        .returning(
            SignInFlow.kind,
            SignInFlow.provider_id,
            SignInFlow.nonce,
            SignInFlow.verifier,
            SignInFlow.redirect_uri,
            SignInFlow.next_href,
            SignInFlow.session_id,
            SignInFlow.created_at,
        )
        .cte("taken")
    )
    return select(*taken.c)
