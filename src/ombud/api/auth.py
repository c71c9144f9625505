"""Who calls: a bearer token (RFC 6750) becomes a Principal, or nobody gets in.

Every route asks, without being told to (see `ombud.api.routing`).
"""

from datetime import timedelta

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
    row = await runtime.desk.alook(queries.token_principal(key_id))
    if row is None or not same(row.secret_hash, digest(secret)):
        raise Unauthenticated("Send a valid token: Authorization: Bearer omb_live_...", presented=True)
    principal = accounts.principal_of(row, request.state.request_id)
    if row.last_used_at is None or row.last_used_at < clock.now() - USE_NOTED_EVERY:
        await runtime.desk.arun(principal.actor, accounts.note_token_use, row.token_id)
    return principal


def _bearer(request: Request) -> str:
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return ""
    scheme, _, token = values[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def check_scope(principal: Principal, method: str) -> None:
    """A token without scopes does what its owner may; one with scopes only what they say."""
    wanted = "read" if method in SAFE_METHODS else "write"
    if principal.scopes and wanted not in principal.scopes:
        raise InsufficientScope
