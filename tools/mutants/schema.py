"""Defects of tables, migrations, connections and the suite's own ground."""

from __future__ import annotations

from tools.mutants.mutant import Edit, Mutant

SCHEMA: tuple[Mutant, ...] = (
    Mutant(
        "D05",
        "tests/sql/test_model.py::test_states_are_stored_by_value_and_no_others",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CHECK (status IN ('open', 'in_progress', 'waiting_on_customer', 'resolved', 'closed'))",
                "CHECK (lower(status) IN ('open', 'in_progress', 'waiting_on_customer', 'resolved', 'closed'))",
            ),
        ),
    ),
    Mutant(
        "D05",
        "tests/sql/test_model.py::test_states_are_stored_by_value_and_no_others",
        "role: is not a role|compares like the enum",
        (
            Edit(
                "src/ombud/db/types.py",
                "return None if value is None else one_of(self.enum, value).value",
                "return None if value is None else one_of(self.enum, value).name",
            ),
        ),
    ),
    Mutant(
        "D06",
        "tests/sql/test_model.py::test_plain_sql_gets_the_same_defaults",
        "null value in column .status.",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "status TEXT DEFAULT 'open' NOT NULL",
                "status TEXT NOT NULL",
            ),
            Edit(
                "src/ombud/models/ticket.py",
                'mapped_column(TextEnum(TicketStatus), server_default="open")',
                'mapped_column(TextEnum(TicketStatus), default="open")',
            ),
        ),
    ),
    Mutant(
        "D07",
        "tests/sql/test_model.py::test_every_write_moves_updated_at",
        r"datetime\(1970, 1, 1",
        (
            Edit(
                "src/ombud/migrations/sql/0005/20_keep.sql",
                (
                    "  IF NOT ombud.is_curating() THEN\n"
                    "    NEW.updated_at := now();\n"
                    "  END IF;\n"
                    "  RETURN NEW;\n"
                    "END $$;\n"
                ),
                ("  RETURN NEW;\nEND $$;\n"),
            ),
            Edit(
                "src/ombud/db/base.py",
                "server_default=func.now(), server_onupdate=FetchedValue(), sort_order=101",
                "server_default=func.now(), onupdate=func.now(), sort_order=101",
            ),
        ),
    ),
    Mutant(
        "D15",
        "tests/sql/test_model.py::test_every_column_and_relationship_is_typed",
        "Tag: {'color'}",
        (Edit("src/ombud/models/tag.py", "color: Mapped[str] = mapped_column(", "color = mapped_column("),),
    ),
    Mutant(
        "D15",
        "mypy src/ombud/db/entry.py",
        "return type of a generator function",
        (
            Edit(
                "src/ombud/db/entry.py",
                "def entered(session: DeskSession, options: dict[str, Any]) -> Iterator[None]:",
                "def entered(session: DeskSession, options: dict[str, Any]) -> DeskSession:",
            ),
        ),
    ),
    Mutant(
        "D45",
        "tests/testing/test_isolation.py::test_no_other_database_is_emptied_or_dropped",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/testing/databases.py",
                "if found is not None and found[0] != MARK:",
                "if found is not None and found[0] is False:",
            ),
        ),
    ),
    Mutant(
        "D46",
        "tests/testing/test_isolation.py::test_what_a_test_commits_is_gone_in_the_next",
        "assert 1 == 0",
        (
            Edit(
                "src/ombud/testing/pytest.py",
                ("    yield ombud_worker_database\n    ombud_worker_database.empty()\n"),
                "    yield ombud_worker_database\n",
            ),
        ),
    ),
    Mutant(
        "D46",
        "tests/testing/test_isolation.py::test_a_stage_leaves_nothing",
        "assert 1 == 0",
        (
            Edit(
                "src/ombud/testing/undone.py",
                (
                    "        session = DeskSession(\n"
                    "            self._connection,\n"
                    "            expire_on_commit=False,\n"
                    "            close_resets_only=False,\n"
                    '            join_transaction_mode="create_savepoint",\n'
                ),
                (
                    "        session = DeskSession(\n"
                    "            self._connection,\n"
                    "            expire_on_commit=False,\n"
                    "            close_resets_only=False,\n"
                    '            join_transaction_mode="control_fully",\n'
                ),
            ),
        ),
    ),
    Mutant(
        "D47",
        "tests/migrations/test_migrations.py::test_migrations_make_what_models_declare",
        "400",
        (
            Edit(
                "src/ombud/models/ticket.py",
                "title: Mapped[str] = mapped_column(String(500))",
                "title: Mapped[str] = mapped_column(String(400))",
            ),
        ),
    ),
    Mutant(
        "D49",
        "tests/migrations/test_migrations.py::test_up_down_up",
        "ticket_number_seq",
        (
            Edit(
                "src/ombud/migrations/sql/0001/down/drop.sql",
                "DROP SEQUENCE IF EXISTS ombud.ticket_number_seq;\n",
                "",
            ),
        ),
    ),
    Mutant(
        "D50",
        "tests/sql/test_model.py::test_the_database_refuses",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CHECK (color ~ '^#[0-9A-Fa-f]{6}$')",
                "CHECK (true)",
            ),
        ),
    ),
    Mutant(
        "D50",
        "tests/sql/test_model.py::test_the_database_refuses",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CONSTRAINT ck_tags_name_not_blank CHECK (name ~ '\\S')",
                "CONSTRAINT ck_tags_name_not_blank CHECK (true)",
            ),
        ),
    ),
    Mutant(
        "D50",
        "tests/sql/test_model.py::test_the_database_refuses",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CONSTRAINT ck_tickets_title_not_blank CHECK (title ~ '\\S')",
                "CONSTRAINT ck_tickets_title_not_blank CHECK (true)",
            ),
        ),
    ),
    Mutant(
        "D50",
        "tests/sql/test_model.py::test_the_database_refuses",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CONSTRAINT ck_users_email_form CHECK (email ~ '^[^@\\s]+@[^@\\s]+$')",
                "CONSTRAINT ck_users_email_form CHECK (true)",
            ),
        ),
    ),
    Mutant(
        "D50",
        "tests/sql/test_model.py::test_the_database_refuses",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "GENERATED ALWAYS AS (lower(email)) STORED",
                "GENERATED ALWAYS AS (email::varchar) STORED",
            ),
        ),
    ),
    Mutant(
        "D50",
        "tests/sql/test_model.py::test_the_database_refuses",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CHECK ((status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL))",
                "CHECK (true)",
            ),
        ),
    ),
    Mutant(
        "D51",
        "tests/security/test_catalogue.py::test_every_foreign_key_has_an_index_that_begins_with_it",
        "fk_ticket_tags_tag_id",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CREATE INDEX ix_ticket_tags_tag_id ON ombud.ticket_tags (tag_id, ticket_id);\n",
                "",
            ),
        ),
    ),
    Mutant(
        "D59",
        "tests/db/test_engines.py::test_every_connection_has_the_settings",
        "assert '0' == '10s'",
        (Edit("src/ombud/db/engine.py", '"idle_in_transaction_session_timeout": "10000",', ""),),
    ),
    Mutant(
        "D60",
        "tests/security/test_catalogue.py::test_times_have_zones_and_keys_are_big",
        "'tags', 'id', 'integer'",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                ("CREATE TABLE ombud.tags (\n  id BIGINT GENERATED"),
                ("CREATE TABLE ombud.tags (\n  id INTEGER GENERATED"),
            ),
        ),
    ),
    Mutant(
        "D63",
        "tests/sql/test_model.py::test_every_constraint_has_the_name_that_the_convention_gives",
        "comments_author_id_fkey",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CONSTRAINT fk_comments_author_id FOREIGN KEY(author_id)",
                "CONSTRAINT comments_author_id_fkey FOREIGN KEY(author_id)",
            ),
        ),
    ),
)
