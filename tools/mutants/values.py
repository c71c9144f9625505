"""What is given, taken as it comes: texts for states, customers' verdicts, times and limits without bounds."""

from __future__ import annotations

from tools.mutants.mutant import Edit, Mutant

_PLAIN = "tests/actions/test_plain_values.py::"

VALUES: tuple[Mutant, ...] = (
    Mutant(
        "R011",
        f"{_PLAIN}test_a_customers_words_move_a_ticket_no_further_than_a_customer_may",
        "Only the support team",
        (
            Edit(
                "src/ombud/tickets/actions/reply.py",
                "require_own_verdict(actor, ticket.requester_id, status)",
                "pass  # the database refuses it still, in words of its own",
            ),
        ),
    ),
    Mutant(
        "R011",
        "tests/security/test_rights.py::test_a_customers_verdict_is_on_their_own_ticket_to_the_database_too",
        "True is False",
        (
            Edit(
                "src/ombud/migrations/sql/0094/20_keep.sql",
                "NEW.status <> OLD.status AND NEW.status <> 'open'",
                "false",
            ),
        ),
    ),
    Mutant(
        "R073",
        f"{_PLAIN}test_limits_are_whole_numbers_within_bounds",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/curation/actions/apart.py",
                'queries.people_kept_apart(after=after, limit=bounded("limit", limit, MOST))',
                "queries.people_kept_apart(after=after, limit=limit)",
            ),
        ),
    ),
    Mutant(
        "R080",
        f"{_PLAIN}test_a_time_that_nothing_could_read_again_is_not_kept",
        "assert ",
        (
            Edit(
                "src/ombud/kit/zones.py",
                'raise Invalid(fields={field: "is too far away."}) from None',
                "pass",
            ),
        ),
    ),
    Mutant(
        "R162",
        f"{_PLAIN}test_what_is_urgent_is_the_teams_word_however_it_is_written",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/tickets/actions/open.py",
                "priority, status = one_of(TicketPriority, priority), one_of(TicketStatus, status)",
                "status = one_of(TicketStatus, status)",
            ),
        ),
    ),
    Mutant(
        "R162",
        f"{_PLAIN}test_a_field_that_people_do_not_change_is_none",
        "DID NOT RAISE",
        (
            Edit(
                "src/ombud/people/actions.py",
                "    check_fields(changes, UserChanges)\n",
                "",
            ),
        ),
    ),
)
