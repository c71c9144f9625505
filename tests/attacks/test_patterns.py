"""Every regular expression outside the reader of mail (it has its own test) against grown inputs (TRUST.md T73)."""

from __future__ import annotations

import importlib
import pkgutil
import re
from io import BytesIO

import pytest

import ombud
from ombud.files import StoredBytes
from ombud.kit.html import render_letter
from ombud.transfer.mailbox import read_mbox
from tests.costs import growth
from tests.mail.test_patterns import cost

NOT_IMPORTED = ("ombud.contrib.", "ombud.migrations.versions", "ombud.migrations.env", "ombud.mail.parse")


def patterns() -> dict[str, re.Pattern[str] | re.Pattern[bytes]]:
    """Find the compiled patterns of all modules that can be imported by themselves."""
    found: dict[str, re.Pattern[str] | re.Pattern[bytes]] = {}
    for module in pkgutil.walk_packages(ombud.__path__, "ombud."):
        if module.name.startswith(NOT_IMPORTED) or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and value not in found.values():
                found[f"{module.name}.{name}"] = value
    return found


PATTERNS = patterns()


def test_there_are_some() -> None:
    assert len(PATTERNS) > 20


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_are_quick(name: str) -> None:
    assert cost(PATTERNS[name], 20_000, anchored=True, enough=1) < 1
    assert cost(PATTERNS[name], 2_000, anchored=False, enough=1) < 1


def test_html_of_a_mailbox_takes_no_square_of_its_length() -> None:
    def keep(data: bytes) -> StoredBytes:
        return StoredBytes(len(data), "", "")

    def read(length: int) -> None:
        mail = f"From a@b.cc Mon Jan  5 10:00:00 2026\nContent-Type: text/html\n\n{'<br ' * (length // 4)}\n"
        list(read_mbox(BytesIO(mail.encode()), keep))

    assert growth(read, 20_000) < 9


@pytest.mark.parametrize(
    ("unit", "size"),
    [
        ("http://a.", 3_000),
        (" http://", 3_000),
        ("www.a.bc/", 3_000),
        ("a@b.cc ", 2_000),
        ("[", 500),
        ("![", 500),
    ],
)
def test_rendering_takes_no_square_of_the_text(unit: str, size: int) -> None:
    """Four times the text is four times the work, whatever looks like a link: a square would be sixteen."""
    assert growth(lambda length: render_letter(unit * (length // len(unit)), {}), size) < 9
