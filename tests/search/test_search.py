"""What is found, by whom, and when."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from ombud import Actor, Comment, Ticket, TicketStatus
from ombud.errors import Invalid
from ombud.testing import Cast, Perform, Persona, make_comment, make_customer, make_ticket
from ombud.tickets import (
    change_ticket,
    note,
    queries,
    reply,
    restore_ticket,
    set_status,
    soft_delete_ticket,
)
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.grammar import understand
from ombud.tickets.listing import list_tickets
from tests.search.conftest import Search

Index = Callable[[], int]
START, END = "\ue000", "\ue001"


@pytest.fixture
def ticket(perform: Perform, system: Actor, customer: Persona) -> Ticket:
    return perform(
        system,
        make_ticket,
        customer.user,
        title="Der Drucker im Büro brennt",
        description="Since Monday the fuser unit smells of smoke. Error C-2557, see /var/log/cups.",
    )


FOUND = [
    "Drucker",
    "drucker",
    "DRUCKER",
    "Büro",
    "buro",
    "BÜRO",
    unicodedata.normalize("NFD", "Büro"),
    "druck",
    "fuser smo",
    "smells fuser",
    '"fuser unit"',
    '"der drucker"',
    "drucker -toner",
    "toner or fuser",
    "carla",
    "carla@acme.example",
    "C-2557",
    "2557",
    "/var/log/cups",
    "  drucker  ",
    "drucker & fuser",
    "drucker | fuser",
    "drucker:",
    "(drucker)",
    "'drucker'",
    "drucker!",
    "drucker \\",
    "drucker <->",
    "fuser\\_",
]
NOT_FOUND = [
    "toner",
    "fuser toner",
    '"unit fuser"',
    '"fuser smells"',
    "drucker -fuser",
    "rucker",
    "%",
    "drucker%x",
    "_rucker",
    "b_ro",
    "dru*cker",
    "!toner",
]


@pytest.mark.parametrize("typed", FOUND)
def test_found_at_once_and_after_indexing(ticket: Ticket, search: Search, index: Index, typed: str) -> None:
    assert search(typed) == [ticket.title]
    assert index() == 1
    assert search(typed) == [ticket.title]


@pytest.mark.parametrize("typed", NOT_FOUND)
def test_not_found(ticket: Ticket, search: Search, index: Index, typed: str) -> None:
    assert search(typed) == []
    index()
    assert search(typed) == []


def test_the_number_finds_its_ticket(ticket: Ticket, search: Search) -> None:
    assert search(ticket.ticket_number) == [ticket.title]


@pytest.mark.parametrize("typed", ["", "   ", "\n\t"])
def test_nothing_typed_is_no_search(ticket: Ticket, search: Search, typed: str) -> None:
    assert search(typed) == [ticket.title]


def test_what_is_said_is_found_by_staff_and_notes_by_no_customer(
    perform: Perform, ticket: Ticket, cast: Cast, search: Search, index: Index
) -> None:
    perform(cast.agent.actor, reply, ticket.id, "Please switch it off and call the firebrigade.")
    perform(cast.agent.actor, note, ticket.id, "This customer is a troublemaker.")
    for _ in range(2):
        for staff in (cast.agent, cast.admin, cast.light_agent, cast.team_agent):
            assert search("firebrigade", staff) == search("troublemaker", staff) == [ticket.title]
        for insider in (cast.customer, cast.colleague):
            assert search("firebrigade", insider) == [ticket.title]
            assert search("troublemaker", insider) == []
            assert search("firebrigade -troublemaker", insider) == [ticket.title]
        for word in ("firebrigade", "troublemaker", "drucker", ticket.ticket_number):
            assert search(word, cast.other_customer) == []
        index()


def test_a_snippet_shows_no_customer_a_note(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    """The public word is in the note too: the snippet must be taken from what is public."""
    perform(cast.agent.actor, note, ticket.id, "firebrigade called by this troublemaker")
    perform(cast.agent.actor, reply, ticket.id, "The firebrigade is on its way.")
    wanted = TicketFilter(text="firebrigade")
    (row,) = perform(cast.customer.actor, list_tickets, wanted, Place()).rows
    assert "troublemaker" not in row.snippet
    assert f"{START}firebrigade{END}" in row.snippet
    (row,) = perform(cast.agent.actor, list_tickets, wanted, Place()).rows
    assert "troublemaker" in row.snippet


def test_a_snippet_marks_what_was_found_and_nothing_else_can(
    perform: Perform, customer: Persona, agent: Persona, system: Actor
) -> None:
    hostile = f"<b>bold</b> {START}fake{END} smoke & mirrors"
    perform(system, make_ticket, customer.user, title="x", description=hostile)
    (row,) = perform(agent.actor, list_tickets, TicketFilter(text="smoke"), Place()).rows
    assert row.snippet.count(START) == row.snippet.count(END) == 1
    assert f"{START}smoke{END}" in row.snippet


def test_an_edited_comment_is_found_by_its_new_words_only(
    perform: Perform, ticket: Ticket, agent: Persona, search: Search, index: Index
) -> None:
    system = Actor.system("test")
    comment = perform(agent.actor, reply, ticket.id, "Replace the gizmo.")
    index()
    assert search("gizmo") == [ticket.title]
    perform(system, lambda s: s.execute(update(Comment).values(content="Replace the widget.")))
    assert search("gizmo") == []
    assert search("widget") == [ticket.title]
    perform(system, lambda s: s.delete(s.get_one(Comment, comment.id)))
    assert search("widget") == []
    assert search("drucker") == [ticket.title]


def test_a_comment_made_internal_is_gone_for_customers(
    perform: Perform, ticket: Ticket, cast: Cast, system: Actor, search: Search
) -> None:
    perform(cast.agent.actor, reply, ticket.id, "Replace the gizmo.")
    assert search("gizmo", cast.customer) == [ticket.title]
    perform(system, lambda s: s.execute(update(Comment).values(is_internal=True)))
    assert search("gizmo", cast.customer) == []
    assert search("gizmo", cast.agent) == [ticket.title]


def test_an_edited_ticket_and_a_renamed_requester_are_found_anew(
    perform: Perform, ticket: Ticket, cast: Cast, search: Search, index: Index
) -> None:
    system = Actor.system("test")
    index()
    perform(cast.agent.actor, change_ticket, ticket.id, {"title": "Fax", "description": "Nothing."})
    assert search("drucker") == search("fuser") == []
    assert search("fax") == ["Fax"]
    perform(
        system,
        lambda s: s.execute(text("UPDATE ombud.users SET full_name = 'Zora' WHERE email LIKE 'carla%'")),
    )
    assert search("zora") == ["Fax"]
    assert search("customer") == []
    perform(cast.agent.actor, change_ticket, ticket.id, {"requester_id": cast.other_customer.id})
    assert search("zora") == []
    assert search("otto") == ["Fax"]


def test_changing_a_status_does_not_touch_the_document(
    perform: Perform, ticket: Ticket, agent: Persona, index: Index
) -> None:
    assert index() == 1
    perform(agent.actor, set_status, ticket.id, TicketStatus.RESOLVED)
    assert index() == 0


def test_a_deleted_ticket_is_found_again_when_restored(
    perform: Perform, ticket: Ticket, agent: Persona, customer: Persona, search: Search
) -> None:
    perform(agent.actor, soft_delete_ticket, ticket.id)
    assert search("drucker") == search("drucker", customer) == []
    perform(agent.actor, restore_ticket, ticket.id)
    assert search("drucker") == search("drucker", customer) == [ticket.title]


def test_an_agent_of_one_team_finds_no_other_teams_tickets(
    perform: Perform, ticket: Ticket, cast: Cast, search: Search
) -> None:
    perform(cast.agent.actor, change_ticket, ticket.id, {"team_id": cast.other_team.id})
    assert search("drucker", cast.team_agent) == []
    assert search("drucker", cast.agent) == [ticket.title]


LONG = {
    "one word a million times": "lorem " * 160_000 + "needle",
    "a hundred thousand words": " ".join(f"w{i:x}ord{i * 7919 % 99991}" for i in range(70_000)),
    "one endless word": "x" * 1_000_000,
    "wide characters": "漢字" * 200_000,
    "emoji": "🔥" * 900_000,
    "accents": "é " * 450_000,
}


@pytest.mark.parametrize("kind", LONG)
def test_long_texts_are_kept_and_found_by_their_beginning(
    perform: Perform, agent: Persona, system: Actor, search: Search, kind: str
) -> None:
    body = f"beginning {LONG[kind]}"[:1_000_000]
    ticket = perform(system, make_ticket, title="Long", description=body)
    perform(system, make_comment, ticket, agent.user, body.replace("beginning", "remark", 1))
    assert search("beginning") == ["Long"]
    assert search("remark") == ["Long"]
    perform(agent.actor, change_ticket, ticket.id, {"title": "Still long"})
    assert search("beginning") == search("remark") == ["Still long"]


@pytest.mark.parametrize("typed", ["数据库", "据库", "無法連線", "データ", "无法连接 数据库"])
def test_chinese_and_japanese_are_found_by_any_part(
    perform: Perform, system: Actor, search: Search, typed: str
) -> None:
    perform(system, make_ticket, title="CJK", description="无法连接数据库。無法連線。データが消えた。")
    perform(system, make_ticket, title="Other", description="据说仓库没有数字。")
    assert search(typed) == ["CJK"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30))
def test_whatever_is_typed_is_answered(ticket: Ticket, perform: Perform, agent: Persona, typed: str) -> None:
    """No text is a syntax error. Terms with bad values are told apart by their own error."""
    refused = pytest.raises(Invalid) if ":" in typed and _has_bad_term(typed) else nullcontext()
    with refused:
        perform(agent.actor, list_tickets, TicketFilter(text=typed), Place())


def _has_bad_term(typed: str) -> bool:
    try:
        understand(TicketFilter(text=typed))
    except Invalid:
        return True
    return False


def test_equals_brute_force_on_plain_words(perform: Perform, cast: Cast, system: Actor, index: Index) -> None:
    """Half of the tickets are in the index, half are fresh; every pair of words is asked for."""
    words = ["apple", "berry", "cherry", "damson", "elder"]
    people = [perform(system, make_customer) for _ in range(2)]
    bodies: dict[str, set[str]] = {}
    for number in range(32):
        has = {word for bit, word in enumerate(words) if number >> bit & 1}
        said = {word for word in has if number % 3 == 0}
        ticket = perform(
            system,
            make_ticket,
            people[number % 2],
            title=f"t{number}",
            description=" ".join(sorted(has - said)) or "-",
        )
        if said:
            perform(system, make_comment, ticket, cast.agent.user, " ".join(sorted(said)))
        bodies[f"t{number}"] = has
        if number == 15:
            assert index() == 16
    for one in words:
        for other in words:
            wanted = TicketFilter(text=f"{one} -{other}" if one < other else f"{one} {other}")
            found = perform(cast.agent.actor, list_tickets, wanted, Place(limit=100)).rows
            expected = {
                title
                for title, has in bodies.items()
                if one in has and ((other not in has) if one < other else (other in has))
            }
            assert {row.title for row in found} == expected
        lacking = perform(cast.agent.actor, list_tickets, TicketFilter(text=f"-{one}"), Place(limit=100)).rows
        assert {row.title for row in lacking} >= {title for title, has in bodies.items() if one not in has}
        assert not {row.title for row in lacking} & {title for title, has in bodies.items() if one in has}


def test_common_words_are_found_by_walking_the_list_alike(
    perform: Perform, cast: Cast, system: Actor, index: Index
) -> None:
    for number in range(30):
        perform(system, make_ticket, cast.customer.user, title=f"apple {number}")
        if number == 14:
            index()
    place = Place(limit=7)
    for persona in (cast.admin, cast.agent, cast.team_agent, cast.customer):
        pages = [
            perform(
                persona.actor,
                lambda s, common=common, actor=persona.actor: s.execute(  # type: ignore[misc]
                    queries.inbox(actor, TicketFilter(text="apple"), place, common=common)
                ).all(),
            )
            for common in (queries.RARE, queries.Common(words=True))
        ]
        assert [row.id for row in pages[0]] == [row.id for row in pages[1]]
        assert len(pages[0]) == 8


@pytest.mark.parametrize(
    "typed", ["-" * 500, "- " * 250, "(-" * 250, "drucker " + "-" * 80 + " -toner", "\t-" * 99]
)
def test_dashes_that_leave_out_nothing_do_not_count(search: Search, ticket: Ticket, typed: str) -> None:
    """PostgreSQL keeps each on a stack of 32, and gives up beyond."""
    assert search(typed) == ([ticket.title] if "drucker" in typed else [])
