"""Tokens of providers: whose signature, for whom, of which sign-in, and how old.

ID tokens after OpenID Connect Core 1.0, section 3.1.3.7; logout tokens after OpenID Connect Back-Channel Logout 1.0,
section 2.6. Neither is ever taken for the other: the one must have a nonce, the other must have none, but an event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from ombud.errors import Forbidden, Invalid
from ombud.kit.text import seen_line
from ombud.people.addresses import clean_email

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a key that only the provider has. Never `none`, never one by a secret (a public key is no secret)."""
LONGEST = 16 * 1024
LEEWAY = timedelta(minutes=1)
"""By how much two clocks may differ."""
OLDEST = timedelta(minutes=10)
FEWEST_BITS = 2048
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPES = ("jwt", "logout+jwt", "application/logout+jwt")


class BadToken(Forbidden):
    """A token that proves nothing. `reason` is one word, for the log."""

    code = "bad_id_token"
    default_message = "The provider's answer does not prove who you are."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider vouches for. `email` is empty unless the provider says that it verified it."""

    issuer: str
    subject: str
    email: str = ""
    name: str = ""
    signed_in_at: int | None = None
    sid: str | None = None
    """What the provider calls its own session, where it says so."""


@dataclass(frozen=True, slots=True)
class Logout:
    """A provider's word that sessions are over: a subject's, one by its name (`sid`), or both. One of them is there."""

    token_id: str
    subject: str = ""
    sid: str = ""


def key_id_of(token: str) -> str | None:
    """Return which key a token says that it is signed with; BadToken for what is no token, or may not be believed."""
    key_id = _header_of(token).get("kid")
    return key_id if isinstance(key_id, str) else None


def check_id_token(
    token: str,
    keys: Sequence[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: datetime,
    access_token: str = "",
) -> Mapping[str, Any]:
    """Return the claims of a token that the issuer signed for this client and this sign-in; BadToken otherwise."""
    from authlib.oidc.core import CodeIDToken
    from joserfc.errors import JoseError

    header = _header_of(token)
    claims = _signed(token, header, keys)
    options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
    params = {"client_id": client_id, "nonce": nonce, "access_token": access_token}
    at = int(now.timestamp())
    for name in ("exp", "iat"):
        if not _is_time(claims.get(name)):
            raise BadToken(name)
    try:
        CodeIDToken(claims, header, options, params).validate(now=at, leeway=int(LEEWAY.total_seconds()))
    except (JoseError, AttributeError, TypeError, ValueError) as error:
        raise BadToken(getattr(error, "claim", None) or type(error).__name__) from None
    _require_audience_and_age(claims, client_id, at)
    if not _is_subject(claims["sub"]):
        raise BadToken("sub")
    return claims


def check_logout_token(
    token: str, keys: Sequence[Mapping[str, Any]], *, issuer: str, client_id: str, now: datetime
) -> Logout:
    """Return what a logout token ends that the issuer signed for this client; BadToken otherwise.

    Whether it comes for the first time, who keeps them must say.
    """
    header = _header_of(token)
    kind = header.get("typ", "jwt")
    if not (isinstance(kind, str) and kind.lower() in LOGOUT_TYPES):
        raise BadToken("typ")
    claims, at = _signed(token, header, keys), int(now.timestamp())
    if claims.get("iss") != issuer:
        raise BadToken("iss")
    for name in ("exp", "iat"):
        if not _is_time(claims.get(name)):
            raise BadToken(name)
    if claims["exp"] <= at - LEEWAY.total_seconds():
        raise BadToken("exp")
    _require_audience_and_age(claims, client_id, at)
    return _logout_in(claims)


def read_claims(claims: Mapping[str, Any], more: Mapping[str, Any]) -> Claims:
    """Return what is used of an ID token and of what its provider says beside it (userinfo, for the same subject)."""
    said = {**(more if more.get("sub") == claims["sub"] else {}), **claims}
    email, verified = said.get("email"), said.get("email_verified")
    name, when, sid = said.get("name"), claims.get("auth_time"), claims.get("sid")
    return Claims(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=_address(email) if verified is True and isinstance(email, str) else "",
        name=_line(name) if isinstance(name, str) else "",
        signed_in_at=int(when) if isinstance(when, int | float) and _is_time(when) else None,
        sid=sid if _is_sid(sid) else None,
    )


def _address(said: str) -> str:
    try:
        return clean_email(said)
    except Invalid:
        return ""


def _line(said: str) -> str:
    return seen_line("".join(one if one.isprintable() else " " for one in said), 255)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**11


def _logout_in(claims: Mapping[str, Any]) -> Logout:
    events, token_id = claims.get("events"), claims.get("jti")
    if not (isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict)):
        raise BadToken("events")
    if "nonce" in claims:  # an ID token, which says that somebody came
        raise BadToken("nonce")
    if not (isinstance(token_id, str) and token_id and token_id.isprintable()):
        raise BadToken("jti")
    subject, sid = claims.get("sub"), claims.get("sid")
    if not (subject is None or _is_subject(subject)) or subject is sid is None:
        raise BadToken("sub")
    if not (sid is None or _is_sid(sid)):
        raise BadToken("sid")
    return Logout(token_id, subject or "", sid or "")


def _is_subject(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isascii() and value.isprintable()


def _is_sid(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable()


def _require_audience_and_age(claims: Mapping[str, Any], client_id: str, at: int) -> None:
    """Refuse a token that is for other clients, or whose time of issue is long ago or still to come."""
    audiences = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    if client_id not in audiences:  # exactly: the library would take a part of a list for it
        raise BadToken("aud")
    if not at - OLDEST.total_seconds() <= claims["iat"] <= at + LEEWAY.total_seconds():
        raise BadToken("iat")


def _header_of(token: str) -> Mapping[str, Any]:
    from joserfc import jws
    from joserfc.errors import JoseError

    if not 0 < len(token) <= LONGEST or token.count(".") != 2 or not token.isascii():
        raise BadToken("form")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, TypeError, ValueError, RecursionError):
        raise BadToken("form") from None
    if header.get("alg") not in ALGORITHMS:
        raise BadToken("alg")
    return header


def _signed(token: str, header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the claims of a token that one of the keys signed: the one that it names, where it names one."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    algorithm, key_id = str(header["alg"]), header.get("kid")
    for one in keys:
        if (key_id is not None and one.get("kid") != key_id) or one.get("alg", algorithm) != algorithm:
            continue
        key = _key(one, algorithm)
        if key is None:
            continue
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, TypeError, ValueError, RecursionError):
            continue
    raise BadToken("signature")


def _key(said: Mapping[str, Any], algorithm: str) -> Any:
    """Return a public key that may sign with that algorithm; None for another, and for one that is too short."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    kind: type[ECKey | RSAKey] = ECKey if algorithm.startswith("ES") else RSAKey
    if said.get("kty") != kind.key_type:
        return None
    try:
        key = kind.import_key(dict(said))
        if isinstance(key, RSAKey) and key.public_key.key_size < FEWEST_BITS:
            return None
    except (JoseError, TypeError, ValueError):
        return None
    return key
