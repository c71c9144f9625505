"""How hard a secret is to guess: samples from documentation, too few characters, patterns. An estimate, no proof.

It finds what nobody should have used; that it finds nothing does not make a secret good.
"""

import itertools
import math
from collections import Counter

LEAST_BITS = 80.0
"""What a secret for machines should have at least: 14 random letters and digits, or 20 hexadecimal digits."""
SAMPLES = (
    "changeme", "change-me", "change_me", "changethis", "change this", "secret", "password", "passw0rd", "letmein",
    "example", "sample", "default", "insecure", "qwerty", "ombud", "test", "demo", "admin", "minioadmin", "postgres",
    "akiaiosfodnn7example",
)  # fmt: skip
"""What manuals and examples say; a secret that is little more than one of these is known to everybody."""


def weakness_of(secret: str) -> str:
    """Return what is weak about a secret for machines, empty when nothing is to be seen."""
    plain = secret.strip().lower()
    if not plain:
        return "is empty"
    for sample in SAMPLES:
        if sample in plain and len(plain.replace(sample, "")) < 10:
            return "is a sample that everybody knows"
    if _period(plain.encode()) <= len(plain.encode()) // 2:
        return "repeats itself"
    if _steps(plain.encode()):
        return "counts up or down"
    bits = len(secret) * _bits_each(secret)
    if bits < LEAST_BITS:
        return f"has about {bits:.0f} bits, fewer than {LEAST_BITS:.0f}"
    return ""


def weakness_of_key(material: bytes) -> str:
    """Return what is weak about the bytes of a key, which should look like nothing at all."""
    if len(material) < 16:
        return f"has {len(material)} bytes, fewer than 16"
    if _period(material) <= len(material) // 2:
        return "repeats itself"
    if _steps(material):
        return "counts up or down"
    # 32 random bytes are never all printable, and hold 30 different ones on average, never fewer than 20.
    if all(32 <= byte < 127 for byte in material):
        return "is a text, not random bytes"
    if len(set(material)) < min(20, len(material) * 5 // 8):
        return "is made of few different bytes"
    return ""


def _bits_each(text: str) -> float:
    """Return the bits of a character: by how often each comes, and no more than its alphabet has."""
    counts = Counter(text).values()
    entropy = -sum(one / len(text) * math.log2(one / len(text)) for one in counts)
    if all(one in "0123456789" for one in text):
        return min(entropy, math.log2(10))
    if all(one in "0123456789abcdefABCDEF" for one in text):
        return min(entropy, 4.0)
    return entropy


def _period(text: bytes) -> int:
    """Return the length of the shortest part that the whole is repetitions of."""
    return (text + text).find(text, 1)


def _steps(text: bytes) -> bool:
    """Tell whether each byte is as far from the one before as the next is from it."""
    return len({(after - before) % 256 for before, after in itertools.pairwise(text)}) <= 1
