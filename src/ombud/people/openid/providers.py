"""Keep providers: set them up, change them, delete them, seal their secrets with another key. Administrators only."""

import re
from collections.abc import Iterable
from typing import Any, TypedDict

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.guard import Guard
from ombud.kit.ids import is_id
from ombud.kit.public_urls import checked_url
from ombud.kit.text import clean_line, clean_title
from ombud.kit.vault import Vault
from ombud.models import IdentityProvider, SignInStep, UserRole, WebSession
from ombud.models.identity import NEW_ROLES
from ombud.people.addresses import clean_domains
from ombud.people.locks import queries as locks
from ombud.people.openid import queries
from ombud.people.policy import require_admin

TABLE = "identity_providers"
MOST = 20
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")


class ProviderChanges(TypedDict, total=False):
    """The fields of a provider that an administrator sets. `client_secret` is sealed; empty, there is none."""

    slug: str
    label: str
    client_id: str
    client_secret: str
    scopes: Iterable[str]
    is_active: bool
    for_staff: bool
    for_customers: bool
    domains: Iterable[str]
    new_role: UserRole | None
    asks_second_factor: bool
    ends_session: bool


def create_provider(
    session: Session, issuer: str, changes: ProviderChanges, *, vault: Vault, guard: Guard
) -> IdentityProvider:
    """Set up a provider. Nothing is asked of it yet; `try_provider` does."""
    require_admin(actor_of(session))
    if len(session.scalars(queries.providers()).all()) >= MOST:
        raise Conflict(f"There are {MOST} providers already. Delete one first.")
    provider = IdentityProvider(
        issuer=checked_issuer(issuer, guard),
        slug="",
        label="",
        client_id="",
        for_staff=True,
        for_customers=True,
    )
    provider.domains, provider.new_role = [], None
    _apply(provider, {"slug": "", "label": "", "client_id": "", **changes})
    session.add(provider)
    session.flush()
    _seal(session, provider, changes.get("client_secret", ""), vault)
    return provider


def change_provider(
    session: Session, provider_id: int, changes: ProviderChanges, *, vault: Vault
) -> tuple[IdentityProvider, list[int]]:
    """Change some fields of a provider; returns it, and the web sessions that ended.

    Those are the ones that began by it, once it is switched off, or not for staff, or for customers, any more.
    Its issuer stays: with another one its links would be somebody else's. Set up another provider for that.
    """
    require_admin(actor_of(session))
    provider = get_provider(session, provider_id)
    _apply(provider, changes)
    session.flush()
    if "client_secret" in changes:
        _seal(session, provider, changes["client_secret"], vault)
    return provider, _end_what_it_opened(session, provider)


def _end_what_it_opened(session: Session, provider: IdentityProvider) -> list[int]:
    staff, customers = (
        not (provider.is_active and one) for one in (provider.for_staff, provider.for_customers)
    )
    if not (staff or customers):
        return []
    # Who signs in by it just now is before this, and ends with it, or finds it so (ADR 0032).
    session.execute(locks.locked_accounts_through(provider.id))
    ended = queries.end_sessions_through(provider.id, staff=staff, customers=customers)
    return list(session.scalars(ended))


def delete_provider(session: Session, provider_id: int) -> list[int]:
    """Delete a provider with all links to it; returns the web sessions that ended, which began with its word."""
    require_admin(actor_of(session))
    provider = get_provider(session, provider_id)
    ended = list(session.scalars(queries.end_sessions_through(provider.id)))
    session.delete(provider)
    session.flush()
    return ended


def get_provider(session: Session, provider_id: int) -> IdentityProvider:
    """Return a provider."""
    require_admin(actor_of(session))
    provider = session.get(IdentityProvider, provider_id) if is_id(provider_id) else None
    if provider is None:
        raise NotFound("There is no such provider here.")
    return provider


def reseal(session: Session, vault: Vault) -> int:
    """Seal with the newest key what older ones sealed; returns how many secrets that were. For the system."""
    done = 0
    for provider in session.scalars(queries.sealed_providers()):
        sealed = provider.client_secret
        if sealed is not None and not vault.is_current(sealed):
            place = (TABLE, "client_secret", provider.id)
            provider.client_secret = vault.seal(vault.open(sealed, place), place)
            done += 1
    session.flush()
    return done + sum(_reseal_tokens(session, vault, kept) for kept in (WebSession, SignInStep))


