"""Defects of the audit log and of what belongs to people."""

from __future__ import annotations

from tools.mutants.mutant import Edit, Mutant

PEOPLE: tuple[Mutant, ...] = (
    Mutant(
        "D08",
        "tests/actions/test_open_ticket.py::test_a_customer_opens_a_ticket_with_defaults",
        "not enough values to unpack",
        (
            Edit(
                "src/ombud/migrations/sql/0036/20_audit.sql",
                "IF TG_OP = 'INSERT' THEN%2$s",
                "IF TG_OP = 'INSERT' THEN NULL;",
            ),
        ),
    ),
    Mutant(
        "D09",
        ("tests/actions/test_change_ticket.py::test_each_change_is_one_row_of_the_log_with_before_and_after"),
        "missing FROM-clause entry for table|refused that",
        (
            Edit(
                "src/ombud/migrations/sql/0036/20_audit.sql",
                "'old_rows o CROSS JOIN new_rows r'",
                "'old_rows o'",
            ),
        ),
    ),
    Mutant(
        "D11",
        "tests/security/test_audit.py::test_a_bulk_update",
        r"assert \{\} == ",
        (
            Edit(
                "src/ombud/migrations/sql/0036/20_audit.sql",
                "numbering pairs them even if a key changed.%5$s",
                ("numbering pairs them even if a key changed.\n    NULL;"),
            ),
        ),
    ),
    Mutant(
        "D11",
        "tests/actions/test_bulk.py::test_each_changed_ticket_has_one_audit_row_with_the_actor",
        r"assert \{None\} == ",
        (
            Edit(
                "src/ombud/migrations/sql/0036/20_audit.sql",
                "person := nullif(current_setting('ombud.user_id', true), '')::bigint;",
                "person := NULL;",
            ),
        ),
    ),
    Mutant(
        "D11",
        "tests/security/test_audit.py::test_a_cascade",
        r"assert \{\} == ",
        (
            Edit(
                "src/ombud/migrations/sql/0001/30_audit.sql",
                "ELSIF TG_OP = 'DELETE' THEN%3$s",
                "ELSIF TG_OP = 'DELETE' THEN NULL;",
            ),
            Edit(
                "src/ombud/migrations/sql/0036/20_audit.sql",
                "ELSIF TG_OP = 'DELETE' THEN%3$s",
                "ELSIF TG_OP = 'DELETE' THEN NULL;",
            ),
        ),
    ),
    Mutant(
        "D11",
        "tests/security/test_catalogue.py::test_every_table_is_audited_or_exempt_by_name",
        "E +'ticket_tags'",
        (
            Edit(
                "src/ombud/migrations/sql/0001/30_audit.sql",
                "SELECT ombud.audit_table('ombud.ticket_tags', '{ticket_id,tag_id}', 'ticket_id');\n",
                "",
            ),
        ),
    ),
    Mutant(
        "D12",
        "tests/security/test_catalogue.py::test_the_log_is_written_once_for_each_statement",
        "z_audit_update",
        (
            Edit(
                "src/ombud/migrations/sql/0036/20_audit.sql",
                (
                    "'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '\n"
                    "                 'FOR EACH STATEMENT"
                ),
                (
                    "'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '\n"
                    "                 'FOR EACH ROW"
                ),
            ),
        ),
    ),
    Mutant(
        "D12",
        "tests/actions/test_bulk.py::test_statements_do_not_grow_with_ids",
        r"assert \d\d <= \d",
        (
            Edit(
                "src/ombud/tickets/actions/bulk/change.py",
                (
                    "        session.execute(\n"
                    "            update(Ticket).where(one_of(Ticket.id, chosen)).values(values),\n"
                    '            execution_options={"synchronize_session": False},\n'
                    "        )\n"
                ),
                (
                    "        for one in chosen:\n"
                    "            session.execute(\n"
                    "                update(Ticket).where(Ticket.id == one).values(values),\n"
                    '                execution_options={"synchronize_session": False},\n'
                    "            )\n"
                ),
            ),
        ),
    ),
    Mutant(
        "D14",
        "tests/actions/test_people.py::test_the_hash_is_never_loaded_with_a_person",
        "assert 'password_hash' not in ",
        (
            Edit(
                "src/ombud/models/people.py",
                "String(255), deferred=True, deferred_raiseload=True, server_default=None",
                "String(255), server_default=None",
            ),
            Edit(
                "src/ombud/migrations/sql/0001/60_security.sql",
                "attnum > 0 AND NOT attisdropped AND attname <> 'password_hash';",
                "attnum > 0 AND NOT attisdropped;",
            ),
        ),
    ),
    Mutant(
        "D14",
        ("tests/api/test_api_description.py::test_inputs_take_no_unknown_fields_and_outputs_have_no_secrets"),
        "AssertionError: User",
        (
            Edit(
                "src/ombud/api/schemas/people.py",
                ('"""A person\'s record."""\n\n    id: int\n'),
                ('"""A person\'s record."""\n\n    id: int\n    password_hash: str | None = None\n'),
            ),
        ),
    ),
    Mutant(
        "D16",
        "tests/sql/test_model.py::test_a_persons_collections_own_nothing",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/models/people.py",
                'back_populates="author", lazy="raise", passive_deletes="all"',
                'back_populates="author", lazy="raise", cascade="all, delete-orphan"',
            ),
        ),
    ),
    Mutant(
        "D16",
        "tests/sql/test_model.py::test_a_persons_collections_own_nothing",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/models/people.py",
                (
                    'back_populates="creator", foreign_keys="Ticket.creator_id", lazy="raise", '
                    'passive_deletes="all"'
                ),
                (
                    'back_populates="creator", foreign_keys="Ticket.creator_id", lazy="raise", cascade="all, '
                    'delete-orphan"'
                ),
            ),
        ),
    ),
    Mutant(
        "D17",
        "tests/sql/test_model.py::test_nobodys_words_go_with_their_account",
        "DID NOT RAISE OmbudError",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                (
                    "CONSTRAINT fk_comments_author_id FOREIGN KEY(author_id) REFERENCES ombud.users (id) ON "
                    "DELETE RESTRICT"
                ),
                (
                    "CONSTRAINT fk_comments_author_id FOREIGN KEY(author_id) REFERENCES ombud.users (id) ON "
                    "DELETE CASCADE"
                ),
            ),
        ),
    ),
    Mutant(
        "D20",
        "tests/sql/test_model.py::test_every_model_has_a_safe_repr",
        r"KeyError: '\w+'",
        (Edit("src/ombud/db/base.py", "self.__dict__.get(column.key)!r", "self.__dict__[column.key]!r"),),
    ),
    Mutant(
        "D52",
        "tests/sql/test_columns.py::test_columns_are_as_promised",
        "'json'",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "changes JSONB NOT NULL",
                "changes JSON NOT NULL",
            ),
        ),
    ),
    Mutant(
        "D52",
        "tests/security/test_grants.py::test_no_role_of_the_application_may",
        "assert '' == '42501'",
        (
            Edit(
                "src/ombud/migrations/sql/0001/60_security.sql",
                "GRANT SELECT ON ombud.audit_logs, ombud.audit_checkpoints TO ombud_app;",
                "GRANT SELECT, UPDATE, DELETE ON ombud.audit_logs, ombud.audit_checkpoints TO ombud_app;",
            ),
        ),
    ),
    Mutant(
        "D58",
        "tests/sql/test_model.py::test_deleting_a_person_loads_nothing",
        "assert 7 <= 4",
        (
            Edit(
                "src/ombud/models/people.py",
                (
                    'back_populates="creator", foreign_keys="Ticket.creator_id", lazy="raise", '
                    'passive_deletes="all"'
                ),
                'back_populates="creator", foreign_keys="Ticket.creator_id"',
            ),
            Edit(
                "src/ombud/models/people.py",
                (
                    'back_populates="assignee", foreign_keys="Ticket.assignee_id", lazy="raise", '
                    'passive_deletes="all"'
                ),
                'back_populates="assignee", foreign_keys="Ticket.assignee_id"',
            ),
            Edit(
                "src/ombud/models/people.py",
                'back_populates="author", lazy="raise", passive_deletes="all"',
                'back_populates="author"',
            ),
        ),
    ),
    Mutant(
        "D61",
        "tests/sql/test_model.py::test_what_an_audit_row_says_is_not_lost_silently",
        "DID NOT RAISE Forbidden",
        (
            Edit(
                "src/ombud/models/audit.py",
                "mapped_column(MutableDict.as_mutable(JSONB))",
                "mapped_column(JSONB)",
            ),
        ),
    ),
)
