"""Who calls: a bearer token (RFC 6750) becomes a Principal, or nobody gets in.

Every route asks, without being told to (see `ombud.api.routing`).
"""

from datetime import timedelta
from typing import Any

from fastapi import Request

from ombud import clock
from ombud.errors import Forbidden, Unauthenticated
from ombud.kit.tokens import digest, same, split_api_token
from ombud.people import accounts, queries
from ombud.people.accounts import Principal
from ombud.runtime import Runtime

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
USE_NOTED_EVERY = timedelta(minutes=1)


class InsufficientScope(Forbidden):
    """The token was made for less than this."""

    code = "insufficient_scope"
    default_message = "This token may not do that."


async def authenticate(request: Request, runtime: Runtime) -> Principal:
    """Return whose token came with the request; Unauthenticated in the same words whatever is wrong with it.

    What the token may do is `check_scope`'s to say.
    """
    token = _bearer(request)
    parts = split_api_token(token) if token.isascii() else None
    if parts is None:
        raise Unauthenticated("Send a valid token: Authorization: Bearer omb_live_...", presented=bool(token))
    key_id, secret = parts
    fields = await _fields(runtime, key_id)
    if fields is None or not same(fields["secret_hash"], digest(secret)):
        raise Unauthenticated("Send a valid token: Authorization: Bearer omb_live_...", presented=True)
    principal = accounts.principal_of(fields, request.state.request_id)
    used = fields["last_used_at"]
    if used is None or used < clock.now() - USE_NOTED_EVERY:
        await runtime.desk.arun(principal.actor, accounts.note_token_use, fields["token_id"])
    return principal


async def _fields(runtime: Runtime, key_id: str) -> dict[str, Any] | None:
    """Look a token up the short way; where that finds nothing, the usual one has the last word."""
    fields = await runtime.desk.arow(queries.known_token(), {queries.KEY_ID: key_id})
    if fields is None:
        row = await runtime.desk.alook(queries.token_principal(key_id))
        fields = dict(row._mapping) if row is not None else None
    return fields


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
