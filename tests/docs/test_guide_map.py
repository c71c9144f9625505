"""The map of the guide is complete, and what it names exists; whether it ran is `tests/proofs.py`'s business."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.docs.documents import ROOT
from tests.proofs import MAP, GuideMap, read_map
from tools.mutants.__main__ import MUTANTS

LIST = ROOT.parent / "shared" / "REQUIREMENTS.md"
# Plugins that these small suites have no use for.
QUICK = [
    part
    for name in ("cacheprovider", "hypothesispytest", "asyncio", "schemathesis", "anyio", "django", "timeout")
    for part in ("-p", f"no:{name}")
]
SUITE = {
    "test_kept.py": """
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_one(number):
            assert number

        def test_two():
            pass
    """,
    "test_other.py": "def test_three(): pass",
}
SMALL_MAP = """\
| R001 | kept | `suite/test_kept.py::test_one`, `suite/test_kept.py::test_two` |
| D01 | kept too | `suite/test_other.py::test_three` |
"""


@pytest.fixture(scope="module")
def guide() -> GuideMap:
    return read_map((ROOT / MAP).read_text(encoding="utf-8"))


def test_every_number_has_its_row(guide: GuideMap) -> None:
    listed = [*guide.requirements, *guide.defects]
    assert len(guide.requirements) == 142
    assert len(guide.defects) == 63
    assert sorted(guide.rows) == sorted(listed)
    assert guide.repeated == ()


def test_every_row_is_proven_or_said_to_be_open(guide: GuideMap) -> None:
    unproven = {row for row, tests in guide.rows.items() if not tests}
    assert unproven <= guide.open
    assert guide.open <= set(guide.rows)


def test_every_named_test_exists(guide: GuideMap) -> None:
    assert [test for test in sorted(guide.tests) if not is_there(test)] == []


def test_every_mutant_still_fits_the_code() -> None:
    """`make mutants` takes too long for every run; this says at once that code has left a mutant behind."""
    stale = [
        (mutant.number, edit.file, edit.old)
        for mutant in MUTANTS
        for edit in mutant.edits
        if (ROOT / edit.file).read_text(encoding="utf-8").count(edit.old) != 1
    ]
    assert stale == []


def test_every_defect_is_put_back_and_its_row_names_the_test(guide: GuideMap) -> None:
    assert {mutant.number for mutant in MUTANTS} >= set(guide.defects) - {"D10"}
    for mutant in MUTANTS:
        assert mutant.test.startswith("mypy ") or mutant.test in guide.rows[mutant.number], mutant.number


@pytest.mark.skipif(not LIST.is_file(), reason="the list of requirements is not beside the project")
def test_the_numbers_are_those_of_the_list(guide: GuideMap) -> None:
    listed = re.findall(r"^\| ([RD]\d+) \|", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(guide.rows) == sorted(listed)


def test_lists_of_numbers_are_read_with_their_ranges() -> None:
    guide = read_map(
        "Requirements: R001-R003, R010\nDefects: D62-D63\nOpen: none\n| R001 | a | b |\n| R001 | c | d |"
    )
    assert guide.requirements == ("R001", "R002", "R003", "R010")
    assert guide.defects == ("D62", "D63")
    assert guide.open == frozenset()
    assert guide.repeated == ("R001",)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small project with a map, whose runs are judged by the plugin."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makefile(".toml", pyproject='[tool.pytest.ini_options]\ntestpaths = ["suite"]\n')
    pytester.mkdir("suite")
    pytester.mkdir("docs").joinpath(MAP.name).write_text(SMALL_MAP)
    for name, source in SUITE.items():
        _write(pytester.path / "suite" / name, source)
    return pytester


@pytest.mark.parametrize("spread", [[], ["-n", "2", "--dist", "loadfile"]], ids=["alone", "spread"])
def test_a_whole_run_is_judged(suite: pytest.Pytester, spread: list[str]) -> None:
    assert _run(suite, *spread).ret == 0

    source = SUITE["test_kept.py"].replace("assert number", "number == 1 or pytest.skip('not here')")
    _write(suite.path / "suite" / "test_kept.py", source)
    (suite.path / "suite" / "test_other.py").write_text("def test_renamed(): pass")
    run = _run(suite, *spread)
    assert run.ret == pytest.ExitCode.TESTS_FAILED
    run.stdout.fnmatch_lines(
        ["*test_kept.py::test_one: was skipped", "*test_other.py::test_three: did not pass"]
    )
    run.stdout.no_fnmatch_line("*test_two: *")


def test_a_part_is_not_judged(suite: pytest.Pytester) -> None:
    (suite.path / "suite" / "test_other.py").unlink()
    for narrowed in (["suite/test_kept.py"], ["-k", "one"], ["--co"], ["-x"]):
        assert _run(suite, *narrowed).ret == 0, narrowed
    assert _run(suite).ret == pytest.ExitCode.TESTS_FAILED


def test_this_run_listens(pytestconfig: pytest.Config) -> None:
    """In one process the plugin is here; a process of xdist leaves it to the controller."""
    is_controlled = hasattr(pytestconfig, "workerinput")
    assert pytestconfig.pluginmanager.has_plugin("ombud-proofs") is not is_controlled
    assert pytestconfig.pluginmanager.has_plugin("tests.proofs")


def _run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return suite.runpytest_subprocess("-p", "tests.proofs", *QUICK, *arguments)


def _write(path: Path, source: str) -> None:
    lines = source.splitlines()
    path.write_text("\n".join(line.removeprefix("        ") for line in lines))


def is_there(test: str) -> bool:
    """Whether there is a test `file::function`."""
    file, _, name = test.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(node, functions) and node.name == name for node in tree.body)
