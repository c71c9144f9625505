"""OpenID providers, for administrators; and everybody's own connections with them."""

import asyncio
from collections.abc import Sequence

from fastapi import Request
from sqlalchemy.orm import Session

from ombud.api.auth import require_whole_proof
from ombud.api.calls import Call, CurrentCall
from ombud.api.created import Created
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.providers import (
    Connection,
    IdentityProvider,
    IdentityProviderPatch,
    NewIdentityProvider,
    ProviderProbe,
)
from ombud.db.context import actor_of
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault
from ombud.models import IdentityProvider as ProviderRow
from ombud.people.accounts import require_fresh
from ombud.people.actions import get_user
from ombud.people.openid import (
    Book,
    OpenIdDoor,
    change_provider,
    create_provider,
    cut_off,
    delete_provider,
    get_provider,
    queries,
    try_provider,
    unlink,
)
from ombud.people.policy import require_admin
from ombud.worker.hooks import guard_of
from ombud.worker.intake import vault_of

router = api_router("Signing in")


@router.get("/identity-providers")
async def list_identity_providers(call: CurrentCall) -> Page[IdentityProvider]:
    """List the providers; there are 20 at most."""
    rows = await call.read(_providers)
    return Page(items=[IdentityProvider.of(row) for row in rows], next_cursor=None)


@router.post("/identity-providers", status_code=201, responses=problems(409, 413, 415))
async def create_identity_provider(
    body: NewIdentityProvider, call: CurrentCall, created: Created
) -> IdentityProvider:
    """Set up a provider. Nothing is asked of it yet: try it."""
    require_admin(call.actor)
    require_fresh(call.principal)
    made = await call.write(_create, body, await _vault(call), guard_of(call.runtime.settings))
    created.at(f"/identity-providers/{made.id}")
    return made


@router.get("/identity-providers/{provider_id}")
async def read_identity_provider(provider_id: PathId, call: CurrentCall) -> IdentityProvider:
    """Read how a provider is set up."""
    return await call.read(_read, provider_id)


@router.patch("/identity-providers/{provider_id}", responses=problems(409, 413, 415))
async def update_identity_provider(
    provider_id: PathId, body: IdentityProviderPatch, call: CurrentCall
) -> IdentityProvider:
    """Change a provider. Switched off, it signs out who came by it."""
    require_admin(call.actor)
    require_fresh(call.principal)
    return await call.write(_change, provider_id, body, await _vault(call))


@router.delete("/identity-providers/{provider_id}", status_code=204)
async def delete_identity_provider(provider_id: PathId, call: CurrentCall) -> None:
    """Delete a provider with all connections to it."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(_delete, provider_id)


@router.post("/identity-providers/{provider_id}/trial")
async def try_identity_provider(
    provider_id: PathId, call: CurrentCall, request: Request
) -> Page[ProviderProbe]:
    """Ask a provider what a sign-in would ask, and say step by step what is wrong; nobody is signed in."""
    row = await call.read(_read, provider_id)
    settings = call.runtime.settings
    door = OpenIdDoor(call.runtime.desk, await _vault(call), Book(guard_of(settings)))
    base = settings.base_url or f"{request.url.scheme}://{request.url.netloc}"
    root = request.scope.get("root_path", "").removesuffix("/api/v1")
    uri = f"{base}{root}/sign-in/with/{row.slug}/return"
    probes = await try_provider(door, await door.sealed(row.id), uri)
    items = [ProviderProbe(name=one.name, is_good=one.is_good, text=one.text) for one in probes]
    return Page(items=items, next_cursor=None)


@router.get("/me/identities")
async def list_identities(call: CurrentCall) -> Page[Connection]:
    """List the providers that one's account is connected with. Connecting wants a browser: see the page Security."""
    return Page(items=await call.read(_connections, call.principal.user_id), next_cursor=None)


@router.delete("/me/identities/{identity_id}", status_code=204, responses=problems(409))
async def remove_identity(identity_id: PathId, call: CurrentCall) -> None:
    """Remove a connection; browsers that signed in by it are out. Refused for the last way in."""
    require_whole_proof(call.principal)
    await call.write(_unlink, identity_id)


@router.get("/users/{user_id}/identities")
async def list_identities_of(user_id: PathId, call: CurrentCall) -> Page[Connection]:
    """List the providers that somebody's account is connected with. For administrators."""
    require_admin(call.actor)
    return Page(items=await call.read(_connections, user_id), next_cursor=None)


@router.delete("/users/{user_id}/identities/{identity_id}", status_code=204)
async def cut_identity_off(user_id: PathId, identity_id: PathId, call: CurrentCall) -> None:
    """Remove somebody's connection, the last way in too; they are told. For administrators."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(_cut_off, user_id, identity_id)


async def _vault(call: Call) -> Vault:
    return await asyncio.to_thread(vault_of, call.runtime.settings)


def _providers(session: Session) -> Sequence[ProviderRow]:
    require_admin(actor_of(session))
    return session.scalars(queries.providers()).all()


def _read(session: Session, provider_id: int) -> IdentityProvider:
    return IdentityProvider.of(get_provider(session, provider_id))


def _create(session: Session, body: NewIdentityProvider, vault: Vault, guard: Guard) -> IdentityProvider:
    given = body.given()
    issuer = str(given.pop("issuer"))
    made = create_provider(session, issuer, given, vault=vault, guard=guard)  # type: ignore[arg-type]  # has the fields of ProviderChanges
    return _read(session, made.id)


def _change(
    session: Session, provider_id: int, body: IdentityProviderPatch, vault: Vault
) -> IdentityProvider:
    change_provider(session, provider_id, body.given(), vault=vault)  # type: ignore[arg-type]  # has the fields of ProviderChanges
    session.expire_all()  # updated_at is the database's
    return _read(session, provider_id)


def _delete(session: Session, provider_id: int) -> None:
    delete_provider(session, provider_id)


def _connections(session: Session, user_id: int) -> list[Connection]:
    get_user(session, user_id)
    rows = session.execute(queries.connections(user_id))
    return [
        Connection(
            id=one.identity_id,
            provider=one.label,
            email=one.email,
            created_at=one.created_at,
            last_used_at=one.last_used_at,
        )
        for one in rows
        if one.identity_id is not None
    ]


def _unlink(session: Session, identity_id: int) -> None:
    unlink(session, identity_id)


def _cut_off(session: Session, user_id: int, identity_id: int) -> None:
    cut_off(session, user_id, identity_id)
