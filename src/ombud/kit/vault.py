"""Secrets that must be read again (passwords of mail servers, tokens): sealed with AES-GCM under a ring of keys.

A sealed secret is `v1:<key>:<nonce>:<ciphertext>`, the last two in URL-safe base64. It is bound to its table,
column and row, so that it opens nowhere else. The keys are in a file that only its owner may read and that is no
part of the database: a copy of the database alone holds no secret. The newest key seals, all of them open.
"""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ombud import clock
from ombud.errors import Unavailable
from ombud.kit.keyfile import make_file

VERSION = "v1"
KEY_BYTES = 32
_NONCE_BYTES = 12
_FILE = "vault.keys"


class Unopenable(Unavailable):
    """A sealed secret that no key of the ring opens: the key file is another desk's, or the secret was moved."""

    code = "secret_unopenable"
    default_message = "A stored secret cannot be opened with this desk's keys. Enter it again."


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring, with the name by which sealed secrets know it."""

    name: str
    material: bytes

    def __repr__(self) -> str:
        return f"<Key {self.name}>"


class Vault:
    """Seals and opens. `place` is (table, column, row): a secret sealed for one opens for no other.

    A vault with a `source` follows its file: when the keys are rotated, a process that has been running for long
    seals with the new key and opens what others sealed with it.
    """

    def __init__(self, keys: Sequence[Key], source: Path | None = None) -> None:
        """`keys` are oldest first; the last one seals."""
        self._source, self._stamp = source, _stamp(source)
        self._take(keys)

    def _take(self, keys: Sequence[Key]) -> None:
        if not keys or any(len(key.material) != KEY_BYTES for key in keys):
            raise Unavailable(f"The vault needs keys of {KEY_BYTES} bytes.")
        self._keys = {key.name: key.material for key in keys}
        self._newest = keys[-1]

    def _follow(self) -> None:
        """Read the file again when it is another one now."""
        stamp = _stamp(self._source)
        if self._source is not None and stamp != self._stamp:
            known = self._keys
            self._take(_read(self._source))
            # What was read a moment ago may be sealed with a key that is retired now.
            self._keys = known | self._keys
            self._stamp = stamp

    def seal(self, secret: str, place: tuple[str, str, int]) -> bytes:
        """Return the sealed form of a secret, for one place."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._follow()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._newest.material).encrypt(nonce, secret.encode(), _bound_to(place))
        return b":".join((VERSION.encode(), self._newest.name.encode(), _text(nonce), _text(sealed)))

    def open(self, sealed: bytes, place: tuple[str, str, int]) -> str:
        """Return the secret; Unopenable when it was sealed elsewhere, for another place, or was changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key, nonce, ciphertext = self._parts(sealed)
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _bound_to(place)).decode()
        except (InvalidTag, ValueError):
            raise Unopenable from None

    def is_current(self, sealed: bytes) -> bool:
        """True when the newest key sealed it: after a rotation the others are sealed again."""
        return sealed.startswith(f"{VERSION}:{self._newest.name}:".encode())

    def _parts(self, sealed: bytes) -> tuple[bytes, bytes, bytes]:
        try:
            version, name, nonce, ciphertext = sealed.decode("ascii").split(":")
            if name not in self._keys:
                self._follow()
            key = self._keys[name]
            parts = key, base64.urlsafe_b64decode(nonce), base64.urlsafe_b64decode(ciphertext)
        except (ValueError, KeyError, binascii.Error):
            raise Unopenable from None
        if version != VERSION:
            raise Unopenable
        return parts


def open_vault(folder: Path) -> Vault:
    """Return the vault whose keys are in `folder`; the first key is made on first use."""
    path = folder / _FILE
    if not path.exists():
        make_file(path, _line(_new_key()).encode(), mode=0o400)
    return Vault(_read(path), path)


def has_ring(folder: Path) -> bool:
    """True when there are keys in `folder` already: nothing that was sealed before opens with those of a new ring."""
    return (folder / _FILE).exists()


def add_key(folder: Path) -> str:
    """Put a new key on the ring and return its name. What older keys sealed still opens; seal it again."""
    keys = [*_read(folder / _FILE), _new_key()] if (folder / _FILE).exists() else [_new_key()]
    _write(folder, keys)
    return keys[-1].name


def ring_age(folder: Path) -> timedelta:
    """Return for how long the ring has been as it is: the time that running processes had to notice."""
    return timedelta(seconds=max(0.0, clock.now().timestamp() - (folder / _FILE).stat().st_mtime))


def retire_keys(folder: Path) -> int:
    """Keep only the newest key, once nothing is sealed with the others; returns how many went."""
    keys = _read(folder / _FILE)
    _write(folder, keys[-1:])
    return len(keys) - 1


def _stamp(source: Path | None) -> tuple[int, int] | None:
    """Return what tells one state of the file from another: it is replaced as a whole."""
    if source is None:
        return None
    found = source.stat()
    return found.st_ino, found.st_mtime_ns


def _read(path: Path) -> list[Key]:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unavailable(f"Others may read the keys in {path}. Take that back: chmod 400 {path}")
    keys = []
    for line in path.read_text(encoding="ascii").splitlines():
        name, _, digits = line.partition(" ")
        try:
            keys.append(Key(name, bytes.fromhex(digits)))
        except ValueError:
            raise Unavailable(f"{path} is damaged: a line of it is no key.") from None
    return keys


def _write(folder: Path, keys: Sequence[Key]) -> None:
    """Replace the file as a whole, so that no reader ever sees half of it."""
    fresh = folder / f".{_FILE}.{secrets.token_hex(4)}"
    make_file(fresh, "".join(_line(key) for key in keys).encode(), mode=0o400)
    fresh.replace(folder / _FILE)


def _new_key() -> Key:
    return Key(secrets.token_hex(4), secrets.token_bytes(KEY_BYTES))


def _line(key: Key) -> str:
    return f"{key.name} {key.material.hex()}\n"


def _bound_to(place: tuple[str, str, int]) -> bytes:
    table, column, row = place
    return f"ombud\x1f{table}\x1f{column}\x1f{row}".encode()


def _text(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw)
