"""Random secrets and their hashes. Only hashes are stored; 256 random bits need no slow hash."""

import hashlib
import secrets
import string
import zlib

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
TOKEN_PREFIX = "omb_live_"


def new_secret() -> str:
    """Return 256 random bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return the SHA-256 of a secret, as it is stored."""
    return hashlib.sha256(secret.encode()).digest()


def new_api_token() -> tuple[str, str, bytes]:
    """Return a fresh API token as `(token, key id, hash of the secret)`.

    The form is `omb_live_<id, 22 characters>_<secret, 43>_<CRC-32 in hex, 8>`: the prefix lets scanners find
    leaked tokens, the checksum lets us refuse a mistyped one without asking the database.
    """
    key_id, secret = _base62(22), _base62(43)
    body = f"{TOKEN_PREFIX}{key_id}_{secret}"
    return f"{body}_{_checksum(body)}", key_id, digest(secret)


def split_api_token(token: str) -> tuple[str, str] | None:
    """Return `(key id, secret)` of a well-formed token, None for anything else."""
    body, _, checksum = token.rpartition("_")
    if not body.startswith(TOKEN_PREFIX) or not secrets.compare_digest(
        checksum.encode(), _checksum(body).encode()
    ):
        return None
    key_id, _, secret = body.removeprefix(TOKEN_PREFIX).partition("_")
    return (key_id, secret) if len(key_id) == 22 and len(secret) == 43 else None


def same(one: bytes, other: bytes) -> bool:
    """Compare two hashes in constant time."""
    return secrets.compare_digest(one, other)


def _base62(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
