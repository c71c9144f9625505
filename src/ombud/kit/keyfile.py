"""Secret keys in files: made on first use, readable by their owner only."""

import os
import secrets
import stat
import tempfile
from pathlib import Path

from ombud.errors import Unavailable

KEY_BYTES = 32


def secret_key(path: Path) -> bytes:
    """Return the 32 random bytes in `path` (as hexadecimal digits), made on first use.

    Raises Unavailable when others may read the file, or when it holds no such key.
    """
    if not path.exists():
        make_file(path, secrets.token_hex(KEY_BYTES).encode())
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Unavailable(f"Others may read the key {path}. Take it back: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Unavailable(f"{path} holds no key of {KEY_BYTES} bytes in hexadecimal digits.")
    return key


def make_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a private file under a name of its own, then link it: of two processes one wins, both use its key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp's mode is 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), mode)
        path.hardlink_to(temporary)
    except FileExistsError:
        pass  # another process was quicker
    finally:
        Path(temporary).unlink()
