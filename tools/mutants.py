"""Put defects of the guide back, one at a time, and see that the tests which claim to catch them fail: `make mutants`.

Each runs in a copy of the project, so nothing here changes. A mutant that survives is a test that proves nothing.

    python -m tools.mutants [D-number ...]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "src",
    "tests",
    "tools",
    "docs",
    "examples",
    "benchmarks",
    "pyproject.toml",
    "Makefile",
    "README.md",
)
PATIENCE = 300.0


@dataclass(frozen=True)
class Mutant:
    """A defect: what is replaced by what in which file, and the test that must fail then."""

    number: str
    file: str
    old: str
    new: str
    test: str


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "D01",
        "pyproject.toml",
        'async = ["asyncpg>=0.30", "greenlet>=3.1"]',
        'async = ["asyncpg>=0.30"]',
        "tests/architecture/test_packages.py::test_the_packages_name_what_they_need",
    ),
    Mutant(
        "D02",
        "src/ombud/db/engine.py",
        'target.set(drivername=f"postgresql+{default}")',
        'target.set(drivername="postgresql")',
        "tests/architecture/test_packages.py::test_a_url_without_a_driver_gets_one",
    ),
    Mutant(
        "D05",
        "src/ombud/db/types.py",
        "return None if value is None else one_of(self.enum, value).value",
        "return None if value is None else one_of(self.enum, value).name",
        "tests/sql/test_model.py::test_states_are_stored_by_value_and_no_others",
    ),
    Mutant(
        "D14",
        "src/ombud/models/people.py",
        "String(255), deferred=True, deferred_raiseload=True, server_default=None",
        "String(255), server_default=None",
        "tests/actions/test_people.py::test_the_hash_is_never_loaded_with_a_person",
    ),
    Mutant(
        "D17",
        "src/ombud/migrations/sql/0001/15_tables.sql",
        "CONSTRAINT fk_comments_author_id FOREIGN KEY(author_id) REFERENCES ombud.users (id) ON DELETE RESTRICT",
        "CONSTRAINT fk_comments_author_id FOREIGN KEY(author_id) REFERENCES ombud.users (id) ON DELETE CASCADE",
        "tests/sql/test_model.py::test_nobodys_words_go_with_their_account",
    ),
    Mutant(
        "D19",
        "src/ombud/tickets/queries/lists.py",
        "TicketSort.CREATED: (Ticket.__table__.c.created_at, Ticket.__table__.c.id),",
        "TicketSort.CREATED: (Ticket.__table__.c.created_at, Ticket.__table__.c.priority_rank),",
        "tests/sql/test_lists.py::test_pages_part_the_list_in_every_order_with_ties",
    ),
    Mutant(
        "D20",
        "src/ombud/db/base.py",
        "self.__dict__.get(column.key)!r",
        "self.__dict__[column.key]!r",
        "tests/sql/test_model.py::test_every_model_has_a_safe_repr",
    ),
    Mutant(
        "D21",
        "src/ombud/models/ticket.py",
        "return not self.status.is_done and self.created_at < clock.now() - OVERDUE_AFTER",
        "return not self.status.is_done and self.created_at < clock.now().replace(tzinfo=None) - OVERDUE_AFTER",
        "tests/sql/test_hybrids.py::test_python_and_sql_agree",
    ),
    Mutant(
        "D22",
        "src/ombud/tickets/queries/matching.py",
        "has(part, autoescape=True)",
        "has(part)",
        "tests/search/test_exact.py::test_signs_are_literal_before_and_after_indexing",
    ),
    Mutant(
        "D23",
        "src/ombud/tickets/queries/matching.py",
        "for column, values in any_of if values is not None",
        "for column, values in any_of if values",
        "tests/search/test_exact.py::test_none_zero_and_empty_are_different",
    ),
    Mutant(
        "D24",
        "src/ombud/db/translate.py",
        'return OmbudError("The database refused that.")',
        "return OmbudError(str(error))",
        "tests/errors/test_translation.py::test_each_state_is_a_kind",
    ),
    Mutant(
        "D26",
        "src/ombud/models/ticket.py",
        "and_(cls.status.in_(undone), cls.created_at < func.now() - OVERDUE_AFTER)",
        "and_(not cls.status, cls.created_at < func.now() - OVERDUE_AFTER)",
        "tests/sql/test_hybrids.py::test_the_conditions_can_be_filtered_by",
    ),
    Mutant(
        "D28",
        "src/ombud/db/types.py",
        'raise Invalid(fields={"time": "needs a time zone."})',
        "pass",
        "tests/sql/test_model.py::test_a_naive_time_is_refused",
    ),
    Mutant(
        "D29",
        "src/ombud/db/entry.py",
        "session = DeskSession(engine, expire_on_commit=False)",
        "session = DeskSession(engine, expire_on_commit=False, autoflush=False)",
        "tests/sql/test_sessions.py::test_whoever_writes_the_query_finds_own_writes",
    ),
    Mutant(
        "D32",
        "src/ombud/tickets/actions/find.py",
        "if user is None or not user.is_staff or not user.is_active:",
        "if user is None or not user.is_active:",
        "tests/actions/test_bulk.py::test_only_active_staff_get_tickets",
    ),
    Mutant(
        "D35",
        "src/ombud/db/entry.py",
        "AsyncSession(engine, sync_session_class=DeskSession, expire_on_commit=False)",
        "AsyncSession(engine, sync_session_class=DeskSession, expire_on_commit=True)",
        "tests/sql/test_sessions.py::test_an_asynchronous_change_can_be_read_after_the_commit",
    ),
    Mutant(
        "D37",
        "src/ombud/db/engine.py",
        '"pool_use_lifo": True,',
        '"pool_use_lifo": True, "poolclass": __import__("sqlalchemy").pool.QueuePool,',
        "tests/db/test_engines.py::test_pools_can_be_those_of_production",
    ),
    Mutant(
        "D38",
        "src/ombud/tickets/actions/find.py",
        "    if ticket.deleted_at is not None and not deleted:",
        "    if ticket.deleted_at is False:",
        "tests/actions/test_reply.py::test_a_deleted_ticket_takes_no_word_and_no_file",
    ),
    Mutant(
        "D39",
        "src/ombud/tickets/actions/delete.py",
        "    if ticket.deleted_at is None:",
        "    if ticket.deleted_at is False:",
        "tests/actions/test_delete.py::test_deleting_and_restoring_say_whether_they_did_anything",
    ),
    Mutant(
        "D43",
        "src/ombud/tickets/filters.py",
        "MAX_PAGE = 100",
        "MAX_PAGE = 10**9",
        "tests/sql/test_sessions.py::test_no_read_takes_an_unbounded_limit",
    ),
    Mutant(
        "D47",
        "src/ombud/models/ticket.py",
        "title: Mapped[str] = mapped_column(String(500))",
        "title: Mapped[str] = mapped_column(String(400))",
        "tests/migrations/test_migrations.py::test_migrations_make_what_models_declare",
    ),
    Mutant(
        "D53",
        "src/ombud/tickets/actions/tag.py",
        "session.execute(insert(Tag).values(rows).on_conflict_do_nothing())",
        "session.execute(insert(Tag).values(rows))",
        "tests/actions/test_concurrency.py::test_ten_people_make_the_same_tags_and_there_is_one_of_each",
    ),
    Mutant(
        "D53",
        "src/ombud/tickets/actions/tag.py",
        "session.execute(insert(TicketTag).values(rows).on_conflict_do_nothing())",
        "session.execute(insert(TicketTag).values(rows))",
        "tests/actions/test_concurrency.py::test_one_ticket_is_tagged_by_two_at_once",
    ),
    Mutant(
        "D54",
        "src/ombud/tickets/actions/change.py",
        "if expected_version is not None and ticket.version != expected_version:",
        "if expected_version is not None and ticket.version < 0:",
        "tests/actions/test_concurrency.py::test_of_two_writers_with_the_same_version_the_second_is_told",
    ),
    Mutant(
        "D55",
        "src/ombud/tickets/actions/reply.py",
        'content=clean_body("content", content)',
        "content=content",
        "tests/actions/test_reply.py::test_a_comment_says_something",
    ),
    Mutant(
        "D59",
        "src/ombud/db/engine.py",
        '"idle_in_transaction_session_timeout": "10000",',
        "",
        "tests/db/test_engines.py::test_every_connection_has_the_settings",
    ),
    Mutant(
        "D61",
        "src/ombud/models/audit.py",
        "mapped_column(MutableDict.as_mutable(JSONB))",
        "mapped_column(JSONB)",
        "tests/sql/test_model.py::test_what_an_audit_row_says_is_not_lost_silently",
    ),
    Mutant(
        "D63",
        "src/ombud/migrations/sql/0001/15_tables.sql",
        "CONSTRAINT fk_comments_author_id FOREIGN KEY(author_id)",
        "CONSTRAINT comments_author_id_fkey FOREIGN KEY(author_id)",
        "tests/sql/test_model.py::test_every_constraint_has_the_name_that_the_convention_gives",
    ),
)


def main(wanted: list[str]) -> int:
    """Try the mutants; the exit code is how many survived or could not be made."""
    chosen = [mutant for mutant in MUTANTS if not wanted or mutant.number in wanted]
    bad = 0
    with tempfile.TemporaryDirectory(prefix="ombud-mutants-") as name:
        place = Path(name)
        _copy(place)
        for mutant in chosen:
            verdict = try_one(place, mutant)
            bad += verdict != "killed"
            print(f"{mutant.number}  {verdict:9}  {mutant.test}", flush=True)
    print(f"{len(chosen) - bad} of {len(chosen)} were killed")
    return min(bad, 100)


def try_one(place: Path, mutant: Mutant) -> str:
    """Return `killed`, `survived`, or `stale` where the text to be replaced is not there once."""
    path = place / mutant.file
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        return "stale"
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test],
            cwd=place,
            env={**_environment(), "PYTHONPATH": str(place / "src")},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "killed"
    finally:
        path.write_text(source, encoding="utf-8")
    return "survived" if done.returncode == 0 else "killed" if done.returncode == 1 else "stale"


def _copy(place: Path) -> None:
    ignored = shutil.ignore_patterns("node_modules", "__pycache__")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=ignored)
        else:
            shutil.copy2(source, place / name)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("OMBUD_", "PYTEST_"))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
