"""Proof by row: what `docs/guide-map.md` and `docs/trust-map.md` say, and whether the tests that they name really ran.

A pytest plugin of the suite. It hears every report, those of xdist's processes too, because they all pass through
the controller. When a run was of the whole suite, and nobody narrowed or stopped it, a named test that did not pass
fails the run. So does one that was skipped where everything could be there (as root, who installs what is missing);
elsewhere it is listed. A run of some files, or of the second set of drivers, is not judged.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

MAP = Path("docs") / "guide-map.md"
TRUST_MAP = Path("docs") / "trust-map.md"
MAPS = (MAP, TRUST_MAP)

_ROW = re.compile(r"^\| ([RDT]\d+) \|(.*)\|$", re.MULTILINE)
_LIST = re.compile(r"^(Requirements|Defects|Attacks|Goals|Open): (.+)$", re.MULTILINE)
_TEST = re.compile(r"`([^`\s]+\.py::\w+)`")
_NARROWING = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "last_failed", "stepwise")


@dataclass(frozen=True)
class GuideMap:
    """The rows of the map with the tests that they name, and the lists of numbers at its top."""

    rows: dict[str, tuple[str, ...]]
    repeated: tuple[str, ...]
    requirements: tuple[str, ...]
    defects: tuple[str, ...]
    attacks: tuple[str, ...]
    goals: tuple[str, ...]
    open: frozenset[str]

    @property
    def tests(self) -> frozenset[str]:
        """Every named test, as `file::function`."""
        return frozenset(test for named in self.rows.values() for test in named)


def read_map(text: str) -> GuideMap:
    """Read the map's text."""
    found = [(row[1], tuple(_TEST.findall(row[2]))) for row in _ROW.finditer(text)]
    rows = dict(found)
    lists = {name: tuple(_numbers(numbers)) for name, numbers in _LIST.findall(text)}
    names = [name for name, _tests in found]
    return GuideMap(
        rows=rows,
        repeated=tuple(sorted({name for name in names if names.count(name) > 1})),
        requirements=lists.get("Requirements", ()),
        defects=lists.get("Defects", ()),
        attacks=lists.get("Attacks", ()),
        goals=lists.get("Goals", ()),
        open=frozenset(lists.get("Open", ())),
    )


def _numbers(text: str) -> Iterator[str]:
    """Yield the numbers of `R001-R003, R010`; `none` has none."""
    for letter, first, last in re.findall(r"([RDT])(\d+)(?:-[RDT](\d+))?", text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{letter}{number:0{len(first)}}"


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    """Listen in the process that decides how the run ends."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Proofs(config), "ombud-proofs")


class Proofs:
    """What became of each test of a run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.passed: set[str] = set()
        self.skipped: set[str] = set()
        self.lacking: list[str] = []
        self.is_complete = os.geteuid() == 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what passed and what was skipped, without parameters."""
        test = report.nodeid.partition("[")[0]
        if report.skipped:
            self.skipped.add(test)
        elif report.when == "call" and report.passed:
            self.passed.add(test)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail a whole run in which a named test did not pass, or was skipped."""
        paths = [path for path in (self.config.rootpath / one for one in MAPS) if path.is_file()]
        if not is_whole(self.config, session, exitstatus) or not paths:
            return
        named = frozenset(test for path in paths for test in read_map(path.read_text(encoding="utf-8")).tests)
        self.lacking = sorted(
            f"{test}: {'was skipped' if test in self.skipped else 'did not pass'}"
            for test in named - (self.passed - self.skipped)
        )
        if self.lacking and (named - self.passed - self.skipped or self.is_complete):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List what lacks."""
        if self.lacking:
            terminalreporter.section("The maps name tests that prove nothing in this run", red=True)
            for line in self.lacking:
                terminalreporter.line(line)


def is_whole(config: pytest.Config, session: pytest.Session, exitstatus: int) -> bool:
    """Whether every test was meant to run: no paths, no selection, not stopped on the way."""
    if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or config.option.collectonly:
        return False
    if session.shouldstop or session.shouldfail or config.getoption("maxfail", 0):
        return False
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return False
    return not any(getattr(config.option, name, None) for name in _NARROWING)
