"""What is suggested when nothing is found: near words that lead somewhere, to nobody a word they may not see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from ombud import Actor, Ticket, TicketStatus
from ombud.errors import Invalid
from ombud.search import actions as search_actions
from ombud.testing import Cast, Perform, make_ticket
from ombud.tickets import TicketFilter, change_ticket, note, reply, soft_delete_ticket
from ombud.tickets.suggestions import suggest
from ombud.tickets.suggestions.rules import slips

Index = Callable[[], int]


@pytest.fixture
def ticket(perform: Perform, system: Actor, cast: Cast, index: Index) -> Ticket:
    made = perform(
        system,
        make_ticket,
        cast.customer.user,
        title="The printer in the Büro",
        description="It smokes heavily.",
    )
    perform(cast.agent.actor, reply, made.id, "Please call the firebrigade.")
    perform(cast.agent.actor, note, made.id, "A notorious troublemaker.")
    index()
    return made


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pritner", "printer"),
        ("prnter", "printer"),
        ("printre smokes", "printer smokes"),
        ("pritner smokse", "printer smokes"),
        ('"pritner" call', '"printer" call'),
        ("status:open pritner", "status:open printer"),
        ("pirnter -toner", "printer -toner"),
        ("Buroo", "buro"),
        ("heavly", "heavily"),
        ("firebrgade", "firebrigade"),
    ],
)
def test_slips_of_the_fingers_are_mended(
    perform: Perform, ticket: Ticket, cast: Cast, typed: str, meant: str
) -> None:
    for person in (cast.agent, cast.team_agent, cast.customer, cast.colleague):
        assert meant in perform(person.actor, suggest, typed)


@pytest.mark.parametrize(
    "typed", ["", " ", "zzzzqqqq", "12345", "-pritner", "status:open", "%", "'; DROP TABLE x"]
)
def test_nothing_near_is_nothing_suggested(perform: Perform, ticket: Ticket, cast: Cast, typed: str) -> None:
    assert perform(cast.agent.actor, suggest, typed) == ()


def test_no_word_of_a_note_or_of_a_foreign_ticket_is_suggested(
    perform: Perform, ticket: Ticket, cast: Cast
) -> None:
    """Asked for by those who may see the word, it is suggested: the test can fail."""
    for person in (cast.agent, cast.admin, cast.light_agent):
        assert perform(person.actor, suggest, "troublemakr") == ("troublemaker",)
    for person in (cast.customer, cast.colleague, cast.other_customer):
        assert perform(person.actor, suggest, "troublemakr") == ()
    assert perform(cast.other_customer.actor, suggest, "pritner") == ()
    perform(cast.agent.actor, change_ticket, ticket.id, {"team_id": cast.other_team.id})
    assert perform(cast.team_agent.actor, suggest, "pritner") == ()
    perform(cast.agent.actor, soft_delete_ticket, ticket.id)
    for person in (cast.agent, cast.customer):
        assert perform(person.actor, suggest, "pritner") == ()


def test_a_suggestion_fulfils_the_other_conditions(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    closed = TicketFilter(statuses=(TicketStatus.CLOSED,))
    assert perform(cast.agent.actor, suggest, "pritner", closed) == ()
    assert perform(cast.agent.actor, suggest, "status:closed pritner") == ()
    with pytest.raises(Invalid):
        perform(cast.agent.actor, suggest, "status:nonsense pritner")


def test_words_that_are_gone_are_forgotten(
    perform: Perform, ticket: Ticket, cast: Cast, system: Actor, index: Index
) -> None:
    perform(cast.agent.actor, change_ticket, ticket.id, {"description": "Nothing."})
    index()
    perform(system, lambda s: s.execute(text("SELECT ombud.check_search_words(1000, interval '0')")))
    assert perform(cast.agent.actor, suggest, "heavly") == ()
    assert "printer" in perform(cast.agent.actor, suggest, "pritner")


def test_how_many_wait_is_told(perform: Perform, ticket: Ticket, system: Actor, index: Index) -> None:
    assert perform(system, search_actions.count_waiting) == 0
    for _ in range(3):
        perform(system, make_ticket)
    assert perform(system, search_actions.count_waiting) == 3
    assert perform(system, search_actions.index_fresh_documents) == 3
    assert perform(system, search_actions.count_waiting) == 0


@pytest.mark.parametrize(
    ("one", "other", "made"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("abc", "acb", 1), ("ab", "abc", 1), ("kitten", "sitting", 3),
     ("ca", "abc", 3)],
)  # fmt: skip
def test_slips_are_counted(one: str, other: str, made: int) -> None:
    assert slips(one, other) == slips(other, one) == made
