"""The checker of histories finds each kind of fault, and nothing in a history without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.history import History, Write, faults

KEPT, UNKNOWN, REFUSED = Write("a", "open", 201), Write("b", "open", None), Write("c", "open", 422)
WRITES = [KEPT, UNKNOWN, REFUSED]


@pytest.mark.parametrize("found", [["a"], ["a", "b"]])
def test_what_was_not_acknowledged_may_be_there_or_not(found: list[str]) -> None:
    assert faults(WRITES, found, found) == []


@pytest.mark.parametrize(
    ("found", "whole", "said"),
    [
        ([], ["a"], "a: open was acknowledged and is lost"),
        (["a", "a"], ["a"], "a: open was done 2 times"),
        (["a", "b", "b"], ["a", "b"], "b: open was done 2 times"),
        (["a", "b"], ["a"], "b: open is there in part"),
        (["a", "c"], ["a", "c"], "c: open was refused with 422 and is there"),
        (["a", "x"], ["a", "x"], "x: nobody asked for it"),
    ],
)
def test_each_fault_is_found(found: list[str], whole: list[str], said: str) -> None:
    assert faults(WRITES, found, whole) == [said]


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    for key in "abc":
        history.begin(key, "open")
    history.end("c", 422)
    history.end("a", 201)
    history.close()
    assert history.writes() == WRITES
    assert history.acknowledged == 1
