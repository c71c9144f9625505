"""ID tokens: whose signature, for whom, of which sign-in, and how old (OpenID Connect Core 1.0, section 3.1.3.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ombud.errors import Forbidden, Invalid
from ombud.people.actions import clean_email

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a key that only the provider has. Never `none`, never one by a secret (a public key is no secret)."""
LONGEST = 16 * 1024
LEEWAY = timedelta(minutes=1)
"""By how much two clocks may differ."""
OLDEST = timedelta(minutes=10)
FEWEST_BITS = 2048


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
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if client_id not in audiences:  # exactly: the library would take a part of a list for it
        raise BadToken("aud")
    if not at - OLDEST.total_seconds() <= claims["iat"] <= at + LEEWAY.total_seconds():
        raise BadToken("iat")
    subject = claims["sub"]
    if not (
        isinstance(subject, str) and 0 < len(subject) <= 255 and subject.isascii() and subject.isprintable()
    ):
        raise BadToken("sub")
    return claims


def read_claims(claims: Mapping[str, Any], more: Mapping[str, Any]) -> Claims:
    """Return what is used of an ID token and of what its provider says beside it (userinfo, for the same subject)."""
    said = {**(more if more.get("sub") == claims["sub"] else {}), **claims}
    email, verified = said.get("email"), said.get("email_verified")
    name, when = said.get("name"), claims.get("auth_time")
    return Claims(
        issuer=claims["iss"],
        subject=claims["sub"],
        email=_address(email) if verified is True and isinstance(email, str) else "",
        name=_line(name) if isinstance(name, str) else "",
        signed_in_at=int(when) if isinstance(when, int | float) and _is_time(when) else None,
    )


def _address(said: str) -> str:
    try:
        return clean_email(said)
    except Invalid:
        return ""


def _line(said: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in said).split())[:255]


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**11


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
