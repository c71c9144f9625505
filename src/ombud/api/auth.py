"""Who calls: a bearer token (RFC 6750) becomes a Principal, or nobody gets in.

Every route asks, without being told to (see `ombud.api.routing`).
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from fastapi import Request
from starlette.types import Scope

from ombud import clock
from ombud.db.plain import Seat
from ombud.errors import Forbidden, Unauthenticated
from ombud.kit.peers import address_of
from ombud.kit.tokens import digest, same, split_api_token
from ombud.people import accounts, queries, whence
from ombud.people.accounts import Principal, require_fresh
from ombud.runtime import Runtime

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
USE_NOTED_EVERY = timedelta(minutes=1)
KNOWN = 10_000
"""Callers that are remembered."""


class InsufficientScope(Forbidden):
    """The token was made for less than this."""

    code = "insufficient_scope"
    default_message = "This token may not do that."


@dataclass(frozen=True, slots=True)
class Known:
    """Who a token stood for when it was last looked at, for `ombud.api.plain`."""

    principal: Principal
    seat: Seat
    used_at: datetime


Callers: TypeAlias = OrderedDict[bytes, Known]
"""By the hash of the whole token."""


async def authenticate(request: Request, runtime: Runtime) -> Principal:
    """Return whose token came with the request; Unauthenticated in the same words whatever is wrong with it.

    What the token may do is `check_scope`'s to say.
    """
    token = _bearer(request)
    parts = split_api_token(token) if token.isascii() else None
    if parts is None:
        raise Unauthenticated("Send a valid token: Authorization: Bearer omb_live_...", presented=bool(token))
    key_id, secret = parts
    fields = await _fields(runtime, key_id, digest(secret))
    if fields is None:
        raise Unauthenticated("Send a valid token: Authorization: Bearer omb_live_...", presented=True)
    if request.method != "GET":
        whence.came_from(address_of(request.client), request.headers.get("user-agent", ""))
    principal = accounts.principal_of(fields, request.state.request_id)
    used = fields["last_used_at"]
    if used is None or used < clock.now() - USE_NOTED_EVERY:
        await runtime.desk.arun(principal.actor, accounts.note_token_use, fields["token_id"])
    else:
        seat = Seat.of(key_id, fields["stamp"], principal.actor.for_request(""))
        _keep(request.app.state.known, digest(token), Known(principal, seat, used))
    return principal


def known_caller(scope: Scope) -> Known | None:
    """Return whose token came with a request, as they were when it was last looked at; the seat says whether still so.

    None: authenticate them.
    """
    token = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            if token:
                return None
            token = value
    if token[:7].lower() != b"bearer ":
        return None
    known: Known | None = scope["app"].state.known.get(hashlib.sha256(token[7:].strip()).digest())
    if known is None or known.used_at < clock.now() - USE_NOTED_EVERY:
        return None
    return known


def _keep(callers: Callers, token: bytes, known: Known) -> None:
    callers[token] = known
    callers.move_to_end(token)
    while len(callers) > KNOWN:
        callers.popitem(last=False)


async def _fields(runtime: Runtime, key_id: str, secret_hash: bytes) -> dict[str, Any] | None:
    """Look a token up the short way; where that finds none with this secret, the usual one has the last word.

    So it takes as long whether the id or the secret is wrong: nobody learns which ids there are.
    """
    fields = await runtime.desk.arow(queries.known_token(), {queries.KEY_ID: key_id})
    if fields is None or not same(fields["secret_hash"], secret_hash):
        row = await runtime.desk.alook(queries.token_principal(key_id))
        fields = dict(row._mapping) if row is not None else None
    return fields if fields is not None and same(fields["secret_hash"], secret_hash) else None


def _bearer(request: Request) -> str:
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return ""
    scheme, _, token = values[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def check_scope(principal: Principal, method: str, scope: str | None = None) -> None:
    """A token without scopes does what its owner may; one with scopes only what they say.

    With `scope` the token must be made for that by name; otherwise reading and writing go by the method.
    """
    if scope is not None:
        if scope not in principal.scopes:
            raise InsufficientScope
        return
    wanted = "read" if method in SAFE_METHODS else "write"
    if principal.scopes and wanted not in principal.scopes:
        raise InsufficientScope


def require_whole_proof(principal: Principal) -> None:
    """Open changes of how the owner of a token signs in: to a fresh proof, and not to a token made for some things.

    A password that such a token sets, or a passkey that it adds, would open all that it was kept from, for good.
    """
    if principal.scopes:
        raise InsufficientScope
    require_fresh(principal)