def count_stale(session: Session, vault: Vault) -> int:
    """Return how many secrets another key than the newest sealed. For the system."""
    sealed = [one.client_secret for one in session.scalars(queries.sealed_providers())]
    for kept in (WebSession, SignInStep):
        sealed += [one.id_token for one in session.execute(queries.sealed_tokens(kept))]
    return sum(one is not None and not vault.is_current(one) for one in sealed)


def token_place(identity_id: int) -> tuple[str, str, int]:
    """Return where an ID token is sealed: for the link that it came by, so that sessions take it from sign-ins."""
    return "identities", "id_token", identity_id


def _reseal_tokens(session: Session, vault: Vault, kept: type[WebSession] | type[SignInStep]) -> int:
    old = [one for one in session.execute(queries.sealed_tokens(kept)) if not vault.is_current(one.id_token)]
    for one in old:
        place = token_place(one.identity_id)
        session.execute(queries.keep_token(kept, one.key, vault.seal(vault.open(one.id_token, place), place)))
    return len(old)


def checked_issuer(issuer: str, guard: Guard) -> str:
    """Return an issuer in order: an address without query and fragment, to the letter as it was given."""
    checked = checked_url("issuer", issuer.strip(), guard)
    if len(checked) > 500 or "?" in checked:
        raise Invalid(fields={"issuer": "must be an address of at most 500 characters without a query."})
    return checked


def _apply(provider: IdentityProvider, changes: ProviderChanges) -> None:
    for name, value in changes.items():
        if name != "client_secret":
            setattr(provider, name, _checked(name, value))
    if not (provider.for_staff or provider.for_customers):
        raise Invalid(fields={"for_staff": "must be on where customers may not use it."})
    role = provider.new_role
    if role is UserRole.CUSTOMER and not provider.for_customers:
        raise Invalid(fields={"new_role": "must be one that the provider is for."})
    if role in (UserRole.AGENT, UserRole.LIGHT_AGENT) and not (provider.for_staff and provider.domains):
        raise Invalid(
            fields={"new_role": "may be staff only where staff may use it, with addresses in its domains."}
        )


def _checked(name: str, value: Any) -> Any:
    match name:
        case "slug":
            if not _SLUG.fullmatch(value):
                raise Invalid(
                    fields={"slug": "must have 1 to 40 small letters, digits and hyphens, such as keycloak."}
                )
        case "label":
            return clean_title("label", value, limit=100)
        case "client_id":
            return clean_line("client_id", value, limit=255)
        case "scopes":
            return _clean_scopes(value)
        case "domains":
            return _clean_domains(value)
        case "new_role":
            return _clean_role(value)
        case _ if name not in ProviderChanges.__annotations__:
            raise Invalid(fields={name: "is not a field of a provider."})
    return value


def _clean_role(value: str | None) -> UserRole | None:
    if value is not None and value not in NEW_ROLES:
        raise Invalid(fields={"new_role": "may be customer, light_agent or agent."})
    return UserRole(value) if value is not None else None


def _clean_domains(values: Iterable[str]) -> list[str]:
    domains = clean_domains(values)
    if len(domains) > 50:
        raise Invalid(fields={"domains": "may be 50 at most."})
    return domains


def _clean_scopes(values: Iterable[str]) -> list[str]:
    scopes = list(dict.fromkeys(["openid", *values]))
    if len(scopes) > 20 or not all(_SCOPE.fullmatch(one) for one in scopes):
        raise Invalid(fields={"scopes": "may be 20 words without spaces, each of at most 100 characters."})
    return scopes


def _seal(session: Session, provider: IdentityProvider, secret: str, vault: Vault) -> None:
    if len(secret) > 1000 or not secret.isprintable():
        raise Invalid(fields={"client_secret": "must be one line of at most 1,000 characters."})
    sealed = vault.seal(secret, (TABLE, "client_secret", provider.id)) if secret else None
    provider.client_secret = sealed
    session.flush()
    session.refresh(provider, ["has_secret"])
