"""The sample desk: the same each time, of the right size, and true to how a desk works."""

from __future__ import annotations

import unicodedata
import zlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from ombud.demo import DemoDesk, generate
from ombud.demo.hours import in_working_hours
from ombud.demo.load import second_addresses
from ombud.demo.records import (
    AssigneeChanged,
    Commented,
    DemoAttachment,
    DemoTicket,
    PriorityChanged,
    StatusChanged,
    Tagged,
    TeamChanged,
)
from tests.costs import growth

NOW = datetime(2026, 3, 18, 14, 25, tzinfo=UTC)
LEGAL = {
    ("open", "in_progress"),
    ("in_progress", "waiting_on_customer"),
    ("waiting_on_customer", "in_progress"),
    ("in_progress", "resolved"),
    ("waiting_on_customer", "resolved"),
    ("resolved", "open"),
    ("resolved", "closed"),
}
SCRIPTS = (
    "LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "THAI", "HIRAGANA", "CJK", "HANGUL",
)  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> DemoDesk:
    return generate(NOW)


@pytest.fixture(scope="module")
def tickets(desk: DemoDesk) -> list[DemoTicket]:
    return list(desk.tickets())


def test_same_arguments_same_desk(desk: DemoDesk, tickets: list[DemoTicket]) -> None:
    again = generate(NOW)
    assert again.customers == desk.customers
    assert list(again.tickets()) == tickets
    assert generate(NOW, seed=2).ticket(1000) != tickets[1000]


def test_a_ticket_can_be_had_out_of_order(desk: DemoDesk, tickets: list[DemoTicket]) -> None:
    assert list(desk.tickets(1500, 1520)) == tickets[1500:1520]


def test_counts(desk: DemoDesk, tickets: list[DemoTicket]) -> None:
    assert (len(desk.teams), len(desk.agents), len(desk.organizations)) == (3, 7, 12)
    assert [agent.is_admin for agent in desk.agents] == [False] * 6 + [True]
    assert len({customer.email for customer in desk.customers}) == 300
    assert len(tickets) == 2000
    assert 15 <= len(desk.tags) <= 25
    assert {o.name for o in desk.organizations} == {c.organization for c in desk.customers} - {None}


def test_everybody_named_is_known(desk: DemoDesk, tickets: list[DemoTicket]) -> None:
    staff = {agent.email for agent in desk.agents}
    people = staff | {customer.email for customer in desk.customers}
    teams, tags = {team.name for team in desk.teams}, {tag.name for tag in desk.tags}
    assert {team for agent in desk.agents for team in agent.teams} == teams
    for ticket in tickets:
        assert ticket.requester in people - staff
        assert ticket.assignee in staff | {None}
        assert ticket.team in teams | {None}
        assert set(ticket.tags) <= tags
        assert {e.author for e in ticket.events if isinstance(e, Commented)} <= people
        assert all(e.author in staff for e in ticket.events if isinstance(e, Commented) and e.is_internal)


def test_time_runs_forwards_and_stops_now(tickets: list[DemoTicket]) -> None:
    assert all(earlier.created_at <= later.created_at for earlier, later in pairwise(tickets))
    assert tickets[0].created_at > NOW - timedelta(days=366)
    for ticket in tickets:
        times = [ticket.created_at, *(event.at for event in ticket.events), NOW]
        assert times == sorted(times), ticket.index


def test_replaying_the_events_gives_the_ticket(tickets: list[DemoTicket]) -> None:
    for ticket in tickets:
        assert _replay(ticket) == (
            ticket.status, ticket.priority, ticket.team, ticket.assignee, ticket.tags,
            ticket.resolved_at, ticket.closed_at,
        )  # fmt: skip


def _replay(ticket: DemoTicket) -> tuple[object, ...]:
    status, priority, team = "open", ticket.opened_priority, ticket.opened_team
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    for event in ticket.events:
        match event:
            case StatusChanged(at, _, old, new):
                assert old == status
                assert (old, new) in LEGAL
                status = new
                resolved_at = at if new == "resolved" else resolved_at if new == "closed" else None
                closed_at = at if new == "closed" else None
            case PriorityChanged(_, _, old, new):
                assert old == priority != new
                priority = new
            case TeamChanged(_, _, old, new):
                assert old == team != new
                team = new
            case AssigneeChanged(_, _, old, new):
                assert old == assignee != new
                assignee = new
            case Tagged(_, _, added):
                assert not set(added) & set(tags)
                tags += added
            case Commented():
                assert event.body.strip()
    return status, priority, team, assignee, tags, resolved_at, closed_at


