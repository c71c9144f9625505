"""Defects of lists, searches and statistics."""

from __future__ import annotations

from tools.mutants.mutant import Edit, Mutant

FINDING: tuple[Mutant, ...] = (
    Mutant(
        "D18",
        "tests/sql/test_reads.py::test_tags_do_not_multiply_tickets",
        r"assert \[\(30, ",
        (
            Edit(
                "src/ombud/tickets/queries/matching.py",
                (
                    '    return and_(*((link.offset(literal_column("0")) if by_row else link).exists() '
                    "for link in links))\n"
                ),
                (
                    "    return and_(\n"
                    "        TicketTag.ticket_id == Ticket.id,\n"
                    "        TicketTag.tag_id == Tag.id,\n"
                    "        func.lower(Tag.name).in_([name.strip().lower() for name in names]),\n"
                    "    )\n"
                ),
            ),
        ),
    ),
    Mutant(
        "D19",
        "tests/sql/test_lists.py::test_pages_part_the_list_in_every_order_with_ties",
        r"Right contains \d+ more items",
        (
            Edit(
                "src/ombud/tickets/queries/orders.py",
                "TicketSort.CREATED: (Ticket.__table__.c.created_at, Ticket.__table__.c.id),",
                "TicketSort.CREATED: (Ticket.__table__.c.created_at,),",
            ),
            Edit(
                "src/ombud/tickets/queries/lists.py",
                "return (row.created_at, row.id)",
                "return (row.created_at,)",
            ),
        ),
    ),
    Mutant(
        "D22",
        "tests/search/test_exact.py::test_signs_are_literal_before_and_after_indexing",
        r"AssertionError: (100_|C:)",
        (
            Edit(
                "src/ombud/tickets/queries/matching.py",
                'escaped = text.replace("/", "//").replace("%", "/%").replace("_", "/_")',
                'escaped = text.replace("/", "//")',
            ),
        ),
    ),
    Mutant(
        "D23",
        "tests/search/test_exact.py::test_none_zero_and_empty_are_different",
        "counted in one way",
        (
            Edit(
                "src/ombud/tickets/queries/matching.py",
                "for column, values in any_of if values is not None",
                "for column, values in any_of if values",
            ),
        ),
    ),
    Mutant(
        "D23",
        "tests/search/test_exact.py::test_none_zero_and_empty_are_different",
        "counted in one way",
        (
            Edit(
                "src/ombud/tickets/queries/summed.py",
                "    if wanted.statuses is not None:",
                "    if wanted.statuses:",
            ),
        ),
    ),
    Mutant(
        "D24",
        "tests/errors/test_translation.py::test_each_state_is_a_kind",
        "secret SELECT",
        (
            Edit(
                "src/ombud/db/translate.py",
                'return OmbudError("The database refused that.")',
                "return OmbudError(str(error))",
            ),
        ),
    ),
    Mutant(
        "D26",
        "tests/sql/test_hybrids.py::test_the_conditions_can_be_filtered_by",
        r"assert \[0, 2, 4\] == \[1, 2, 3\]",
        (
            Edit(
                "src/ombud/models/ticket.py",
                "and_(cls.status.in_(undone), cls.created_at < func.now() - OVERDUE_AFTER)",
                "and_(not cls.status, cls.created_at < func.now() - OVERDUE_AFTER)",
            ),
        ),
    ),
    Mutant(
        "D40",
        "tests/analytics/test_statistics.py::test_nothing_at_all_is_zeros_and_none",
        r"assert \{\} == ",
        (
            Edit(
                "src/ombud/analytics/statistics.py",
                "return {member.value: tickets.get(member, 0) for member in enum}",
                "return {member.value: tickets[member] for member in enum if member in tickets}",
            ),
        ),
    ),
    Mutant(
        "D41",
        "tests/analytics/test_statistics.py::test_nothing_at_all_is_zeros_and_none",
        "'mean': 0.0",
        (
            Edit(
                "src/ombud/analytics/statistics.py",
                "return float(milliseconds) / tickets / MS_PER_HOUR if tickets else None",
                "return float(milliseconds) / tickets / MS_PER_HOUR if tickets else 0.0",
            ),
        ),
    ),
    Mutant(
        "D41",
        "tests/sql/test_sessions.py::test_statistics_are_ready_for_json",
        "Decimal is not JSON serializable",
        (
            Edit(
                "src/ombud/analytics/statistics.py",
                "return float(milliseconds) / tickets / MS_PER_HOUR if tickets else None",
                "return milliseconds / tickets / MS_PER_HOUR if tickets else None",
            ),
            Edit(
                "src/ombud/analytics/queries.py",
                "return func.array_agg(cast(measure, BigInteger), type_=ARRAY(BigInteger))",
                "return func.array_agg(cast(measure, Numeric), type_=ARRAY(Numeric))",
            ),
        ),
    ),
    Mutant(
        "D42",
        "tests/analytics/test_recount.py::test_after_any_history_statistics_equal_a_recount",
        "assignee_stats|None",
        (
            Edit(
                "src/ombud/analytics/statistics.py",
                "                row.names, *measures, strict=True\n            )\n        ]",
                "                row.names, *measures, strict=True\n            )\n            if name\n        ]",
            ),
        ),
    ),
    Mutant(
        "D42",
        "tests/analytics/test_statistics.py::test_two_people_of_one_name_are_told_apart",
        "None, 'Same', 2",
        (Edit("src/ombud/analytics/statistics.py", '"assignee_id": key or None,', '"assignee_id": None,'),),
    ),
    Mutant(
        "D43",
        "tests/sql/test_sessions.py::test_no_read_takes_an_unbounded_limit",
        "DID NOT RAISE Invalid",
        (Edit("src/ombud/tickets/filters.py", "MAX_PAGE = 100", "MAX_PAGE = 10**9"),),
    ),
    Mutant(
        "D57",
        "tests/sql/test_sessions.py::test_a_total_and_its_page_are_of_one_moment",
        r"assert \(4, 3\)|assert \(3, 4\)",
        (
            Edit(
                "src/ombud/tickets/reads/find.py",
                "    total, ids, ranks, _plans = row\n",
                (
                    "    total = row[0]\n"
                    "    _total, ids, ranks, _plans = session.execute(statement, parameters).one()\n"
                ),
            ),
        ),
    ),
    Mutant(
        "D62",
        "tests/sql/test_plans.py::test_a_search_reads_what_it_finds",
        "'Seq Scan', 'Relation Name': 'tickets'",
        (
            Edit(
                "src/ombud/tickets/queries/matching.py",
                "    found = found_by_words(actor, text)\n    if wanted.tags",
                (
                    "    return or_(*(one.icontains(text) for one in (Ticket.title, Ticket.description, "
                    "Ticket.ticket_number)))\n"
                    "    found = found_by_words(actor, text)\n"
                    "    if wanted.tags"
                ),
            ),
        ),
    ),
)
