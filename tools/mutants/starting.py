"""Defects that keep the guide's code from starting (section 2.1 of the map)."""

from __future__ import annotations

from tools.mutants.mutant import Edit, Mutant

STARTING: tuple[Mutant, ...] = (
    Mutant(
        "D01",
        "tests/architecture/test_packages.py::test_the_packages_name_what_they_need",
        "E +'greenlet'",
        (Edit("pyproject.toml", 'async = ["asyncpg>=0.30", "greenlet>=3.1"]', 'async = ["asyncpg>=0.30"]'),),
    ),
    Mutant(
        "D02",
        "tests/sql/test_model.py::test_no_engine_is_made_by_importing",
        "returned non-zero exit status 1",
        (
            Edit(
                "src/ombud/db/base.py",
                'SCHEMA = "ombud"\n',
                (
                    'SCHEMA = "ombud"\n'
                    'engine = __import__("sqlalchemy").create_engine("postgresql+psycopg://127.0.0.1/desk")\n'
                ),
            ),
        ),
    ),
    Mutant(
        "D02",
        "tests/architecture/test_packages.py::test_a_url_without_a_driver_gets_one",
        "assert 'psycopg' == 'asyncpg'",
        (
            Edit(
                "src/ombud/db/engine.py",
                'target.set(drivername=f"postgresql+{default}")',
                'target.set(drivername="postgresql")',
            ),
        ),
    ),
    Mutant(
        "D03",
        "tests/sql/test_model.py::test_all_models_share_one_registry",
        "failed to locate a name",
        (
            Edit(
                "src/ombud/models/ticket.py",
                'attachments: Mapped[list["Attachment"]] = relationship(',
                'attachments: Mapped[list["File"]] = relationship(',
            ),
        ),
    ),
    Mutant(
        "D04",
        "tests/sql/test_columns.py::test_columns_are_as_promised",
        "name 'JSONB' is not defined",
        (Edit("src/ombud/models/audit.py", "from sqlalchemy.dialects.postgresql import JSONB\n", ""),),
    ),
    Mutant(
        "D56",
        "tests/sql/test_model.py::test_all_models_share_one_registry",
        "already contains a class with the same class name",
        (
            Edit(
                "src/ombud/models/ticket.py",
                "class TicketParticipant(Base):",
                (
                    "class Ticket(Base):\n"
                    '    """Computed fields."""\n'
                    "\n"
                    "    is_late = hybrid_property(lambda self: True)\n"
                    "\n"
                    "\n"
                    "class TicketParticipant(Base):"
                ),
            ),
        ),
    ),
    Mutant(
        "D37",
        "tests/db/test_engines.py::test_pools_can_be_those_of_production",
        "QueuePool cannot be used with asyncio engine",
        (
            Edit(
                "src/ombud/db/engine.py",
                '"pool_use_lifo": True,',
                '"pool_use_lifo": True, "poolclass": __import__("sqlalchemy").pool.QueuePool,',
            ),
        ),
    ),
    Mutant(
        "D48",
        "tests/migrations/test_migrations.py::test_alembic_finds_nothing_to_do",
        "does not provide a MetaData object",
        (Edit("src/ombud/migrations/env.py", "target_metadata=Base.metadata", "target_metadata=None"),),
    ),
    Mutant(
        "D44",
        "tests/testing/test_isolation.py::test_asynchronous_tests_have_a_desk_too",
        "async fixture '_closed_in_loop'",
        (
            Edit(
                "tests/conftest.py",
                ("@pytest_asyncio.fixture\nasync def _closed_in_loop"),
                ("@pytest.fixture\nasync def _closed_in_loop"),
            ),
        ),
    ),
    Mutant(
        "D44",
        "tests/docs/test_programs.py::test_the_suite_of_testing",
        "async fixture 'ombud_async_",
        (
            Edit(
                "src/ombud/testing/pytest.py",
                "from pytest_asyncio import fixture as async_fixture",
                "from pytest import fixture as async_fixture",
            ),
        ),
    ),
)