def test_agents_write_in_their_working_hours(desk: DemoDesk, tickets: list[DemoTicket]) -> None:
    hours = {agent.email: agent.hours for agent in desk.agents}
    written = [e for t in tickets for e in t.events if isinstance(e, Commented) and e.author in hours]
    assert len(written) > 3000
    assert all(in_working_hours(hours[event.author], event.at) for event in written)
    by_customers = [t.created_at for t in tickets]
    assert any(moment.weekday() > 4 for moment in by_customers)
    assert {moment.hour for moment in by_customers} > set(range(5, 24))


def test_old_tickets_are_closed_and_recent_ones_in_every_state(tickets: list[DemoTicket]) -> None:
    old = Counter(t.status for t in tickets if t.created_at < NOW - timedelta(days=60))
    assert old["closed"] > 0.95 * old.total()
    recent = Counter(t.status for t in tickets[-300:])
    assert set(recent) == {"open", "in_progress", "waiting_on_customer", "resolved", "closed"}
    assert all(count >= 8 for count in recent.values()), recent
    assert any(ticket.assignee is None for ticket in tickets)


def test_texts_seldom_repeat(tickets: list[DemoTicket]) -> None:
    assert len({t.title for t in tickets}) > 0.7 * len(tickets)
    assert len({t.description for t in tickets}) > 0.9 * len(tickets)
    assert max(Counter(t.title for t in tickets).values()) <= 12
    texts = [t.title + t.description for t in tickets if "{{ 7*7 }}" not in t.description]
    assert not [text for text in texts if "{" in text and "|" in text.partition("{")[2].partition("}")[0]]


def test_every_script_is_present(tickets: list[DemoTicket]) -> None:
    written = Counter(
        unicodedata.name(char, "").split(" ")[0].split("-")[0]
        for ticket in tickets
        for char in set(ticket.title + ticket.description)
        if char.isalpha()
    )
    assert not [script for script in SCRIPTS if written[script] < 5], written


def test_the_awkward_ones_are_there(desk: DemoDesk, tickets: list[DemoTicket]) -> None:
    assert max(len(t.description.split()) for t in tickets) == 10_000
    assert min(len(t.description.split()) for t in tickets) == 1
    assert max(len(t.title) for t in tickets) == 500
    assert max(len(t.tags) for t in tickets) >= 20
    assert any("<script>alert('xss')</script>" in t.description for t in tickets)
    assert any("|:--|--:|" in t.description for t in tickets)
    assert any("```\nTraceback" in t.description for t in tickets)
    assert [c for c in desk.customers if not c.full_name]
    assert max(len(c.full_name) for c in desk.customers) > 80


def test_attachments_are_what_they_say(tickets: list[DemoTicket]) -> None:
    files = [f for t in tickets for f in t.attachments]
    files += [f for t in tickets for e in t.events if isinstance(e, Commented) for f in e.attachments]
    assert {f.content_type for f in files} == {"text/plain", "text/csv", "image/png", "application/pdf"}
    assert len(files) > 150
    for file in files:
        _check(file)


def _check(file: DemoAttachment) -> None:
    assert 0 < len(file.data) < 20_000
    match file.content_type:
        case "image/png":
            assert file.data.startswith(b"\x89PNG\r\n\x1a\n")
            start = file.data.index(b"IDAT") + 4
            length = int.from_bytes(file.data[start - 8 : start - 4], "big")
            assert len(zlib.decompress(file.data[start : start + length])) == 64 * (1 + 96 * 3)
        case "application/pdf":
            table = int(file.data.rpartition(b"startxref\n")[2].split()[0])
            assert file.data[table:].startswith(b"xref\n0 6\n")
            assert file.data.endswith(b"%%EOF\n")
        case _:
            assert file.data.decode("utf-8").count("\n") > 5


def test_it_is_quick_and_streams() -> None:
    assert sum(1 for _ in generate(NOW).tickets()) == 2000
    assert growth(lambda count: list(generate(NOW, tickets=count).tickets()), 250) < 12
    large = generate(NOW, tickets=1_000_000)
    assert len(list(islice(large.tickets(999_900), 200))) == 100


@pytest.mark.parametrize("count", [1, 7, 60])
def test_small_desks_work(count: int) -> None:
    assert len(list(generate(NOW, tickets=count).tickets())) == count


def test_now_must_be_aware() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        generate(NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="at least one"):
        generate(NOW, tickets=0)


def test_some_people_and_some_tickets_are_here_twice(desk: DemoDesk, tickets: list[DemoTicket]) -> None:
    seconds = second_addresses(desk)
    names = {customer.full_name for customer in desk.customers}
    assert len({one.email for one in seconds} - {customer.email for customer in desk.customers}) >= 4
    assert {one.full_name for one in seconds} <= names
    again = [ticket for ticket in tickets if ticket.title.startswith("Again: ")]
    assert len(again) == 2
    for ticket in again:
        first = tickets[ticket.index - 1]
        assert (first.requester, first.description) == (ticket.requester, ticket.description)
        assert timedelta() < ticket.created_at - first.created_at < timedelta(days=3)
        assert ticket.status == "open"
