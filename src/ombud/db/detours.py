"""What the short way (`ombud.db.plain`) left to the usual one because it failed: counted, and told to the log.

Whoever called is answered all the same, so a fault of ours there would show as slowness only, and never be mended.
"""

import time
from collections import Counter
from collections.abc import Callable

from ombud.kit.logs import Log

log = Log(__name__)

SILENCE_SECONDS = 60.0
"""How often a cause is told at most."""
_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, TypeError, ValueError)
_RIGHTS = "42501"
# Classes of SQLSTATE that say that a statement is wrong, and not that something happened to it.
_FAULTY_CLASSES = frozenset({"0A", "21", "22", "26", "34", "42", "XX"})


class Detours:
    """Failures by cause: an SQLSTATE, or the name of an exception."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        """Those that only a wrong program explains, by their first words; the tests fail on them."""

    def note(self, error: BaseException) -> None:
        """Count a failure, and tell of its cause unless that was done within SILENCE_SECONDS."""
        state = str(getattr(error, "sqlstate", None) or "")
        cause = state or type(error).__name__
        self.counts[cause] += 1
        is_fault = state != _RIGHTS and state[:2] in _FAULTY_CLASSES if state else isinstance(error, _FAULTS)
        if is_fault and len(self.faults) < 100:
            self.faults.append(f"{cause}: {error}")
        now = self._clock()
        until, told = self._told.get(cause, (0.0, 0))
        if now < until:
            return
        self._told[cause] = (now + SILENCE_SECONDS, self.counts[cause])
        times = self.counts[cause] - told
        if is_fault:
            log.error("short way failed", error=error, cause=cause, times=times)
        else:  # a database that is away, say: where in our code that was noticed tells nobody anything
            log.warning("short way failed", cause=cause, times=times)


DETOURS = Detours()
"""Those of this process."""
