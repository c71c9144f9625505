"""Tags: one of a name whatever its case, put on and taken off any number of times."""

import pytest
from sqlalchemy import select

from ombud import DeskSession, Tag, Ticket
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.testing import Cast, Perform, Persona
from ombud.tickets import TicketDeleted, add_tags, create_tag, remove_tag, set_tags, soft_delete_ticket
from ombud.tickets.actions.tag import PALETTE, get_tag
from tests.actions.conftest import Log


def _names(session: DeskSession, ticket_id: int) -> list[str]:
    return sorted(session.scalars(select(Tag.name).join(Tag.tickets).where(Ticket.id == ticket_id)))


def test_a_tag_has_a_name_and_a_colour(perform: Perform, agent: Persona) -> None:
    tag = perform(agent.actor, create_tag, "  billing  question ", description="Money.")
    assert (tag.name, tag.description) == ("billing question", "Money.")
    assert tag.color in PALETTE
    assert perform(agent.actor, get_tag, tag.id).name == tag.name


@pytest.mark.parametrize("name", ["Billing", "BILLING", " billing "])
def test_a_name_is_taken_whatever_its_case(perform: Perform, agent: Persona, name: str) -> None:
    perform(agent.actor, create_tag, "billing")
    with pytest.raises(Conflict) as caught:
        perform(agent.actor, create_tag, name)
    assert caught.value.data["field"] == "name"


@pytest.mark.parametrize("color", ["banana!", "#12345", "#12345g", "red", "#1234567", ""])
def test_a_bad_colour_is_invalid(perform: Perform, agent: Persona, color: str) -> None:
    if not color:
        assert perform(agent.actor, create_tag, "x", color=color).color in PALETTE
        return
    with pytest.raises(Invalid):
        perform(agent.actor, create_tag, "x", color=color)


def test_putting_a_tag_on_twice_is_harmless(
    perform: Perform, ticket: Ticket, agent: Persona, log: Log
) -> None:
    actor = agent.in_new_request()
    first = perform(actor, add_tags, ticket.id, ["Fire", "printer"])
    again = perform(actor, add_tags, ticket.id, ["FIRE", "hall"])
    assert first[0].id == again[0].id
    assert perform(actor, _names, ticket.id) == ["Fire", "hall", "printer"]
    put = [entry for entry in log(actor) if entry.table == "ticket_tags"]
    assert [entry.action for entry in put] == ["CREATE"] * 3


def test_taking_a_tag_off_says_whether_it_was_there(perform: Perform, ticket: Ticket, agent: Persona) -> None:
    (tag,) = perform(agent.actor, add_tags, ticket.id, ["fire"])
    assert perform(agent.actor, remove_tag, ticket.id, tag.id) is True
    assert perform(agent.actor, remove_tag, ticket.id, tag.id) is False
    assert perform(agent.actor, remove_tag, ticket.id, 10**9) is False


def test_setting_tags_makes_them_these_and_no_others(
    perform: Perform, ticket: Ticket, agent: Persona, log: Log
) -> None:
    perform(agent.actor, add_tags, ticket.id, ["a", "b"])
    actor = agent.in_new_request()
    perform(actor, set_tags, ticket.id, ["B", "c"])
    assert perform(actor, _names, ticket.id) == ["b", "c"]
    changes = [(entry.table, entry.action) for entry in log(actor)]
    assert sorted(changes) == [("tags", "CREATE"), ("ticket_tags", "CREATE"), ("ticket_tags", "DELETE")]
    perform(actor, set_tags, ticket.id, [])
    assert perform(actor, _names, ticket.id) == []


@pytest.mark.parametrize("names", [[""], ["x" * 101], ["a\x00"], [f"t{i}" for i in range(51)]])
def test_bad_names_are_invalid(perform: Perform, ticket: Ticket, agent: Persona, names: list[str]) -> None:
    with pytest.raises(Invalid) as caught:
        perform(agent.actor, add_tags, ticket.id, names)
    assert list(caught.value.fields) == ["tags"]


def test_names_that_fold_differently_in_python_and_postgresql(
    perform: Perform, ticket: Ticket, agent: Persona
) -> None:
    """Python and PostgreSQL do not lower every letter alike; a tag must be found again all the same."""
    names = ["İstanbul", "STRASSE", "ΣΑΣ", "ǅungla"]
    for _ in range(2):
        tags = perform(agent.actor, add_tags, ticket.id, names)
        assert [tag.name for tag in tags] == names


def test_only_staff_tag_and_light_agents_do_not(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    for somebody in (cast.customer, cast.light_agent):
        with pytest.raises(Forbidden):
            perform(somebody.actor, add_tags, ticket.id, ["x"])
        with pytest.raises(Forbidden):
            perform(somebody.actor, set_tags, ticket.id, ["x"])
        with pytest.raises(Forbidden):
            perform(somebody.actor, remove_tag, ticket.id, 1)
    with pytest.raises(Forbidden):
        perform(cast.customer.actor, create_tag, "x")


def test_what_is_not_there_cannot_be_tagged(perform: Perform, ticket: Ticket, agent: Persona) -> None:
    with pytest.raises(NotFound):
        perform(agent.actor, add_tags, ticket.id + 1000, ["x"])
    with pytest.raises(NotFound):
        perform(agent.actor, get_tag, 10**9)
    perform(agent.actor, soft_delete_ticket, ticket.id)
    with pytest.raises(TicketDeleted):
        perform(agent.actor, add_tags, ticket.id, ["x"])


def test_one_text_is_no_list_of_names(perform: Perform, ticket: Ticket, agent: Persona) -> None:
    """Python reads it as the list of its letters."""
    for action in (add_tags, set_tags):
        with pytest.raises(Invalid) as caught:
            perform(agent.actor, action, ticket.id, "fire")
        assert caught.value.fields == {"tags": "must be a list."}
