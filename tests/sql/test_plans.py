"""The hot statements stay on their indexes: plans and rows touched at 20,000 tickets, nine of ten of them done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Select, event, func, select, text

from ombud import Actor, Desk, DeskSession, TicketStatus
from ombud.analytics.actions import fold_statistics
from ombud.db.actor import Scope
from ombud.testing import Cast, Persona, ScratchServer, make_cast
from ombud.tickets import View, queries
from ombud.tickets.filters import ME, Place, TicketFilter, TicketSort
from ombud.tickets.grammar import understand

SYSTEM = Actor.system("test")
TICKETS = 20_000
UNDONE = TICKETS // 10
FILL = """
INSERT INTO ombud.users (email, full_name)
SELECT 'c' || n || '@many.example', 'Customer ' || n FROM generate_series(1, 500) n;
INSERT INTO ombud.tickets (title, description, status, priority, requester_id, creator_id, assignee_id, team_id,
                           created_at, last_activity_at, resolved_at)
SELECT 'Ticket ' || n, 'word' || n % 997 || ' common' || CASE WHEN n % 5000 = 0 THEN ' needle' ELSE '' END,
       CASE WHEN n % 10 < 8 THEN 'closed' WHEN n % 10 = 8 THEN 'resolved'
            ELSE (ARRAY['open', 'in_progress', 'waiting_on_customer'])[1 + n / 10 % 3] END,
       (ARRAY['low', 'medium', 'high', 'urgent'])[1 + n % 4],
       (SELECT min(id) FROM ombud.users WHERE email LIKE 'c%@many.example') + n % 500, {agent},
       CASE WHEN n / 10 % 3 = 0 THEN NULL ELSE {agent} + n / 10 % 2 END,
       CASE WHEN n / 10 % 4 = 0 THEN NULL ELSE {team} + n / 10 % 2 END,
       timestamptz '2026-01-01' + n * interval '10 minutes', timestamptz '2026-01-01' + n * interval '10 minutes',
       CASE WHEN n % 10 < 9 THEN timestamptz '2026-01-01' + n * interval '10 minutes' END
  FROM generate_series(1, {tickets}) n;
