"""Settings: the OpenID providers by which people sign in. For administrators."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.errors import Conflict, Invalid
from ombud.kit.vault import Vault
from ombud.models import IdentityProvider, UserRole
from ombud.people.openid import (
    Probe,
    ProviderChanges,
    change_provider,
    create_provider,
    delete_provider,
    get_provider,
    queries,
    try_provider,
)
from ombud.people.policy import require_admin
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, field_errors, text_of
from ombud.web.openid import logout_uri, open_id_door, return_uri
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.settings import enter
from ombud.web.views.menus import Option
from ombud.worker.intake import vault_of

router = APIRouter(prefix="/settings/providers")

_FIELDS = {
    "slug": "The short name",
    "label": "The name",
    "issuer": "The issuer",
    "client_id": "The client id",
    "client_secret": "The client secret",
    "scopes": "The scopes",
    "domains": "Each domain",
    "domain": "Each domain",
    "for_staff": "Who may use it",
    "new_role": "The role of new accounts",
}
_FLAGS = ("is_active", "for_staff", "for_customers", "asks_second_factor", "ends_session")
_NEW: dict[str, Any] = {
    "slug": "",
    "label": "",
    "issuer": "",
    "client_id": "",
    "scopes": "openid email profile",
    "domains": "",
    "new_role": "",
    "is_active": True,
    "for_staff": True,
    "for_customers": True,
    "asks_second_factor": False,
    "ends_session": False,
}
_ROLES = (
    ("", "None: an account must be there"),
    ("customer", "Customers"),
    ("light_agent", "Light agents"),
    ("agent", "Agents"),
)


@router.get("")
async def list_providers(request: Request, visitor: SignedIn) -> Response:
    """Show the providers, and a form for another."""
    enter(visitor.actor, "providers")
    return await _page(request, visitor, None, _NEW)


@router.post("")
async def create(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Set a provider up."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    vault, guard = await _vault(visitor), visitor.parts.book.guard
    try:
        made = await visitor.desk.arun(
            visitor.actor, create_provider, text_of(form, "issuer"), _changes(form), vault=vault, guard=guard
        )
    except (Invalid, Conflict) as error:
        return await _page(request, visitor, None, _typed(form), error=error)
    return go_to(request, at(f"/settings/providers/{made.id}"))


@router.get("/{provider_id}")
async def show(request: Request, visitor: SignedIn, provider_id: str) -> Response:
    """Show how a provider is set up."""
    require_admin(visitor.actor)
    found = await _find(visitor, provider_id)
    return await _page(request, visitor, found, _values(found))


@router.post("/{provider_id}")
async def change(request: Request, visitor: SignedIn, form: SignedForm, provider_id: str) -> Response:
    """Change a provider; switched off, it signs out who came by it."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    changes = _changes(form)
    if text_of(form, "without_secret"):
        changes["client_secret"] = ""
    try:
        _found, ended = await visitor.desk.arun(
            visitor.actor, change_provider, _number(provider_id), changes, vault=await _vault(visitor)
        )
    except (Invalid, Conflict) as error:
        found = await _find(visitor, provider_id)
        return await _page(request, visitor, found, _typed(form) | {"issuer": found.issuer}, error=error)
    _end(visitor, ended)
    return go_to(request, at(f"/settings/providers/{_number(provider_id)}"))


@router.post("/{provider_id}/deletion")
async def delete(request: Request, visitor: SignedIn, _signed: SignedForm, provider_id: str) -> Response:
    """Delete a provider with all connections to it."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    _end(visitor, await visitor.desk.arun(visitor.actor, delete_provider, _number(provider_id)))
    return go_to(request, at("/settings/providers"))


@router.post("/{provider_id}/trial")
async def try_out(request: Request, visitor: SignedIn, _signed: SignedForm, provider_id: str) -> Response:
    """Ask the provider what a sign-in would ask, and say step by step what is wrong."""
    require_admin(visitor.actor)
    found = await _find(visitor, provider_id)
    door = await open_id_door(visitor.parts)
    uri = return_uri(request, found.slug)
    probes = await try_provider(door, await door.sealed(found.id), uri)
    return await _page(request, visitor, found, _values(found), probes=probes)


async def _find(visitor: Visitor, provider_id: str) -> IdentityProvider:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        return await session.run_sync(get_provider, _number(provider_id))


async def _vault(visitor: Visitor) -> Vault:
    return await asyncio.to_thread(vault_of, visitor.parts.runtime.settings)


def _end(visitor: Visitor, ended: Sequence[int]) -> None:
    for one in ended:
        visitor.parts.listeners.end(one)


def _typed(form: FormData) -> dict[str, Any]:
    return {name: bool(text_of(form, name)) if name in _FLAGS else text_of(form, name) for name in _NEW}


def _changes(form: FormData) -> ProviderChanges:
    typed = _typed(form)
    role, secret = typed.pop("new_role"), text_of(form, "client_secret").strip()
    typed.pop("issuer")
    typed["scopes"], typed["domains"] = typed["scopes"].split(), typed["domains"].replace(",", " ").split()
    if role and role not in list(UserRole):
        raise Invalid(fields={"new_role": "is not one of the choices."})
    typed["new_role"] = UserRole(role) if role else None
    if secret:
        typed["client_secret"] = secret
    return typed  # type: ignore[return-value]  # has its fields


def _values(row: IdentityProvider) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _NEW}
    role = row.new_role.value if row.new_role else ""
    return values | {"scopes": " ".join(row.scopes), "domains": " ".join(row.domains), "new_role": role}


async def _page(
    request: Request,
    visitor: Visitor,
    found: IdentityProvider | None,
    values: dict[str, Any],
    *,
    error: Invalid | Conflict | None = None,
    probes: Sequence[Probe] = (),
) -> Response:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        rows = (await session.scalars(queries.providers())).all() if found is None else []
    errors = field_errors(error, _FIELDS) if isinstance(error, Invalid) else dict.fromkeys(_FIELDS, "")
    context = {
        "frame": make_frame(request, visitor, around, "settings"),
        "rows": rows,
        "found": found,
        "values": values,
        "errors": errors | {"domains": errors["domains"] or errors["domain"]},
        "failure": error.message if error is not None and not any(errors.values()) else "",
        "roles": [Option(value, label, selected=value == values["new_role"]) for value, label in _ROLES],
        "return_uri": return_uri(request, found.slug if found else "SHORT-NAME"),
        "logout_uri": logout_uri(request, found.slug if found else "SHORT-NAME"),
        "probes": probes,
        "is_fresh": visitor.is_fresh,
    }
    template = "pages/providers.html" if found is None else "pages/provider.html"
    return page(request, template, context, status=422 if error is not None else 200)
