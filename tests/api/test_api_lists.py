"""Lists over HTTP: filters, order, pages, and what they cost."""

import itertools
from datetime import UTC, datetime

import httpx
import pytest

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.kit.cursor import encode_cursor
from ombud.models import TicketPriority, TicketStatus
from ombud.search import actions as search
from ombud.testing.factories import (
    make_comment,
    make_organization,
    make_tag,
    make_team,
    make_ticket,
    make_user,
)
from ombud.testing.personas import Cast
from ombud.tickets import bulk_create_tickets
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


def fill(desk: Desk, cast: Cast, count: int) -> None:
    """Open tickets of all kinds, each with a tag and a comment."""
    with desk.begin(SYSTEM) as session:
        for number in range(count):
            ticket = make_ticket(
                session,
                cast.customer.id,
                title=f"Problem {number}",
                priority=list(TicketPriority)[number % 4],
                assignee_id=cast.agent.id if number % 2 else None,
                team_id=cast.team.id if number % 3 else None,
                tags=[f"tag{number % 5}"],
            )
            make_comment(session, ticket, cast.customer.id)


async def walk(client: httpx.AsyncClient, path: str) -> list[dict[str, object]]:
    """Follow the `Link` headers of a list from its beginning to its end."""
    items: list[dict[str, object]] = []
    following: str | None = path
    while following is not None:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        link = answer.links.get("next")
        assert (link is not None) is (answer.json()["next_cursor"] is not None)
        following = f"http://desk.example{link['url']}" if link is not None else None
    return items


SORTS = ("activity", "-activity", "created", "-created", "priority", "-priority")
FILTERS: dict[str, set[int]] = {
    "status=open&status=closed": {0, 1, 2, 3, 4, 5},
    "status=closed": set(),
    "substring=ROBLEM%203": {3},
    "substring=%25": set(),
    "q=contains:lem": {0, 1, 2, 3, 4, 5},
    "has_attachment=true": set(),
    "overdue=true": set(),
    "resolved_from=2020-01-01T00:00:00Z": set(),
    "priority=low&priority=urgent": {0, 3, 4},
    "channel=email": set(),
    "assignee=me": {1, 3, 5},
    "assignee=unassigned": {0, 2, 4},
    "assignee=me&assignee=unassigned": {0, 1, 2, 3, 4, 5},
    "tag=tag0&tag=TAG0": {0, 5},
    "tag=tag0&tag=tag1": set(),
    "view=mine": {1, 3, 5},
    "view=unassigned&priority=low": {0, 4},
    "q=Problem%203": {3},
    "deleted=true": set(),
    "created_from=2999-01-01T00:00:00Z": set(),
    "created_to=2999-01-01T00:00:00Z&updated_from=1999-01-01T00:00:00%2B02:00": {0, 1, 2, 3, 4, 5},
}


