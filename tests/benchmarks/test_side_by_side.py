"""Side by side: on a small desk all sides agree, and a loaded desk is like one that was written to row by row."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.designs import __main__ as designs
from benchmarks.desk import command, environment, scratch_folder
from benchmarks.guide import table
from benchmarks.guide.databases import Server, server
from benchmarks.guide.loading import SLICE, _copy, load
from benchmarks.guide.timing import Case, Outcome, Target, measure
from ombud.cli import bench
from ombud.errors import Unavailable

TICKETS = 500
LOADED = 501
"""Another size, so another desk: a run leaves traces on its own."""
BOTH = 25
"""At least so many questions are put to the guide and to Ombud."""


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """A folder for the databases, which the tests share."""
    with scratch_folder() as folder:
        yield folder


@pytest.mark.timeout(300)
def test_a_tiny_run_agrees_in_every_case(kept: Path) -> None:
    line = command("bench", "--tickets", str(TICKETS), "--runs", "1", "--json", "--keep", str(kept))
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["tickets"] == TICKETS
    cases = {case["case"]: case for case in told["cases"]}
    both = [case for case in cases.values() if case["guide_ms"] is not None and case["ombud_ms"] is not None]
    assert len(both) >= BOTH
    assert [case["case"] for case in both if case["same_answer"] is not True] == []
    assert all(case["ombud_ms"] > 0 for case in cases.values())
    assert "search: common word" in cases
    assert cases["memory of streaming all tickets"]["growth_mb"] < 100
    with server(kept) as running, running.connect(f"ombud_{TICKETS}") as connection:
        left = connection.execute("SELECT count(*), max(id) FROM ombud.tickets").fetchone()
        assert left == (TICKETS, TICKETS), "what was committed is taken away"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", list(designs.KINDS))
def test_designs_are_compared_on_a_copy_that_goes(
    kept: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    few = ["--tickets", str(TICKETS), "--rows", "20", "--runs", "1", "--keep", str(kept)]
    assert designs.main([kind, *few]) == 0
    lines = [
        line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("|")
    ]
    found = {name: columns for name, *columns in lines[2:]}
    assert len(found) == len(lines) - 2 >= (6 if kind == "narrowing" else 11)
    assert all(float(columns[0].split()[0]) > 0 for columns in found.values())
    heads = lines[0]
    processor = [float(columns[heads.index("processor") - 1].split()[0]) for columns in found.values()]
    assert min(processor) > 0
    if kind == "updates":
        # Those need no index entry whose changed columns no index holds.
        stayed = {name: int(columns[-1]) for name, columns in found.items()}
        assert stayed["Ombud"] == 0
        assert stayed["the same, with room, without the seven indexes"] > 0
    with server(kept) as running:
        assert [name for name in running.names() if name.startswith("designs_")] == []


def _by_hand(running: Server, name: str) -> None:
    """Write the same rows with every trigger at work; comments come before tickets are deleted."""
    running.migrate(name)
    with running.connect(f"guide_{LOADED}") as source, running.connect(name) as target:
        target.execute("SELECT set_config('ombud.actor', 'system:benchmark', false)")
        for one in ("users", "tags", "tickets", "comments", "ticket_tags"):
            if one == "comments":
                target.execute("ALTER TABLE ombud.tickets DISABLE TRIGGER keep")
                target.execute("CREATE TABLE public.gone AS SELECT id, deleted_at FROM ombud.tickets")
                target.execute("UPDATE ombud.tickets SET deleted_at = NULL, first_response_at = NULL")
                target.execute(
                    "UPDATE ombud.tickets SET last_activity_at = greatest(created_at, resolved_at)"
                )
                target.execute("ALTER TABLE ombud.tickets ENABLE TRIGGER keep")
            _copy(source, target, one)
        target.execute("ALTER TABLE ombud.tickets DISABLE TRIGGER keep")
        target.execute(
            "UPDATE ombud.tickets t SET deleted_at = g.deleted_at FROM public.gone g"
            " WHERE g.id = t.id AND g.deleted_at IS NOT NULL"
        )
        target.execute("ALTER TABLE ombud.tickets ENABLE TRIGGER keep")
        while (target.execute("SELECT ombud.index_search_tail(10000)").fetchone() or (0,))[0]:
            pass
        target.execute("SELECT ombud.fold_statistics(2147483647)")


_STATE = {
    "tickets": """
SELECT id, ticket_number, title, description, status, priority, requester_id, creator_id, assignee_id, organization_id,
       first_response_at, last_activity_at, resolved_at, deleted_at, created_at FROM ombud.tickets ORDER BY id""",
    "documents": "SELECT ticket_id, document, public_document, is_indexed FROM ombud.ticket_search ORDER BY 1",
    "sums": "SELECT * FROM ombud.ticket_stats ORDER BY grain, dimension, starts_on, team_id, key",
    "log": """
SELECT table_name, record_key, changes FROM ombud.audit_logs
 WHERE action = 'CREATE' AND table_name NOT IN ('tickets') ORDER BY table_name, record_key::text""",
}


@pytest.mark.timeout(300)
def test_a_loaded_desk_is_like_one_written_to_row_by_row(kept: Path) -> None:
    assert LOADED < SLICE
    with server(kept) as running:
        load(running, LOADED, lambda _said: None)
        running.make("by_hand", lambda name: _by_hand(running, name))
        with running.connect(f"ombud_{LOADED}") as loaded, running.connect("by_hand") as written:
            for what, statement in _STATE.items():
                one, other = loaded.execute(statement).fetchall(), written.execute(statement).fetchall()
                assert len(one) > 0
                assert one == other, what


@pytest.mark.asyncio
async def test_answers_that_differ_are_told() -> None:
    async def one() -> int:
        return 1

    async def two() -> int:
        return 2

    assert (await measure(Case("a", one, one, one), 1)).same_answer is True
    differing = await measure(Case("a", one, two, one, Target(guide=2)), 1)
    assert differing.same_answer is False
    assert (await measure(Case("a", ombud=one), 1)).same_answer is None
    assert "**no**" in table.as_markdown([differing])


def test_targets() -> None:
    ms: dict[str, float | None] = {"guide": 100.0, "ombud": 10.0, "best": 5.0}
    assert Target(guide=10, best=2).met(ms) is True
    assert Target(guide=11, best=2).met(ms) is False
    assert Target(guide=10, best=1.9).met(ms) is False
    assert Target(ms=9).met(ms) is False
    assert Target(guide=10).met({**ms, "guide": None}) is None
    assert Target().met(ms) is None
    assert str(Target(guide=200, best=3)) == "200x guide, 3x best"


def test_the_json_has_the_agreed_names() -> None:
    outcome = Outcome("a case", {"guide": 2.0, "ombud": 1.0, "best": None}, True, 3)
    told = json.loads(table.as_json(7, [outcome]))
    assert told["tickets"] == 7
    assert {"case", "guide_ms", "ombud_ms", "best_ms", "same_answer"} <= set(told["cases"][0])
    assert told["cases"][0]["best_ms"] is None


def test_without_a_checkout_the_command_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        "ombud.cli.bench.ombud.__file__", str(tmp_path / "lib" / "x" / "ombud" / "__init__.py")
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unavailable, match="in a checkout of Ombud"):
        bench.checkout()
