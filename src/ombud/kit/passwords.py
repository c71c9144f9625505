"""Password hashing with argon2id. Slow on purpose: call it in a thread, outside any transaction."""

from functools import cache
from typing import TYPE_CHECKING

from ombud.errors import Invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH = 10
MAX_BYTES = 1024
# A hash that no password has: checking against it takes as long as against a real one.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$rGr6hEZ2r2yRvR6VQk1CkGxFv3mPQ0cYb3T5p7r9M8E"


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    # OWASP's floor for argon2id; about 40 ms on one core.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check_password_rules(password: str) -> None:
    """Refuse passwords that are too short or too long; long passphrases are welcome."""
    if len(password) < MIN_LENGTH:
        raise Invalid(fields={"password": f"must have at least {MIN_LENGTH} characters."})
    if len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid(fields={"password": f"must have at most {MAX_BYTES} bytes."})


def hash_password(password: str) -> str:
    """Return the argon2id hash of an acceptable password."""
    check_password_rules(password)
    return _hasher().hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Compare a password with a stored hash, in the same time whether or not there is one."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return False
    try:
        _hasher().verify(stored or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """True when the hash was made with weaker parameters than today's."""
    return _hasher().check_needs_rehash(stored)