async def test_pages_are_a_partition_in_every_order(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    fill(desk, cast, 11)
    for sort in SORTS:
        whole = (await agent.get(f"tickets?sort={sort}&limit=100")).json()
        paged = await walk(agent, f"tickets?sort={sort}&limit=4&status=open")

        assert whole["next_cursor"] is None
        assert [ticket["id"] for ticket in paged] == [ticket["id"] for ticket in whole["items"]], sort
        assert len(paged) == 11


async def test_filters_are_the_inboxs(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    fill(desk, cast, 6)
    for query, expected in FILTERS.items():
        answer = await agent.get(f"tickets?{query}")

        assert answer.status_code == 200, answer.text
        found = {int(ticket["title"].split()[1]) for ticket in answer.json()["items"]}
        assert found == expected, query


async def test_filters_by_id(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    fill(desk, cast, 6)

    for query, count in (
        (f"team={cast.team.id}", 4),
        (f"requester={cast.customer.id}", 6),
        (f"requester={cast.other_customer.id}", 0),
        (f"organization={cast.organization.id}", 6),
        (f"assignee={cast.agent.id}", 3),
    ):
        assert len((await agent.get(f"tickets?{query}")).json()["items"]) == count, query


async def test_a_search_shows_where_it_found_its_words(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    with desk.begin(SYSTEM) as session:
        make_ticket(session, cast.customer.id, description="The crimson <b>kettle</b> whistles.")

    (ticket,) = (await agent.get("tickets?q=kettle")).json()["items"]

    snippet = ticket["snippet"]
    ((start, end),) = snippet["marks"]
    assert snippet["text"][start:end] == "kettle"


async def test_a_list_costs_the_same_for_one_and_for_thirty(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    await agent.get("me")  # notes the token's use, once a minute
    fill(desk, cast, 1)
    with counted() as one:
        await agent.get("tickets")
    fill(desk, cast, 29)
    with counted() as thirty:
        answer = await agent.get("tickets?limit=50")
    with counted() as again:
        assert (await agent.get("tickets?limit=50")).text == answer.text

    assert len(answer.json()["items"]) == 30
    assert len(one) == len(thirty) == 3, str(thirty)  # token, context, list
    assert len(again) == 1, str(again)  # an address that was asked before: all in one


BUDGETS = {"tags": 3, "users": 3, "teams": 3, "organizations": 4, "tickets/{number}/comments": 5}


async def test_other_lists_cost_the_same_for_one_and_for_thirty(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id)

    def add(count: int) -> None:
        with desk.begin(SYSTEM) as session:
            for _ in range(count):
                make_tag(session)
                make_user(session)
                make_team(session)
                make_organization(session, domains=(f"d{next(_numbers)}.example",))
                make_comment(session, ticket.id, cast.agent.id)

    add(1)
    await agent.get("me")
    few = {path: await cost(agent, path.format(number=ticket.ticket_number)) for path in BUDGETS}
    add(29)
    for path, budget in BUDGETS.items():
        address = path.format(number=ticket.ticket_number)
        assert few[path] == await cost(agent, address) == budget, path
        whole = (await agent.get(f"{address}?limit=100")).json()["items"]
        assert len(whole) >= 30
        assert await walk(agent, f"{address}?limit=7") == whole


async def cost(client: httpx.AsyncClient, path: str) -> int:
    """Return how many statements a call takes."""
    with counted() as log:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return len(log)


_numbers = itertools.count(1)


async def test_a_ticket_with_many_comments_is_read_in_order(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id)
        for number in range(9):
            make_comment(session, ticket, cast.agent.id, content=f"{number}")

    comments = await walk(agent, f"tickets/{ticket.ticket_number}/comments?limit=2")

    assert [comment["content"] for comment in comments] == [str(number) for number in range(9)]


async def test_history_runs_backwards(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    opened = await agent.post("tickets", json={"title": "One"})
    number = opened.json()["number"]
    changed = await agent.patch(f"tickets/{number}", json={"priority": "high"})

    entries = await walk(agent, f"tickets/{number}/history?limit=1")

    assert [entry["action"] for entry in entries] == ["UPDATE", "CREATE"]
    assert entries[0]["request_id"] == changed.headers["X-Request-Id"]
    assert entries[0]["changes"]["priority"] == ["medium", "high"]  # type: ignore[index]
    assert entries[0]["user"] == {"id": cast.agent.id, "name": "Agnes Agent", "is_staff": True}


MADE_UP = ("", "x", "!", "bnVsbA", "WyItYWN0aXZpdHkiLFsxLDJdXQ", "WyItYWN0aXZpdHkiLFsieCIsInkiXV0", "a" * 999)


async def test_a_made_up_cursor_is_refused(agent: httpx.AsyncClient) -> None:
    for cursor in (*MADE_UP, encode_cursor("users", (2**63 - 1, 1)), encode_cursor("tags", ("\x00",))):
        for path in ("tickets", "users", "tags", "organizations", "teams"):
            answer = await agent.get(path, params={"cursor": cursor})
            assert answer.status_code == 422, (path, answer.text)
            assert answer.json()["errors"][0]["parameter"] == "cursor"


async def test_a_cursor_of_another_order_is_refused(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    fill(desk, cast, 3)
    cursor = (await agent.get("tickets?limit=1&sort=created")).json()["next_cursor"]

    answer = await agent.get("tickets", params={"limit": 1, "sort": "-created", "cursor": cursor})

    assert answer.status_code == 422


async def test_statuses_of_the_model_are_those_of_the_description(agent: httpx.AsyncClient) -> None:
    document = (await agent.get("openapi.json")).json()
    assert document["components"]["schemas"]["TicketStatus"]["enum"] == [one.value for one in TicketStatus]


async def test_a_search_by_best_match_counted_and_refused_without_words(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    fill(desk, cast, 6)
    ids = [ticket["id"] for ticket in await walk(agent, "tickets?q=problem&sort=-rank&limit=2")]
    assert len(ids) == len(set(ids)) == 6
    page = (await agent.get("tickets?q=problem&limit=2&count=true")).json()
    assert (page["total"], page["is_more"], len(page["items"])) == (6, False, 2)
    assert (await agent.get("tickets?limit=2")).json()["total"] is None
    for query in (
        "sort=-rank",
        "sort=rank&substring=prob",
        "sort=-title",
        "substring=%00",
        f"substring={'x' * 201}",
    ):
        assert (await agent.get(f"tickets?{query}")).status_code == 422, query


async def test_suggestions_are_of_what_the_caller_sees(
    agent: httpx.AsyncClient, customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id, title="A broken umbrella")
        make_comment(session, ticket, cast.agent.id, "troublemaker", is_internal=True)
    desk.run(SYSTEM, search.index_fresh_documents)

    async def suggested(client: httpx.AsyncClient, typed: str) -> list[str]:
        with counted() as log:
            answer = await client.get("search/suggestions", params={"q": typed})
        assert len(log.statements) <= 8
        items: list[str] = answer.json()["items"]
        return items

    assert await suggested(agent, "brokn umbrela") == ["broken umbrella"]
    assert await suggested(customer, "brokn umbrela") == ["broken umbrella"]
    assert await suggested(agent, "troublemakr") == ["troublemaker"]
    assert await suggested(customer, "troublemakr") == []
    assert (await customer.get("search/suggestions?q=team:support+x")).status_code == 403
    assert (await agent.get("search/suggestions?q=status:x")).status_code == 422


async def test_dates_are_days_of_a_zone_and_a_dash_leaves_out(
    agent: httpx.AsyncClient, caller: Caller, desk: Desk, cast: Cast
) -> None:
    """At 23:30 UTC it is tomorrow in Berlin; customers leave out by nothing that they may not ask for."""
    moment = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    rows = [{"title": "Late", "requester_id": cast.customer.id, "created_at": moment, "tags": ["spam"]}]
    desk.run(SYSTEM, bulk_create_tickets, rows)

    async def found(**query: str) -> int:
        answer = await agent.get("tickets", params=query)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    assert await found(q="created:2026-01-05") == 1
    assert await found(q="created:2026-01-05", time_zone="Europe/Berlin") == 0
    assert await found(q="created:2026-01-06", time_zone="Europe/Berlin") == 1
    assert await found(q="created:2026-01 -created:2026-01-06", time_zone="Europe/Berlin") == 0
    assert [await found(q=q) for q in ("-tag:spam", "Late -tag:spam", "Late -tag:x")] == [0, 0, 1]
    refused = await agent.get("tickets?q=created:2026&time_zone=Mars/Phobos")
    assert refused.json()["errors"][0]["parameter"] == "time_zone"
    assert (await caller(cast.customer).get("tickets?q=-tag:spam")).status_code == 403
    assert (await caller(cast.customer).get("tickets?q=-status:closed")).status_code == 200