INSERT INTO ombud.comments (ticket_id, author_id, content, created_at)
SELECT id, {agent}, 'An answer.', created_at FROM ombud.tickets WHERE id % 2 = 0;
INSERT INTO ombud.comments (ticket_id, author_id, content, created_at)
SELECT 10, {agent}, 'Part ' || n, timestamptz '2026-02-01' + n * interval '1 minute' FROM generate_series(1, 500) n;
"""


@dataclass
class Many:
    desk: Desk
    cast: Cast


@contextmanager
def desk_of(tickets: int, postgres: ScratchServer) -> Iterator[Many]:
    """Yield a desk of so many tickets, on a database of its own."""
    with postgres.database() as database, Desk(database.url) as desk:
        database.create_unbound_role()
        cast = desk.run(SYSTEM, make_cast)
        fill = FILL.format(agent=cast.agent.id, team=cast.team.id, tickets=tickets)
        database.execute(fill)
        with desk.begin(SYSTEM) as session:
            while session.scalar(text("SELECT ombud.index_search_tail(10000)")):
                pass
        database.execute("VACUUM ANALYZE")
        yield Many(desk, cast)


@pytest.fixture(scope="module")
def many(postgres: ScratchServer) -> Iterator[Many]:
    with desk_of(TICKETS, postgres) as found:
        yield found


@dataclass
class Plan:
    """What PostgreSQL did for one statement."""

    nodes: list[dict[str, Any]]

    def scans(self, table: str) -> list[dict[str, Any]]:
        """Return the nodes that read a table; those of branches never taken are none of them."""
        return [node for node in self.nodes if node.get("Relation Name") == table and node["Actual Loops"]]

    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}

    def rows(self, table: str) -> float:
        """How many rows of the table were looked at, those thrown away included."""
        counts = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        scans = self.scans(table)
        return sum(
            float(node.get(count, 0)) * float(node["Actual Loops"]) for node in scans for count in counts
        )

    def assert_walks(self, table: str = "tickets", *, at_most: int) -> None:
        assert all(node["Node Type"] != "Seq Scan" for node in self.scans(table)), str(self)
        assert self.rows(table) <= at_most, str(self)

    def __str__(self) -> str:
        shown = (
            "Node Type",
            "Index Name",
            "Relation Name",
            "Actual Rows",
            "Rows Removed by Filter",
            "Actual Loops",
        )
        scans = [node for node in self.nodes if "Relation Name" in node and node["Actual Loops"]]
        return "\n" + "\n".join(str({key: node[key] for key in shown if key in node}) for node in scans)


def plan(session: DeskSession, statement: Select[Any]) -> Plan:
    """Run a statement as it is, then again under EXPLAIN ANALYZE with the very values."""
    sent: list[tuple[str, Any]] = []
    connection = session.connection()

    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_rest: Any) -> None:
        sent.append((sql, parameters))

    event.listen(connection, "before_cursor_execute", note)
    session.execute(statement).close()
    event.remove(connection, "before_cursor_execute", note)
    sql, parameters = sent[0]
    found = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters).scalar_one()
    return Plan(list(_nodes(found[0]["Plan"])))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _plan_for(many: Many, person: Persona, statement: Select[Any]) -> Plan:
    with many.desk.read(person.actor) as session:
        return plan(session, statement)


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("who", ["admin", "agent", "team_agent"])
def test_a_view_never_reads_history(many: Many, who: str, view: View) -> None:
    person: Persona = getattr(many.cast, who)
    found = _plan_for(many, person, queries.inbox(person.actor, view.narrowed(TicketFilter()), Place()))
    found.assert_walks(at_most=UNDONE + 100)
    assert found.scans("comments") == [] or all(
        node["Node Type"].startswith("Index") for node in found.scans("comments")
    )


@pytest.mark.parametrize("sort", [TicketSort.ACTIVITY, TicketSort.CREATED, TicketSort.PRIORITY])
@pytest.mark.parametrize("ascending", [False, True])
def test_every_order_has_its_index(many: Many, sort: TicketSort, ascending: bool) -> None:
    actor = many.cast.agent.actor
    for view in (View.OPEN, View.ALL):
        wanted = view.narrowed(TicketFilter())
        found = _plan_for(many, many.cast.agent, queries.inbox(actor, wanted, Place(sort, ascending)))
        found.assert_walks(at_most=2_100)


def test_the_last_page_costs_what_the_first_does(many: Many) -> None:
    from ombud.kit.cursor import encode_cursor

    actor = many.cast.agent.actor
    place = Place()
    with many.desk.read(actor) as session:
        rows = session.execute(
            text("SELECT last_activity_at, id FROM ombud.tickets ORDER BY 1, 2 OFFSET 100 LIMIT 1")
        )
        cursor = encode_cursor(place.order_name, tuple(rows.one()))
        found = plan(session, queries.inbox(actor, TicketFilter(), Place(cursor=cursor)))
    found.assert_walks(at_most=200)


@pytest.mark.parametrize("who", ["admin", "agent", "team_agent"])
def test_counters_do_not_scan_history(many: Many, who: str) -> None:
    """The history has 18,000 tickets; a counter stops at its cap, and six counters at six caps or so.

    Who does not see all counts to the cap among more: at most all that is not done, five times.
    """
    person: Persona = getattr(many.cast, who)
    found = _plan_for(many, person, queries.view_counters(person.actor))
    # Whether it walks an index or the table itself, it stops: rows looked at are what counts.
    sees_all = person.actor.scope is Scope.ALL
    at_most = 8 * queries.COUNTER_CAP if sees_all else 5 * UNDONE + 2 * queries.COUNTER_CAP
    assert found.rows("tickets") <= at_most, str(found)
    if sees_all:
        scans = {(node.get("Index Name"), node["Node Type"]) for node in found.scans("tickets")}
        assert scans >= {
            ("ix_tickets_assignee_undone", "Index Only Scan"),
            ("ix_tickets_unassigned_undone", "Index Only Scan"),
        }, "what policies ask for is in the indexes, so that no ticket is read"


def test_the_total_of_all_tickets_reads_none(many: Many) -> None:
    while many.desk.run(SYSTEM, fold_statistics):
        pass
    actor = many.cast.agent.actor
    for statuses in (None, (TicketStatus.OPEN,), (TicketStatus.CLOSED, TicketStatus.RESOLVED)):
        found = _plan_for(
            many, many.cast.agent, queries.count_matching(actor, TicketFilter(statuses=statuses))
        )
        assert found.scans("tickets") == [], str(found)
        assert found.rows("ticket_stats") <= 20, str(found)
    page = queries.total_and_page(actor, TicketFilter(), Place(TicketSort.CREATED))
    assert _plan_for(many, many.cast.agent, page).rows("tickets") <= Place().limit + 1


def test_somebodys_tickets_of_a_status_are_found_in_their_index(many: Many) -> None:
    wanted = TicketFilter(assignees=(many.cast.agent.id,), statuses=(TicketStatus.OPEN,))
    statement = queries.total_and_page(many.cast.agent.actor, wanted, Place(TicketSort.CREATED))
    found = _plan_for(many, many.cast.agent, statement)
    assert {node["Node Type"] for node in found.scans("tickets")} == {"Index Only Scan"}, str(found)


def test_filters_that_people_use_stay_on_indexes(many: Many) -> None:
    actor, cast = many.cast.agent.actor, many.cast
    with many.desk.read(actor) as session:
        requester = session.scalar(text("SELECT requester_id FROM ombud.tickets WHERE id = 77"))
    for wanted, at_most in (
        (TicketFilter(requester_id=requester), 300),
        (TicketFilter(assignees=(ME,), team_ids=(cast.team.id,)), 4_000),
        (TicketFilter(organization_id=cast.organization.id), 300),
    ):
        found = _plan_for(many, cast.agent, queries.inbox(actor, wanted, Place()))
        found.assert_walks(at_most=at_most)


def test_one_ticket_is_one_row(many: Many) -> None:
    for person in (many.cast.agent, many.cast.team_agent, many.cast.customer):
        found = _plan_for(many, person, queries.ticket_by_number(person.actor, "1010"))
        found.assert_walks(at_most=3)
        assert "uq_tickets_ticket_number" in found.indexes()


def test_a_conversation_reads_its_own_comments(many: Many) -> None:
    for person in (many.cast.agent, many.cast.team_agent):
        found = _plan_for(many, person, queries.conversation(person.actor, 10))
        assert "ix_comments_ticket_id" in found.indexes()
        found.assert_walks("comments", at_most=501)
        found.assert_walks(at_most=501)


def test_a_history_reads_its_own_rows(many: Many) -> None:
    found = _plan_for(many, many.cast.agent, queries.history(many.cast.agent.actor, 10))
    assert any("ticket_id" in name for name in found.indexes())
    assert all(node["Node Type"] != "Seq Scan" for node in found.scans("audit_logs"))


@pytest.mark.parametrize(
    ("words", "at_most"), [("needle", 60), ('"word7"', 400), ("no such word anywhere", 60)]
)
def test_a_search_reads_what_it_finds(many: Many, words: str, at_most: int) -> None:
    for person in (many.cast.agent, many.cast.admin):
        found = _plan_for(many, person, queries.inbox(person.actor, TicketFilter(text=words), Place()))
        found.assert_walks(at_most=at_most)


def test_a_common_word_is_found_by_walking_the_list(many: Many) -> None:
    actor = many.cast.agent.actor
    found = _plan_for(
        many,
        many.cast.agent,
        queries.inbox(actor, TicketFilter(text="common"), Place(), common=queries.Common(words=True)),
    )
    found.assert_walks(at_most=200)


def test_a_page_of_thousands_is_found_among_the_newest(many: Many) -> None:
    """They lie all over their table: for the count a thousand are looked at, for the page the newest of the list."""
    statement = queries.total_and_page(many.cast.agent.actor, TicketFilter(text="common"), Place())
    found = _plan_for(many, many.cast.agent, statement)
    found.assert_walks(at_most=queries.COUNTER_CAP + 200)
    assert "ix_tickets_live" in found.indexes(), str(found)


def test_words_and_a_tag_are_put_together_before_tickets_are_read(many: Many) -> None:
    with many.desk.begin(SYSTEM) as session:
        session.execute(
            text(
                "WITH tag AS (INSERT INTO ombud.tags (name) VALUES ('odd') RETURNING id)"
                " INSERT INTO ombud.ticket_tags (ticket_id, tag_id)"
                " SELECT t.id, tag.id FROM ombud.tickets t, tag WHERE t.id % 100 = 1"
            )
        )
    wanted = TicketFilter(text="common", tags=("Odd",))
    found = _plan_for(many, many.cast.agent, queries.total_and_page(many.cast.agent.actor, wanted, Place()))
    found.assert_walks(at_most=TICKETS // 100 + 50)


def test_a_common_substring_never_reads_all_comments(many: Many) -> None:
    """The planner would gather every comment that has it, for a page that a few dozen tickets fill."""
    actor, wanted = many.cast.agent.actor, TicketFilter(substring="word1")
    common = queries.Common(substring=True)
    for statement in (
        queries.inbox(actor, wanted, Place(), common=common),
        queries.total_and_page(actor, wanted, Place(), common=common),
    ):
        found = _plan_for(many, many.cast.agent, statement)
        assert found.scans("comments"), "some tickets on the way have it nowhere else"
        found.assert_walks("comments", at_most=20_000)


def test_the_words_are_looked_up_in_their_index(many: Many) -> None:
    """Inside the search function, which runs as a role of its own: its plan, seen as the owner."""
    with many.desk.begin(SYSTEM) as session:
        weight = session.scalar(queries.search_weight(TicketFilter(text="needle")))
        common = session.scalar(queries.search_weight(TicketFilter(text="common")))
    assert weight is not None
    assert common is not None
    assert weight < 200
    assert common > TICKETS / 2


def test_two_common_words_that_never_stand_side_by_side_are_rare(many: Many) -> None:
    """The plan took them for common, and a million tickets were walked for a few of them."""
    typed = {
        phrase: TicketFilter(text=phrase)
        for phrase in ('"ticket common"', '"common ticket"', "common ticket")
    }
    with many.desk.begin(SYSTEM) as session:
        weights = {phrase: session.scalar(queries.search_weight(wanted)) for phrase, wanted in typed.items()}
    assert weights['"ticket common"'] == weights['"common ticket"'] == 0
    assert (weights["common ticket"] or 0) > TICKETS / 2


def test_names_that_nobody_has_end_a_search_at_once(many: Many) -> None:
    for typed in ("team:nobody", "requester:nobody", "assignee:nobody-at-all", "organization:nobody"):
        wanted = understand(TicketFilter(text=typed))
        found = _plan_for(many, many.cast.agent, queries.inbox(many.cast.agent.actor, wanted, Place()))
        found.assert_walks(at_most=0)


def test_a_customers_list_does_not_walk_everybodys(many: Many) -> None:
    with many.desk.read(SYSTEM) as session:
        requester = session.scalar(text("SELECT requester_id FROM ombud.tickets WHERE id = 77"))
    assert requester is not None
    actor = Actor.customer(requester)
    with many.desk.read(actor) as session:
        found = plan(session, queries.inbox(actor, TicketFilter(), Place()))
    found.assert_walks(at_most=1_000)


def test_the_partial_indexes_are_used(many: Many) -> None:
    """Each view of what is not done reads an index that knows nothing of history."""
    for view, index in (
        (View.OPEN, "ix_tickets_undone"),
        (View.MINE, "ix_tickets_assignee_undone"),
        (View.UNASSIGNED, "ix_tickets_unassigned_undone"),
    ):
        actor = many.cast.agent.actor
        found = _plan_for(many, many.cast.agent, queries.inbox(actor, view.narrowed(TicketFilter()), Place()))
        assert index in found.indexes(), str(found)


@pytest.mark.parametrize("typed", ["-needle", "-needle -straw", 'common or -"needle"', "co"])
def test_who_counts_what_lacks_a_word_stops_when_there_are_enough(many: Many, typed: str) -> None:
    """No index knows what lacks a word; one was read whole for it, 17 seconds at a million tickets."""
    agent, most = many.cast.agent, 100
    with many.desk.read(agent.actor) as session:
        found = select(func.ombud.found_tickets(typed, "agent", agent.id, None, most))
        assert len(session.scalar(found) or ()) == most
        explained = text(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT ombud.found_tickets(:typed, 'agent', :me, NULL, :most)"
        )
        told = session.scalar(explained, {"typed": typed, "me": agent.id, "most": most})
    pages = told[0]["Plan"]["Shared Hit Blocks"] + told[0]["Plan"]["Shared Read Blocks"]
    assert pages <= 150
