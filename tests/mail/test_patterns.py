"""Every pattern of the reader against grown inputs: none may need more than a little time (TRUST.md T73)."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import partial

import pytest

import ombud.mail.parse as package
from tests.costs import least_seconds

UNITS = (
    "a", "a ", "a1 ", "1", "1 ", "1-", "-", "- ", "_", "=", "*", ">", "> ", "<", "<a", "@", "a@", "a@b.", ".",
    '"', '"\\', "(", "()",
    "[", "]", ":", "a:", " :", "http://", "?", "=?", " ", "\n", "\t", "wrote ", "On ", "12:30 ", "2024 ", "From: ",
    "x\u4e00",
    "--a", "Sent from ", "mailto:", "message de ", "\u200e", "é", "A: b@c.d 10:30 ",
)  # fmt: skip


def patterns() -> dict[str, re.Pattern[str] | re.Pattern[bytes]]:
    """Find all compiled patterns of the package's modules."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        for name, value in vars(importlib.import_module(f"{package.__name__}.{module.name}")).items():
            if isinstance(value, re.Pattern):
                found[f"{module.name}.{name}"] = value
    return found


def cost(pattern: re.Pattern[str] | re.Pattern[bytes], size: int, anchored: bool, enough: float) -> float:
    """Give the most seconds that the pattern needs for any of the inputs; what is over `enough` is tried again."""
    most = 0.0
    for unit in UNITS:
        for end in ("", "!"):
            text = (unit * (size // len(unit) + 1))[:size] + end
            subject = text.encode() if isinstance(pattern.pattern, bytes) else text
            run = pattern.match if anchored else pattern.search
            most = max(most, least_seconds(partial(run, subject), enough))
    return most


@pytest.mark.parametrize("name", patterns())
def test_patterns_are_quick(name: str) -> None:
    pattern = patterns()[name]
    # Bounds that a busy machine keeps, and that a pattern which tries every way misses by far.
    assert cost(pattern, 20_000, anchored=True, enough=1) < 1, "from one place, over a long line"
    assert cost(pattern, 500, anchored=False, enough=0.5) < 0.5, "anywhere in a line as long as is looked at"
