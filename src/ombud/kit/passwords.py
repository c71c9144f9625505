"""Password hashing with argon2id. Slow on purpose: call it in a thread, outside any transaction."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from ombud.errors import Invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH = 10
MIN_DIFFERENT = 5
"""Characters that must differ."""
MIN_OWN = 6
"""Characters that must remain without what everybody knows of the person."""
_ENDS = "0123456789!?.-_*#$@ "
_PARTS = re.compile(r"[^\w]+|_")
MAX_BYTES = 1024
# A hash that no password has: checking against it takes as long as against a real one.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$rGr6hEZ2r2yRvR6VQk1CkGxFv3mPQ0cYb3T5p7r9M8E"


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    # OWASP's floor for argon2id; about 40 ms on one core.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _common() -> frozenset[str]:
    """The passwords that people are known to choose, 30,000 of them: the list of zxcvbn (MIT), nothing is asked for."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # has no types

    return frozenset(FREQUENCY_LISTS["passwords"])


def check_password_rules(password: str, words: Iterable[str] = ()) -> None:
    """Refuse passwords that are too short, too long, or what a guesser tries first; long passphrases are welcome.

    `words` are what everybody knows of the person: their address, their name.
    """
    if len(password) < MIN_LENGTH:
        raise Invalid(fields={"password": f"must have at least {MIN_LENGTH} characters."})
    if len(_bytes_of(password)) > MAX_BYTES:
        raise Invalid(fields={"password": f"must have at most {MAX_BYTES} bytes."})
    plain = password.casefold()
    core = plain.strip(_ENDS)
    if len(set(plain)) < MIN_DIFFERENT or plain in _common() or core in _common() or _is_series(plain):
        raise Invalid(fields={"password": "is one of those that are guessed first."})
    if len(_without_known(plain, words)) < MIN_OWN:
        raise Invalid(fields={"password": "must be more than your name, your address or the desk's name."})


def _bytes_of(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")  # whatever was typed: a sign that is none is no error


def _is_series(text: str) -> bool:
    """Tell whether a text counts up or down, or repeats a short part."""
    steps = {(ord(after) - ord(before)) % 10 for before, after in pairwise(text)}  # 0 follows 9
    return steps in ({1}, {9}) or text in (text + text)[1:-1]


def _without_known(text: str, words: Iterable[str]) -> str:
    known = {part for word in words for part in _PARTS.split(word.casefold()) if len(part) > 2}
    for part in sorted(known | {"ombud"}, key=len, reverse=True):
        text = text.replace(part, "")
    return text


def hash_password(password: str, words: Iterable[str] = ()) -> str:
    """Return the argon2id hash of an acceptable password; `words` as in `check_password_rules`."""
    check_password_rules(password, words)
    return rehash_password(password)


def rehash_password(password: str) -> str:
    """Return the hash of a password that was taken before, whatever today's rules are."""
    return _hasher().hash(_bytes_of(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Compare a password with a stored hash, in the same time whether or not there is one."""
    from argon2.exceptions import InvalidHashError, VerificationError

    raw = _bytes_of(password)
    if len(raw) > MAX_BYTES:
        return False
    try:
        _hasher().verify(stored or _NOBODY, raw)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """True when the hash was made with weaker parameters than today's."""
    return _hasher().check_needs_rehash(stored)
