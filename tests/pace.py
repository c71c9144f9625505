"""How a run's files are dealt to its processes, and which took longest. A pytest plugin of the suite.

A file stays in one process. Those that take longest begin first, so that no process is left alone with one; the
others follow by the number of their tests. The end of a long run prints the slowest, from which the list is kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

LONGEST = (
    "docs/test_programs.py",
    "benchmarks/test_side_by_side.py",
    "web/test_gallery.py",
    "api/test_api_fuzz.py",
    "contrib/test_examples.py",
    "web/browser/test_accessibility.py",
    "db/embedded/test_embedded_server.py",
    "benchmarks/test_benchmarks.py",
    "security/test_grants.py",
    "web/browser/test_work.py",
    "db/test_doctor.py",
    "db/embedded/test_embedded_recovery.py",
    "backup/test_backup.py",
    "audit/test_tampering.py",
    "attacks/test_http.py",
    "db/embedded/test_embedded_refusals.py",
    "backup/test_hard_ends.py",
    "mail_desk/test_kills.py",
    "security/test_matrix.py",
    "faults/test_load.py",
    "mail/test_robust.py",
    "api/test_api_conventions.py",
    "db/test_replica.py",
    "faults/test_holding_out.py",
    "mail_desk/test_hostile_intake.py",
    "cli/test_audit.py",
    "transfer/test_export.py",
    "cli/test_import.py",
    "mail/test_cases.py",
    "web/browser/test_live.py",
    "search/test_search.py",
    "faults/test_crashes.py",
    "search/test_brute_force.py",
    "db/embedded/test_hosts.py",
    "migrations/test_migrations.py",
    "db/test_own_user.py",
    "mail_desk/test_killing.py",
    "mail_desk/test_story.py",
)
"""Those above 20 s, and those of one or two tests that would come last."""
SHOWN = 15
LONG_RUN = 60.0
"""Seconds of tests from which on a run tells its slowest files."""
_HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Pace(), "ombud-pace")
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # the order is ours


class Pace:
    """Orders the files of a process of xdist's; adds up, where all reports arrive, what each took."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Sort the files; the tests of one stay as they are."""
        if not hasattr(config, "workerinput"):
            return
        ranks = {_HERE / name: rank for rank, name in enumerate(LONGEST)}
        missing = [str(path) for path in ranks if not path.exists()]
        if missing:
            raise pytest.UsageError(f"tests/pace.py lists files that are not there: {missing}")
        tests = Counter(item.path for item in items)
        items.sort(key=lambda item: (ranks.get(item.path, len(ranks)), -tests[item.path], str(item.path)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a phase took."""
        self._seconds[report.location[0]] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the slowest files of a long run."""
        total = sum(self._seconds.values())
        if total < LONG_RUN:
            return
        terminalreporter.section(f"slowest files of {total:.0f} s")
        for seconds, name in sorted(((taken, name) for name, taken in self._seconds.items()), reverse=True)[
            :SHOWN
        ]:
            terminalreporter.write_line(f"{seconds:7.1f} s  {name}")
