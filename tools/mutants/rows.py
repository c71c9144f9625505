"""What requirements ask for, left out: a row of the map whose test notices nothing would prove nothing."""

from __future__ import annotations

from tools.mutants.mutant import Edit, Mutant

_ENGINE = "src/ombud/db/engine.py"
_ENGINES = "tests/db/test_engines.py::"
_FIGURES = "src/ombud/analytics/queries.py"
_STATISTICS = "tests/analytics/test_statistics.py::"
_TICKET = "src/ombud/models/ticket.py"
_HYBRIDS = "tests/sql/test_hybrids.py::"

ROWS: tuple[Mutant, ...] = (
    Mutant(
        "R015",
        "tests/curation/test_people.py::test_everything_moves_and_comes_back_exactly",
        "uploader_id",
        (
            Edit(
                "src/ombud/migrations/sql/0023/10_portions.sql",
                (
                    "  UPDATE ombud.attachments SET uploader_id = target\n"
                    "   WHERE id IN (SELECT a.id FROM ombud.attachments a WHERE a.uploader_id = ANY (sources) "
                    "LIMIT most);\n"
                ),
                "",
            ),
        ),
    ),
    Mutant(
        "R032",
        "tests/sql/test_model.py::test_comments_keep_their_order_at_equal_times",
        r"assert \[",
        (Edit(_TICKET, 'order_by="Comment.created_at, Comment.id"', 'order_by="Comment.created_at"'),),
    ),
    Mutant(
        "R050",
        f"{_ENGINES}test_pools_are_as_configured",
        "_pre_ping",
        (Edit(_ENGINE, '"pool_pre_ping": True,', '"pool_pre_ping": False,'),),
    ),
    Mutant(
        "R051",
        "tests/actions/test_change_ticket.py::test_what_a_change_returns_can_be_read_after_the_commit",
        "DetachedInstanceError",
        (
            Edit(
                "src/ombud/db/entry.py",
                "session = DeskSession(engine, expire_on_commit=False,",
                "session = DeskSession(engine, expire_on_commit=True,",
            ),
        ),
    ),
    Mutant(
        "R059",
        f"{_ENGINES}test_pools_can_be_those_of_production",
        "_recycle",
        (Edit(_ENGINE, '"pool_recycle": 1800,', '"pool_recycle": -1,'),),
    ),
    Mutant(
        "R060",
        f"{_ENGINES}test_every_connection_has_the_settings",
        "'on' == 'off'",
        (Edit(_ENGINE, '"jit": "off",', '"jit": "on",'),),
    ),
    Mutant(
        "R061",
        f"{_ENGINES}test_asyncpg_gives_up_by_itself",
        "nothing ended it",
        (Edit(_ENGINE, '            "command_timeout": COMMAND_TIMEOUT,\n', ""),),
    ),
    Mutant(
        "R062",
        "tests/db/test_capacity.py::test_pools_that_fit_are_taken_and_larger_ones_refused",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/db/open.py", "            check_capacity(connection, settings)", "            pass"
            ),
        ),
    ),
    Mutant(
        "R063",
        f"{_ENGINES}test_connections_that_were_ended_are_replaced_unseen",
        "Lost|terminating connection|OperationalError|InterfaceError",
        (
            # Either layer alone is enough: what a look does not find, the beginning does.
            Edit(
                "src/ombud/db/alive.py",
                "        if number is None or _is_readable(number):",
                "        if number is None:",
            ),
            Edit("src/ombud/db/entry.py", "for is_last in (False, True):", "for is_last in (True,):"),
        ),
    ),
    Mutant(
        "R065",
        "tests/security/test_catalogue.py::test_relationships_load_nothing_by_themselves",
        "requester",
        (
            Edit(
                _TICKET,
                'foreign_keys=[requester_id], back_populates="tickets_requested", lazy="raise"',
                'foreign_keys=[requester_id], back_populates="tickets_requested", lazy="select"',
            ),
        ),
    ),
    Mutant(
        "R070",
        "tests/sql/test_reads.py::test_details_can_be_asked_for_by_status_and_leave_deleted_ones_out",
        "newest first",
        (Edit("src/ombud/tickets/filters.py", "ascending: bool = False", "ascending: bool = True"),),
    ),
    Mutant(
        "R074",
        "tests/sql/test_reads.py::test_a_person_with_their_tickets",
        r"assert \[",
        (
            Edit(
                "src/ombud/tickets/reads/queries.py",
                "column == user_id, _TICKET.c.deleted_at.is_(None), visible_to(actor)",
                "column == user_id, visible_to(actor)",
            ),
        ),
    ),
    Mutant(
        "R086",
        f"{_STATISTICS}test_a_range_includes_its_start_and_not_its_end",
        "assert 1 == 0",
        (Edit(_FIGURES, "[moment < end] if end", "[moment <= end] if end"),),
    ),
    Mutant(
        "R086",
        f"{_STATISTICS}test_a_range_includes_its_start_and_not_its_end",
        "assert 0 == 1",
        (Edit(_FIGURES, "[moment >= start] if start", "[moment > start] if start"),),
    ),
    Mutant(
        "R086",
        f"{_STATISTICS}test_a_day_is_a_day_of_the_zone_across_daylight_saving",
        "2026-03-",
        (
            Edit(
                _FIGURES,
                "func.timezone(time_zone, cells.c.created_at)",
                'func.timezone("UTC", cells.c.created_at)',
            ),
        ),
    ),
    Mutant(
        "R088",
        f"{_STATISTICS}test_two_people_of_one_name_are_told_apart",
        "'Same', 1",
        (
            Edit(
                "src/ombud/analytics/statistics.py",
                "found.sort(key=_PLACE)",
                "found.sort(key=_PLACE, reverse=True)",
            ),
        ),
    ),
    Mutant(
        "R089",
        f"{_STATISTICS}test_figures_agree_with_each_other_while_others_write",
        "assert all|assert False",
        (
            Edit(
                "src/ombud/analytics/statistics.py",
                '"assignee_stats": _assignee_stats(figures),',
                (
                    '"assignee_stats": _assignee_stats(_Figures(session.execute('
                    "queries.statistics(actor, span, check_time_zone(time_zone))))),"
                ),
            ),
        ),
    ),
    Mutant(
        "R095",
        "tests/actions/test_bulk_create.py::test_ids_and_numbers_come_in_the_order_of_the_rows",
        r"assert \[",
        (
            Edit(
                "src/ombud/tickets/actions/bulk/create.py",
                "zip(rows, sorted(found), strict=True)",
                "zip(rows, sorted(found, reverse=True), strict=True)",
            ),
        ),
    ),
    Mutant(
        "R100",
        "tests/actions/test_bulk_create.py::test_one_bad_row_refuses_all_and_leaves_the_transaction_usable",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/tickets/actions/bulk/create.py",
                "    if problems:\n        raise BulkRefused(problems)",
                "    del problems",
            ),
        ),
    ),
    Mutant(
        "R111",
        f"{_HYBRIDS}test_python_and_sql_agree",
        "assert ",
        (Edit(_TICKET, "OVERDUE_AFTER = timedelta(days=7)", "OVERDUE_AFTER = timedelta(days=8)"),),
    ),
    Mutant(
        "R112",
        f"{_HYBRIDS}test_response_times_are_the_same_number",
        "assert ",
        (Edit(_TICKET, "Float(53)) / 3600", "Float(53)) / 60"),),
    ),
    Mutant(
        "R113",
        f"{_HYBRIDS}test_the_conditions_can_be_filtered_by",
        "assert ",
        (Edit(_TICKET, "ESCALATE_AFTER = 24.0", "ESCALATE_AFTER = 25.0"),),
    ),
    Mutant(
        "R151",
        "tests/sql/test_plans.py::test_every_order_has_its_index",
        "assert",
        (
            Edit(
                "src/ombud/migrations/sql/0001/15_tables.sql",
                "CREATE INDEX ix_tickets_created_at ON ombud.tickets (created_at, id) WHERE deleted_at IS NULL;",
                "CREATE INDEX ix_tickets_created_at ON ombud.tickets (id, created_at) WHERE deleted_at IS NULL;",
            ),
        ),
    ),
    Mutant(
        "R153",
        "tests/analytics/test_cached.py::test_every_way_of_writing_is_noticed_at_once",
        "assert 1 == 0",
        (Edit("src/ombud/analytics/cached.py", "if kept is not None and holds:", "if kept is not None:"),),
    ),
    Mutant(
        "R154",
        "tests/db/test_replica.py::test_while_the_replica_stands_still_writers_read_from_the_primary",
        "assert ",
        (Edit("src/ombud/db/replica.py", "return wanted <= self._replayed", "return True"),),
    ),
    Mutant(
        "R158",
        f"{_STATISTICS}test_figures_have_no_age",
        "assert ",
        (Edit(_FIGURES, "        parts.append(_changes(actor, span))\n", "        pass\n"),),
    ),
    Mutant(
        "R163",
        "tests/security/test_matrix.py::test_row_security_alone",
        "assert ",
        (
            Edit(
                "src/ombud/migrations/sql/0013/10_policies.sql",
                "CREATE POLICY people ON ombud.tickets TO ombud_web USING (\n  (SELECT ombud.actor_scope()) = 'all'",
                "CREATE POLICY people ON ombud.tickets TO ombud_web USING (\n  true",
            ),
        ),
    ),
    Mutant(
        "R164",
        "tests/db/test_tls.py::test_another_host_needs_verified_tls",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/db/tls.py",
                'VERIFIED = ("verify-full", "verify-ca")',
                'VERIFIED = ("require", "verify-full", "verify-ca")',
            ),
        ),
    ),
    Mutant(
        "R164",
        "tests/db/test_tls.py::test_the_wrong_name_is_refused_by_verify_full_only",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/db/tls.py",
                'context.check_hostname = mode == "verify-full"',
                "context.check_hostname = False",
            ),
        ),
    ),
    Mutant(
        "R165",
        "tests/db/test_password_file.py::test_a_password_changes_under_load",
        "password authentication failed|signs in|password",
        (
            Edit(
                "src/ombud/db/secret.py",
                '    @event.listens_for(engine, "do_connect")',
                '    first = read_password(path)\n\n    @event.listens_for(engine, "do_connect")',
            ),
            Edit("src/ombud/db/secret.py", '"password": read_password(path)}', '"password": first}'),
        ),
    ),
    Mutant(
        "R167",
        "tests/api/test_api_rates.py::test_a_burst_of_searches_is_told_to_wait",
        "assert ",
        (Edit("src/ombud/api/rates.py", "is_enough = full_at + cost - now <= PERIOD", "is_enough = True"),),
    ),
    Mutant(
        "R168",
        "tests/api/test_api_looks.py::test_each_kind_of_read_leaves_its_record",
        "IndexError|assert",
        (
            Edit(
                "src/ombud/api/looks.py",
                'if request.method == "GET" and not path.endswith(NOTED_THEMSELVES):',
                'if request.method == "HEAD":',
            ),
        ),
    ),
    Mutant(
        "R168",
        "tests/web/test_looks.py::test_every_page_that_shows_something_notes_it",
        "/settings/",
        (
            Edit(
                "src/ombud/web/looks.py",
                "and path not in NOTHING_TO_SEE and",
                'and not path.startswith("/settings/") and path not in NOTHING_TO_SEE and',
            ),
        ),
    ),
    Mutant(
        "R168",
        "tests/cli/test_audit.py::test_who_looks_at_the_console_leaves_a_record_too",
        "assert ",
        (
            Edit(
                "src/ombud/cli/ticket.py",
                '        desk.run(READER, record_access, AccessKind.VIEW, f"ticket:{found.ticket_number}")\n',
                "",
            ),
        ),
    ),
    Mutant(
        "R169",
        "tests/unit/test_vault.py::test_a_secret_opens_in_its_own_place_only",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/kit/vault.py",
                'return f"ombud\\x1f{table}\\x1f{column}\\x1f{row}".encode()',
                'return f"ombud\\x1f{table}\\x1f{column}".encode()',
            ),
        ),
    ),
    Mutant(
        "R171",
        "tests/docs/test_documents.py::test_links_lead_somewhere",
        "is not there",
        (Edit("docs/guide-map.md", "[ADR 14](adr/0014-statistics.md)", "[ADR 14](adr/0014-figures.md)"),),
    ),
)
