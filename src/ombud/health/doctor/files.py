"""The key files in the data folder: who may read them, what they hold, how old they are."""

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ombud import clock
from ombud.db.doctor import Finding, Severity
from ombud.kit.strength import weakness_of_key

RING, AUDIT = "vault.keys", "audit-*.pem"


def examine_files(folder: Path, max_age: timedelta) -> list[Finding]:
    """Return what is wrong with the keys in `folder`; nothing where there are none yet."""
    if not folder.is_dir():
        return []
    found = list(_open_to_others(folder))
    places: dict[bytes, str] = {}
    for what, material in _keys(folder):
        if weakness := weakness_of_key(material):
            found.append(
                Finding(
                    "key_weak",
                    Severity.BAD,
                    f"{what} {weakness}",
                    "Replace it: ombud keys rotate, then retire.",
                )
            )
        # By hash, so that no secret is held longer than it is looked at.
        first = places.setdefault(hashlib.sha256(material).digest(), what)
        if first != what:
            advice = "Give each purpose a key of its own: one that is lost must open one thing only."
            found.append(Finding("key_shared", Severity.BAD, f"{what} is the same as {first}", advice))
    return [*found, *_old(folder, max_age)]


def _open_to_others(folder: Path) -> Iterator[Finding]:
    others = stat.S_IRWXG | stat.S_IRWXO
    for path in (folder, *sorted(one for one in folder.iterdir() if one.is_file())):
        found = path.stat()
        if path.suffix == ".pem" and _is_public(path):
            continue
        if found.st_mode & others:
            mode = "700" if path == folder else "600"
            what = f"others may use {path} (mode {stat.S_IMODE(found.st_mode):03o})"
            yield Finding("key_permissions", Severity.BAD, what, f"chmod {mode} {path}")
        if os.geteuid() == 0 and found.st_uid != folder.stat().st_uid:
            what = f"{path} belongs to user {found.st_uid}, its folder to {folder.stat().st_uid}"
            yield Finding("key_permissions", Severity.BAD, what, f"chown {folder.stat().st_uid} {path}")


def _is_public(path: Path) -> bool:
    try:
        return b"PRIVATE" not in path.read_bytes()
    except OSError:
        return False


def _keys(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of each key with what to call it; what cannot be read is told by who uses it."""
    for path in sorted(folder.glob("*.key")):
        if (material := _digits(_text(path))) is not None:
            yield str(path), material
    for line in _text(folder / RING).splitlines():
        name, _, digits = line.partition(" ")
        if (material := _digits(digits)) is not None:
            yield f"key {name} of {folder / RING}", material
    for path in sorted(folder.glob(AUDIT)):
        if (seed := _seed(path)) is not None:
            yield str(path), seed


def _old(folder: Path, max_age: timedelta) -> Iterator[Finding]:
    ring = folder / RING
    if not ring.exists():
        return
    changed = datetime.fromtimestamp(ring.stat().st_mtime, UTC)
    if clock.now() - changed > max_age:
        what = f"the newest key of {ring} is from {changed:%Y-%m-%d}, more than {max_age.days} days ago"
        yield Finding(
            "key_old", Severity.NOTICE, what, "Run `ombud keys rotate`, and in a minute `ombud keys retire`."
        )
    if (old := len(_text(ring).splitlines()) - 1) > 0:
        what = f"{ring} has {old} old {'key' if old == 1 else 'keys'} beside the newest"
        yield Finding("key_unretired", Severity.NOTICE, what, "Run `ombud keys retire`.")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _digits(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text.strip()) or None
    except ValueError:
        return None


def _seed(path: Path) -> bytes | None:
    """Return the bytes that a private Ed25519 key is made of."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    return key.private_bytes_raw() if isinstance(key, Ed25519PrivateKey) else None
