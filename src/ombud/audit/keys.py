"""The key that signs checkpoints: a file outside the database, readable by its owner only.

Every `audit-*.pem` in the folder is believed when signatures are checked: earlier keys, and public keys of
other machines that seal the same desk.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ombud.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_FILE = "audit-ed25519.pem"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the name by which checkpoints refer to it."""

    key: "Ed25519PrivateKey"

    @property
    def key_id(self) -> str:
        """The first 16 hexadecimal digits of the public key's SHA-256."""
        return key_id_of(self.key.public_key())

    def sign(self, words: bytes) -> bytes:
        """Return the signature under `words`."""
        return self.key.sign(words)


def key_id_of(key: "Ed25519PublicKey") -> str:
    """Return a public key's name."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def signing_key(folder: Path) -> SigningKey:
    """Return the key in `folder`, made on first use; Unavailable when others may read it or it is damaged."""
    path = folder / KEY_FILE
    if not path.exists():
        _make(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unavailable(f"Others may read the audit key {path}. Take it back: chmod 600 {path}")
    found = _load(path)
    if isinstance(found, SigningKey):
        return found
    raise Unavailable(f"{path} holds no private key, so the audit log cannot be sealed.")


def trusted_keys(folder: Path) -> Mapping[str, "Ed25519PublicKey"]:
    """Return the public keys that are believed, by their name."""
    keys = [_load(path) for path in sorted(folder.glob("audit-*.pem"))]
    public = [key.key.public_key() if isinstance(key, SigningKey) else key for key in keys]
    return {key_id_of(key): key for key in public}


def public_keys(folder: Path) -> dict[str, bytes]:
    """Return the public keys that are believed as files, by name: enough to verify with, not to sign."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return {
        f"audit-{name}.pem": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for name, key in trusted_keys(folder).items()
    }


def _make(path: Path) -> None:
    """Write a new key under a name of its own, then link it: of two processes one wins, and both use its key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp's mode is 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        Path(path).hardlink_to(temporary)
    except FileExistsError:
        pass  # another process was quicker
    finally:
        Path(temporary).unlink()


def _load(path: Path) -> "SigningKey | Ed25519PublicKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    pem = path.read_bytes()
    try:
        found = load_pem_private_key(pem, password=None) if b"PRIVATE" in pem else load_pem_public_key(pem)
    except (ValueError, TypeError) as error:
        raise Unavailable(f"{path} is not a key.") from error
    if isinstance(found, Ed25519PrivateKey):
        return SigningKey(found)
    if isinstance(found, Ed25519PublicKey):
        return found
    raise Unavailable(f"{path} is not an Ed25519 key.")
