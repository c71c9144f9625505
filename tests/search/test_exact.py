"""Exact text, best match first, and what writers leave alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import URL, text

from ombud import Actor, Desk, Ticket, TicketStatus
from ombud.db import migrate
from ombud.errors import Invalid
from ombud.testing import Cast, Perform, Persona, ScratchServer, make_cast, make_ticket
from ombud.tickets import Place, TicketFilter, TicketSort, note, reply, set_status
from ombud.tickets.listing import list_tickets
from ombud.tickets.reads import search_tickets

Index = Callable[[], int]
SYSTEM = Actor.system("test")


@pytest.fixture
def ticket(perform: Perform, system: Actor, cast: Cast) -> Ticket:
    made = perform(
        system,
        make_ticket,
        cast.customer.user,
        title="Disk at 100% (C:\\)",
        description="see my_file.txt, 50 %",
    )
    perform(cast.agent.actor, reply, made.id, "Remove status:open.log")
    perform(cast.agent.actor, note, made.id, "Blames us_all")
    return made


def found(perform: Perform, person: Persona, part: str) -> int:
    return len(perform(person.actor, search_tickets, part, substring=True).tickets)


def test_signs_are_literal_before_and_after_indexing(
    perform: Perform, ticket: Ticket, cast: Cast, index: Index
) -> None:
    for _ in range(2):
        for part in (
            "100%",
            "%",
            "_",
            "\\",
            "C:\\",
            "my_file",
            "MY_FILE.TXT",
            "isk",
            "status:open",
            "50 %",
            "e.t",
        ):
            assert found(perform, cast.agent, part) == found(perform, cast.customer, part) == 1, part
            assert found(perform, cast.other_customer, part) == 0
        for part in ("100_", "myxfile", "%%", "1%0", "C:/", "\\\\", "disk  at"):
            assert found(perform, cast.agent, part) == 0, part
        assert found(perform, cast.agent, "us_all") == 1
        assert found(perform, cast.customer, "us_all") == 0
        index()


def test_a_snippet_shows_the_place_and_no_note(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    (row,) = perform(cast.customer.actor, list_tickets, TicketFilter(substring="STATUS:o"), Place()).rows
    assert row.snippet == "Remove \ue000status:o\ue001pen.log"
    (row,) = perform(cast.agent.actor, list_tickets, TicketFilter(text="contains:us_all"), Place()).rows
    assert row.snippet == "Blames \ue000us_all\ue001"


@pytest.mark.parametrize("part", ["x\x00y", "x" * 201, "\ud800"])
def test_what_no_text_can_have_is_refused(perform: Perform, cast: Cast, part: str) -> None:
    with pytest.raises(Invalid) as caught:
        perform(cast.agent.actor, search_tickets, part, substring=True)
    assert list(caught.value.fields) == ["substring"]


def test_none_zero_and_empty_are_different(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    def total(**given: object) -> int:
        found = perform(cast.agent.actor, lambda s: search_tickets(s, **given))  # type: ignore[arg-type]
        assert len(found.tickets) == found.total, "counted in one way and listed in another"
        return found.total

    assert total() == total(search_term=None) == total(search_term="") == total(tags=None) == 1
    assert total(status_list=None) == total(assignee_id="unassigned") == 1
    assert total(status_list=[]) == total(tags=[]) == total(assignee_id="me") == 0
    with pytest.raises(Invalid):
        total(assignee_id=0)


def test_best_match_first_in_pages_with_ties(
    perform: Perform, system: Actor, cast: Cast, index: Index
) -> None:
    """A word in a title weighs more than one in a description."""
    for number in range(12):
        where = {"title": "a kettle"} if number % 3 == 0 else {"title": "b", "description": "a kettle"}
        perform(system, make_ticket, cast.customer.user, **where)
        if number == 5:
            index()
    for person in (cast.agent, cast.customer):
        titles: list[str] = []
        ids: set[int] = set()
        place = Place(TicketSort.RANK, limit=5)
        while True:
            page = perform(person.actor, list_tickets, TicketFilter(text="kettle"), place)
            titles += [row.title for row in page.rows]
            ids |= {row.id for row in page.rows}
            if page.next_cursor is None:
                break
            place = Place(TicketSort.RANK, limit=5, cursor=page.next_cursor)
        assert titles == ["a kettle"] * 4 + ["b"] * 8
        assert len(ids) == 12


def test_rank_needs_words(perform: Perform, cast: Cast) -> None:
    for wanted in (TicketFilter(), TicketFilter(substring="abc"), TicketFilter(text="status:open")):
        with pytest.raises(Invalid) as caught:
            perform(cast.agent.actor, list_tickets, wanted, Place(TicketSort.RANK))
        assert list(caught.value.fields) == ["sort"]


def test_a_writer_adds_nothing_to_an_inverted_index(postgres: ScratchServer) -> None:
    """Told by the indexes' own files: not a byte of them changes until the worker comes."""
    with postgres.database() as database, Desk(database.url) as desk:
        cast = desk.run(SYSTEM, make_cast)
        ticket = desk.run(SYSTEM, make_ticket, cast.customer.user, title="needle")
        with desk.begin(SYSTEM) as session:
            assert session.scalar(text("SELECT ombud.index_search_tail(1000)")) == 1
            session.execute(text("SELECT ombud.settle_search_texts()"))
        before = _pages(database.admin_url)
        desk.run(cast.agent.actor, set_status, ticket.id, TicketStatus.RESOLVED)
        desk.run(cast.agent.actor, set_status, ticket.id, TicketStatus.OPEN)
        desk.run(cast.agent.actor, reply, ticket.id, "haystack")
        desk.run(SYSTEM, make_ticket, cast.customer.user, title="thimble")
        assert _pages(database.admin_url) == before
        with desk.begin(SYSTEM) as session:
            session.execute(text("SELECT ombud.index_search_tail(1000)"))
        assert _pages(database.admin_url) != before, "the worker does"


def _pages(admin_url: URL) -> list[tuple[str, str]]:
    """Return a digest of each inverted index as it is on the disk, everything written there first."""
    with migrate.connected(admin_url) as connection:
        connection.execute("CHECKPOINT")
        rows = connection.execute(
            "SELECT c.relname, md5(pg_read_binary_file(pg_relation_filepath(c.oid))) FROM pg_class c"
            " JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'gin' AND c.relnamespace = 'ombud'::regnamespace"
            " AND c.relname NOT LIKE 'ix_users%' ORDER BY 1"
        ).fetchall()
    assert [name for name, _ in rows] == [
        "ix_search_words_word",
        "ix_ticket_search_document",
        "ix_ticket_texts_body",
    ]
    return rows
