"""The map of attacks and faults is complete, and what it names exists; whether it ran, `tests/proofs.py` says."""

from __future__ import annotations

import pytest

from tests.docs.documents import ROOT
from tests.docs.test_guide_map import is_there
from tests.proofs import TRUST_MAP, GuideMap, read_map


@pytest.fixture(scope="module")
def trust() -> GuideMap:
    return read_map((ROOT / TRUST_MAP).read_text(encoding="utf-8"))


def test_every_number_has_its_row(trust: GuideMap) -> None:
    assert (len(trust.attacks), len(trust.goals)) == (69, 26)
    assert sorted(trust.rows) == sorted([*trust.attacks, *trust.goals])
    assert trust.repeated == ()


def test_every_row_is_proven_or_said_to_be_open(trust: GuideMap) -> None:
    assert {row for row, tests in trust.rows.items() if not tests} <= trust.open
    assert trust.open <= set(trust.rows)
    text = (ROOT / TRUST_MAP).read_text(encoding="utf-8")
    said = {line.split()[1] for line in text.splitlines() if line.startswith("| ") and "open: " in line}
    assert said == trust.open


def test_every_named_test_exists(trust: GuideMap) -> None:
    assert [test for test in sorted(trust.tests) if not is_there(test)] == []
