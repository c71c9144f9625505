"""Both logs are cut by month: a range of time reads its own months only, and months are made ahead of time (R155)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Select, text

from ombud import Actor, Desk
from ombud.audit import AccessFilter, LogFilter, queries
from ombud.audit.actions import ensure_partitions
from ombud.audit.actions.partitions import MONTHS_AHEAD
from ombud.db.explain import plan_json
from ombud.testing import ScratchDatabase, ScratchServer
from ombud.worker.chores import CHORES, run_chore

SYSTEM = Actor.system("test")


@pytest.fixture
def ahead(postgres: ScratchServer) -> Iterator[tuple[Desk, ScratchDatabase]]:
    """A desk of the test's own, with partitions for half a year."""
    with postgres.database() as database, Desk(database.url) as desk:
        database.execute("SELECT ombud.ensure_audit_partitions(6)")
        yield desk, database


def _month(months: int) -> datetime:
    """Return when a month begins in UTC, counted from the present one."""
    year, month = divmod(datetime.now(UTC).month - 1 + months, 12)
    return datetime(datetime.now(UTC).year + year, month + 1, 1, tzinfo=UTC)


def _read(desk: Desk, statement: Select[Any], log: str) -> set[str]:
    """Return which partitions of a log the plan reads, by their suffix."""
    with desk.read(SYSTEM) as session:
        plan = json.dumps(plan_json(session, statement, analyze=True))
    with desk.read(SYSTEM) as session:
        names = session.scalars(
            text("SELECT relid::regclass::text FROM pg_partition_tree(:log) WHERE isleaf"),
            {"log": f"ombud.{log}"},
        ).all()
    tables = {name.rpartition(".")[2] for name in names}
    return {table.removeprefix(f"{log}_") for table in tables if f'"Relation Name": "{table}"' in plan}


@pytest.mark.parametrize("months", [0, 1, 4])
def test_a_month_reads_one_partition(ahead: tuple[Desk, ScratchDatabase], months: int) -> None:
    desk, _database = ahead
    start, end = _month(months), _month(months + 1)
    expected = {f"{start:%Y_%m}"}
    changes = queries.log(SYSTEM, LogFilter(start=start, end=end))
    assert _read(desk, changes, "audit_logs") == expected
    looks = queries.looks(SYSTEM, AccessFilter(start=start, end=end))
    assert _read(desk, looks, "access_logs") == expected


def test_a_range_over_a_border_reads_two(ahead: tuple[Desk, ScratchDatabase]) -> None:
    desk, _database = ahead
    start, end = _month(1) - timedelta(seconds=1), _month(1) + timedelta(seconds=1)
    both = {f"{_month(0):%Y_%m}", f"{_month(1):%Y_%m}"}
    assert _read(desk, queries.log(SYSTEM, LogFilter(start=start, end=end)), "audit_logs") == both


def test_without_a_range_everything_is_read(ahead: tuple[Desk, ScratchDatabase]) -> None:
    """What the tests above would not notice if plans were read wrongly."""
    desk, _database = ahead
    read = _read(desk, queries.log(SYSTEM, LogFilter()), "audit_logs")
    assert {f"{_month(months):%Y_%m}" for months in range(7)} | {"default"} == read


def test_the_worker_makes_months_ahead(ahead: tuple[Desk, ScratchDatabase]) -> None:
    desk, database = ahead
    for log in ("audit_logs", "access_logs"):
        for months in range(1, 7):
            database.execute(f"DROP TABLE ombud.{log}_{_month(months):%Y_%m}")
    chore = next(one for one in CHORES if one.work is ensure_partitions)
    assert run_chore(desk, chore) == 2 * MONTHS_AHEAD
    assert run_chore(desk, chore) == 0
    with desk.read(SYSTEM) as session:
        left_out = session.execute(
            text(
                "SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'"
                " AND c.relnamespace = 'ombud'::regnamespace AND NOT (c.relrowsecurity AND c.relforcerowsecurity"
                " AND has_table_privilege('ombud_backup', c.oid, 'SELECT')"
                " AND NOT has_table_privilege('ombud_web', c.oid, 'SELECT'))"
            )
        ).all()
    assert left_out == []
