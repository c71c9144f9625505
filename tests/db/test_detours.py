"""What the short way leaves to the usual one is counted, told now and then, and fails a test where it is a fault."""

import logging

import pytest

from ombud.db.detours import SILENCE_SECONDS, Detours


def test_a_cause_is_told_once_in_a_while_with_how_often(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    detours = Detours(lambda: now[0])
    for moment, error in ((0.0, TypeError("a")), (1.0, TypeError("b")), (2.0, ConnectionResetError("c"))):
        now[0] = moment
        detours.note(error)
    now[0] = SILENCE_SECONDS + 1
    detours.note(TypeError("d"))
    assert detours.counts == {"TypeError": 3, "ConnectionResetError": 1}
    assert detours.faults == ["TypeError: a", "TypeError: b", "TypeError: d"]
    told = [(record.levelno, record.msg.facts) for record in caplog.records]  # type: ignore[union-attr]  # an Event
    assert told == [
        (logging.ERROR, {"cause": "TypeError", "times": 1}),
        (logging.WARNING, {"cause": "ConnectionResetError", "times": 1}),
        (logging.ERROR, {"cause": "TypeError", "times": 2}),
    ]
    traced = [bool(record.exc_info) for record in caplog.records]
    assert traced == [True, False, True], "what only happened is one line"
