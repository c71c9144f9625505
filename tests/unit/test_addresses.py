"""Domains in their own script, held against the package that knows UTS 46 (httpx brings it; the core does without)."""

import unicodedata

import idna
import pytest

from ombud.errors import Invalid
from ombud.people.addresses import ascii_domain, clean_email

LETTERS = [
    chr(point)
    for point in range(0x80, 0x20000)
    if unicodedata.category(chr(point)) in {"Lu", "Ll", "Lt", "Lm", "Mn", "Mc", "Nd"}
]


def test_letters_become_what_the_name_servers_know() -> None:
    """Two spellings of one domain lead to one mailbox, so they are one person."""
    told, other = 0, set()
    for letter in LETTERS:
        try:
            known = idna.encode(f"ab{letter}", uts46=True).decode()
            ours = clean_email(f"x@ab{letter}.example")
        except (Invalid, UnicodeError):  # theirs is one, too
            continue
        told += 1
        if ours.lower() != f"x@{known}.example":
            other.add(letter)
    folded = {unicodedata.normalize("NFKC", letter) for letter in other}
    assert folded == {"ς"}, "of other widths and styles, which UTS 46 makes common ones of"
    assert told > 3000


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("ΒΟΛΟΣ.example", "xn--nxaslbu.example"),
        ("βολος.example", "xn--nxaslbp.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("STRAẞE.example", "xn--strae-oqa.example"),
        ("ᾀ.example", "xn--uxa970l.example"),
    ],
)
def test_words_become_what_the_name_servers_know(typed: str, known: str) -> None:
    """At the end of a word Python's small letter of a capital sigma is the final one."""
    assert ascii_domain(typed) == known == idna.encode(typed, uts46=True).decode()
