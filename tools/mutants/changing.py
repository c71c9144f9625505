"""Defects of what changes tickets, one or many."""

from __future__ import annotations

from tools.mutants.mutant import Edit, Mutant

CHANGING: tuple[Mutant, ...] = (
    Mutant(
        "D13",
        "tests/contrib/test_fastapi.py::test_a_failing_commit_is_never_a_success",
        "response already started",
        (
            Edit(
                "src/ombud/contrib/fastapi.py",
                'self.writes: Dependency = Depends(write, scope="function")',
                'self.writes: Dependency = Depends(write, scope="request")',
            ),
            Edit(
                "src/ombud/contrib/fastapi.py",
                'self.sync_writes: Dependency = Depends(sync_write, scope="function")',
                'self.sync_writes: Dependency = Depends(sync_write, scope="request")',
            ),
        ),
    ),
    Mutant(
        "D21",
        "tests/sql/test_hybrids.py::test_python_and_sql_agree",
        "can't compare offset-naive and offset-aware",
        (
            Edit(
                "src/ombud/models/ticket.py",
                "return not self.status.is_done and self.created_at < clock.now() - OVERDUE_AFTER",
                (
                    "return not self.status.is_done and self.created_at < clock.now().replace(tzinfo=None) - "
                    "OVERDUE_AFTER"
                ),
            ),
        ),
    ),
    Mutant(
        "D25",
        "tests/sql/test_hybrids.py::test_only_a_public_reply_by_staff_is_a_response",
        r"assert \[0.0, ",
        (
            Edit(
                "src/ombud/migrations/sql/0064/10_comments.sql",
                "WHERE NOT f.is_internal AND u.is_staff AND f.author_id <> k.requester_id)",
                "WHERE true)",
            ),
        ),
    ),
    Mutant(
        "D27",
        "tests/sql/test_hybrids.py::test_a_bulk_insert_can_return_entities",
        "getitem|NotImplementedError",
        (
            Edit(
                "src/ombud/models/ticket.py",
                'return cast(extract("epoch", cls.first_response_at - cls.created_at), Float(53)) / 3600',
                'return cast(extract("epoch", cls.comments[0].created_at - cls.created_at), Float(53)) / 3600',
            ),
        ),
    ),
    Mutant(
        "D28",
        "tests/sql/test_model.py::test_a_naive_time_is_refused",
        "DID NOT RAISE Invalid",
        (
            Edit(
                "src/ombud/db/types.py",
                'return None if value is None else aware("time", value)',
                "return value",
            ),
        ),
    ),
    Mutant(
        "D29",
        "tests/sql/test_sessions.py::test_whoever_writes_the_query_finds_own_writes",
        "assert 0 == 1",
        (
            Edit(
                "src/ombud/db/entry.py",
                "session = DeskSession(engine, expire_on_commit=False,",
                "session = DeskSession(engine, expire_on_commit=False, autoflush=False,",
            ),
        ),
    ),
    Mutant(
        "D30",
        "tests/actions/test_bulk.py::test_the_caller_may_take_it_all_back",
        "TicketStatus.CLOSED: .closed.> != <TicketStatus.OPEN",
        (
            Edit(
                "src/ombud/tickets/actions/bulk/change.py",
                'return _set(session, ids, judge, {"status": wanted})',
                (
                    'outcome = _set(session, ids, judge, {"status": wanted})\n'
                    "    session.commit()\n"
                    "    return outcome"
                ),
            ),
        ),
    ),
    Mutant(
        "D31",
        "tests/actions/test_bulk.py::test_forty_thousand_ids_are_no_trouble",
        "32767|65535",
        (
            Edit(
                "src/ombud/db/arrays.py",
                "target == any_(array_of(ids, BigInteger()))",
                "target.in_(list(ids))",
            ),
            Edit("src/ombud/tickets/actions/bulk/sweep.py", "CHUNK = 5_000", "CHUNK = 1_000_000"),
        ),
    ),
    Mutant(
        "D32",
        "tests/actions/test_bulk.py::test_only_active_staff_get_tickets",
        "DID NOT RAISE Invalid",
        (
            Edit(
                "src/ombud/tickets/actions/find.py",
                "if user is None or not user.is_staff or not user.is_active:",
                "if user is None or not user.is_staff:",
            ),
        ),
    ),
    Mutant(
        "D32",
        "tests/actions/test_bulk.py::test_only_active_staff_get_tickets",
        r"assert \(\) == ",
        (
            Edit(
                "src/ombud/tickets/actions/bulk/change.py",
                ("        if ticket.status.is_done:\n            return SkipReason.DONE\n"),
                "",
            ),
        ),
    ),
    Mutant(
        "D32",
        "tests/actions/test_bulk.py::test_deleted_tickets_stay_as_they_are",
        "is deleted|assert BulkOutcome",
        (
            Edit(
                "src/ombud/tickets/actions/bulk/change.py",
                ("            return SkipReason.DELETED\n        if ticket.status.is_done:"),
                ("            return None\n        if ticket.status.is_done:"),
            ),
        ),
    ),
    Mutant(
        "D32",
        "tests/actions/test_bulk.py::test_only_active_staff_get_tickets",
        "DID NOT RAISE Invalid",
        (
            Edit(
                "src/ombud/tickets/actions/find.py",
                "if user is None or not user.is_staff or not user.is_active:",
                "if user is None or not user.is_active:",
            ),
        ),
    ),
    Mutant(
        "D33",
        "tests/actions/test_change_ticket.py::test_a_bulk_statement_makes_legal_moves_only",
        "resolved_at",
        (
            Edit("src/ombud/migrations/sql/0014/20_keep.sql", "NEW.resolved_at := now();", "NULL;"),
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CHECK ((status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL))",
                "CHECK (true)",
            ),
        ),
    ),
    Mutant(
        "D33",
        "tests/actions/test_change_ticket.py::test_a_bulk_statement_makes_legal_moves_only",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/migrations/sql/0014/20_keep.sql",
                "IF NOT (ombud.is_status_move(OLD.status, NEW.status)",
                "IF NOT (true",
            ),
        ),
    ),
    Mutant(
        "D34",
        "tests/actions/test_bulk_create.py::test_no_rows_are_no_work",
        "INSERT INTO ombud.tickets DEFAULT VALUES",
        (
            Edit(
                "src/ombud/tickets/actions/bulk/create.py",
                ("    with session.begin_nested():\n        for chunk in"),
                (
                    "    with session.begin_nested():\n"
                    "        if not good:\n"
                    "            session.execute(insert(Ticket).returning(Ticket.id), [])\n"
                    "        for chunk in"
                ),
            ),
        ),
    ),
    Mutant(
        "D35",
        "tests/sql/test_sessions.py::test_an_asynchronous_change_can_be_read_after_the_commit",
        "DetachedInstanceError|MissingGreenlet",
        (
            Edit(
                "src/ombud/db/entry.py",
                "engine, sync_session_class=DeskSession, expire_on_commit=False,",
                "engine, sync_session_class=DeskSession, expire_on_commit=True,",
            ),
        ),
    ),
    Mutant(
        "D36",
        "tests/actions/test_concurrency.py::test_fifty_threads_get_fifty_numbers",
        "null value in column .ticket_number.|A value is missing",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "ticket_number VARCHAR(50) DEFAULT ombud.next_ticket_number() NOT NULL",
                "ticket_number VARCHAR(50) NOT NULL",
            ),
        ),
    ),
    Mutant(
        "D38",
        "tests/actions/test_delete.py::test_a_deleted_ticket_is_in_no_list_and_no_count",
        r"assert \[\(<Ticket id=1>",
        (
            Edit(
                "src/ombud/models/deleted.py",
                "or state.is_relationship_load or wants_them:",
                "or state.is_relationship_load or not wants_them:",
            ),
        ),
    ),
    Mutant(
        "D38",
        "tests/actions/test_reply.py::test_a_deleted_ticket_takes_no_word_and_no_file",
        "Conflict: ticket is deleted|NULL identity key",
        (
            Edit(
                "src/ombud/tickets/actions/find.py",
                "    if ticket.deleted_at is not None and not deleted:",
                "    if ticket.deleted_at is False:",
            ),
        ),
    ),
    Mutant(
        "D39",
        "tests/actions/test_delete.py::test_deleting_and_restoring_say_whether_they_did_anything",
        "assert True is False",
        (
            Edit(
                "src/ombud/tickets/actions/delete.py",
                "    if ticket.deleted_at is None:",
                "    if ticket.deleted_at is False:",
            ),
        ),
    ),
    Mutant(
        "D53",
        "tests/actions/test_concurrency.py::test_ten_people_make_the_same_tags_and_there_is_one_of_each",
        r"Conflict\('",
        (
            Edit(
                "src/ombud/tickets/actions/tag.py",
                "session.execute(insert(Tag).values(rows).on_conflict_do_nothing())",
                "session.execute(insert(Tag).values(rows))",
            ),
        ),
    ),
    Mutant(
        "D53",
        "tests/actions/test_concurrency.py::test_one_ticket_is_tagged_by_two_at_once",
        r"Conflict\('",
        (
            Edit(
                "src/ombud/tickets/actions/tag.py",
                "session.execute(insert(TicketTag).values(rows).on_conflict_do_nothing())",
                "session.execute(insert(TicketTag).values(rows))",
            ),
        ),
    ),
    Mutant(
        "D54",
        ("tests/actions/test_concurrency.py::test_of_two_writers_with_the_same_version_the_second_is_told"),
        "too many values to unpack",
        (
            Edit(
                "src/ombud/tickets/actions/change.py",
                "if expected_version is not None and ticket.version != expected_version:",
                "if expected_version is not None and ticket.version < 0:",
            ),
        ),
    ),
    Mutant(
        "D55",
        "tests/actions/test_reply.py::test_a_comment_says_something",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/tickets/actions/reply.py",
                '"content": clean_words("content", content),',
                '"content": content,',
            ),
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CONSTRAINT ck_comments_content_not_blank CHECK (content ~ '\\S')",
                "CONSTRAINT ck_comments_content_not_blank CHECK (true)",
            ),
        ),
    ),
    Mutant(
        "D55",
        "tests/actions/test_reply.py::test_a_comment_is_activity_and_moves_the_times",
        "assert ",
        (
            Edit(
                "src/ombud/migrations/sql/0064/10_comments.sql",
                "SET last_activity_at = greatest(t.last_activity_at, c.last_at),",
                "SET last_activity_at = t.last_activity_at,",
            ),
        ),
    ),
)
