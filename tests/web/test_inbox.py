"""The list: filters in the address, pages, empty states, selection; and what it costs."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import TicketPriority, TicketStatus
from ombud.runtime import Runtime
from ombud.search import actions as search
from ombud.testing import Cast, make_comment, make_ticket
from ombud.tickets.queries import matching
from ombud.web import queries
from tests.web.hosting import Browser, htmx

pytestmark = pytest.mark.asyncio
BUDGET = 8


def numbers(html: str) -> list[str]:
    return re.findall(r'id="row-([^"]+)"', html)


async def open_many(desk: Desk, cast: Cast, count: int, **given: object) -> list[str]:
    def act(session: Session) -> list[str]:
        return [
            make_ticket(session, cast.customer.id, title=f"Question {n}", **given).ticket_number
            for n in range(count)
        ]

    return await desk.arun(cast.admin.in_new_request(), act)


async def test_an_empty_desk_says_what_belongs_here(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    assert "Nothing is waiting for you" in (await web.get("/tickets?view=mine")).text
    assert "No tickets here yet" in (await web.get("/tickets?view=all")).text
    found = await web.get("/tickets?q=flux+capacitor")
    assert "Nothing found for “flux capacitor”" in found.text


async def test_filters_in_the_address_combine(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    urgent = await open_many(
        desk, cast, 1, priority=TicketPriority.URGENT, tags=("vip",), assignee_id=cast.agent.id
    )
    other = await open_many(desk, cast, 1, priority=TicketPriority.URGENT)
    await open_many(desk, cast, 2)
    both = await web.get("/tickets?view=all&priority=urgent")
    assert set(numbers(both.text)) == {*urgent, *other}
    one = await web.get("/tickets?view=all&priority=urgent&tag=VIP&assignee=me&status=open")
    assert numbers(one.text) == urgent
    assert (
        'href="/tickets?view=all&amp;priority=urgent&amp;tag=VIP&amp;assignee=me"' in one.text
    )  # without a chip
    assert numbers((await web.get("/tickets?view=unassigned&priority=urgent")).text) == other


@pytest.mark.parametrize(
    "query",
    [
        "status=nope",
        "assignee=-1",
        "team=x",
        "view=nope",
        "sort=nope",
        "cursor=nope",
        "requester=9e9",
        "q=%00",
        "q=status:nonsense",
    ],
)
async def test_an_address_that_means_nothing_is_told_so(web: Browser, cast: Cast, query: str) -> None:
    await web.sign_in(cast.agent)
    answer = await web.get(f"/tickets?view=all&{query}")
    assert answer.status_code == 422
    in_the_box = query.startswith("q=")  # the words stay, to be put right
    assert ('id="search-error"' if in_the_box else "Something is not right yet") in answer.text
    assert ('value="status:nonsense"' in answer.text) == (query == "q=status:nonsense")


@pytest.mark.parametrize("sort", ["-activity", "activity", "-created", "created", "-priority"])
async def test_pages_show_every_ticket_once(web: Browser, cast: Cast, desk: Desk, sort: str) -> None:
    await web.sign_in(cast.agent)
    made = await open_many(desk, cast, 103)
    seen: list[str] = []
    href: str | None = f"/tickets?view=all&sort={sort}"
    pages = 0
    while href:
        answer = await web.get(href)
        seen += numbers(answer.text)
        found = re.search(r'href="([^"]+)" rel="next"', answer.text)
        href = found[1].replace("&amp;", "&") if found else None
        pages += 1
    assert pages == 3
    assert sorted(seen) == sorted(made)


async def test_search_finds_words_in_messages_and_marks_them(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    (number,) = await open_many(desk, cast, 1, description="<script>alert(1)</script> the umbrella is broken")
    answer = await web.get("/tickets?q=umbrella")
    assert numbers(answer.text) == [number]
    assert "<mark>umbrella</mark>" in answer.text
    assert "<script>alert" not in answer.text


async def test_what_was_read_is_no_longer_marked(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    (number,) = await open_many(desk, cast, 1)
    assert "data-unread" in (await web.get("/tickets?view=all")).text
    assert (await web.post(f"/tickets/{number}/reading")).status_code == 204
    assert "data-unread" not in (await web.get("/tickets?view=all")).text


async def test_several_tickets_change_at_once_and_back(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    some = await open_many(desk, cast, 3)
    closed = await open_many(desk, cast, 1, status=TicketStatus.CLOSED)
    with counted() as log:
        moved = await web.post(
            "/tickets/bulk", {"ticket": [*some, *closed], "status": "in_progress"}, headers=htmx()
        )
    assert len(log.statements) <= 6, "as many for four tickets as for one"
    assert moved.headers["hx-trigger"] == "tickets-changed"
    assert "3 tickets changed; as before: 1 closed, and can only be reopened." in moved.text
    under_way = "/tickets?view=all&status=in_progress"
    assert set(numbers((await web.get(under_way)).text)) == set(some)
    refused = await web.post("/tickets/bulk", {"ticket": closed, "status": "in_progress"})
    assert refused.status_code == 409
    assert "Nothing was changed: 1 closed" in refused.text

    way_back = re.search(r'action="/undo".*?name="request" value="([^"]+)"', moved.text, re.DOTALL)
    assert way_back is not None
    undone = await web.post("/undo", {"request": way_back[1]}, headers=htmx())
    assert "It is as it was before." in undone.text
    assert numbers((await web.get(under_way)).text) == []
    again = await web.post("/undo", {"request": way_back[1]}, headers=htmx())
    assert again.status_code == 409, "it has changed since"


async def test_nobody_takes_back_what_others_did(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    await web.sign_in(cast.agent)
    some = await open_many(desk, cast, 1)
    moved = await web.post("/tickets/bulk", {"ticket": some, "status": "resolved"}, headers=htmx())
    request = re.search(r'name="request" value="([^"]+)"', moved.text)
    assert request is not None
    for other in (cast.other_agent, cast.customer):
        elsewhere = Browser(runtime)
        await elsewhere.sign_in(other)
        refused = await elsewhere.post("/undo", {"request": request[1]}, headers=htmx())
        assert refused.status_code == 403
        unknown = await elsewhere.post("/undo", {"request": "no-such-request"}, headers=htmx())
        assert unknown.status_code == (404 if other is cast.other_agent else 403), "customers learn nothing"


async def test_a_refresh_brings_rows_only(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    await open_many(desk, cast, 2)
    part = await web.get("/tickets?view=all", headers=htmx("rows"))
    assert part.text.lstrip().startswith("<ticket-list")
    assert "<html" not in part.text
    back = await web.get("/tickets?view=all", headers={**htmx("rows"), "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


async def test_one_and_thirty_rows_cost_the_same_few_statements(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    costs = []
    for count in (1, 29):
        made = await open_many(desk, cast, count, tags=("a", "b"), assignee_id=cast.agent.id)

        def act(session: Session, made: list[str] = made) -> None:
            for _ in made:
                make_comment(session, make_ticket(session, cast.customer.id), cast.agent.id)

        await desk.arun(cast.agent.in_new_request(), act)
        with counted() as log:
            await web.get("/tickets?view=all")
        costs.append(len(log))
    assert costs[0] == costs[1] <= BUDGET, str(log)


async def test_common_words_are_found_like_rare_ones(
    web: Browser, cast: Cast, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_many(desk, cast, 3)
    await web.sign_in(cast.agent)
    for address in ("/tickets?q=question", "/tickets?q=question+status:open"):
        with counted() as log:
            gathered = numbers((await web.get(address)).text)
        with monkeypatch.context() as patch:
            patch.setattr(matching, "COMMON", 1)
            with counted() as walked_log:
                walked = numbers((await web.get(address)).text)
        assert len(gathered) == 3
        assert walked == gathered
        assert len(log) == len(walked_log) <= BUDGET


async def test_what_surrounds_a_page_is_built_once_for_each_who_sees_alike(cast: Cast) -> None:
    agent = cast.agent.actor
    built = queries.surroundings(agent)
    assert queries.surroundings(agent.for_request("another")) is built
    others = (cast.admin, cast.team_agent, cast.light_agent, cast.customer)
    assert all(queries.surroundings(one.actor) is not built for one in others)


async def test_a_search_that_finds_nothing_offers_what_was_meant(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    await desk.arun(
        cast.admin.in_new_request(), lambda s: make_ticket(s, cast.customer.id, title="Umbrella & co").id
    )
    await desk.arun(Actor.system("test"), search.index_fresh_documents)
    await web.sign_in(cast.agent)
    with counted() as log:
        empty = (await web.get("/tickets?q=status:open+umbrela")).text
    assert len(log.statements) <= BUDGET + 3
    assert "Did you mean" in empty
    assert 'href="/tickets?view=all&amp;q=status%3Aopen+umbrella"' in empty
    followed = (await web.get("/tickets?view=all&q=status%3Aopen+umbrella")).text
    assert len(numbers(followed)) == 1
    assert 'id="list-count">1<' in followed
    assert "Did you mean" not in (await web.get("/tickets?q=zzzzqqqq")).text


async def test_a_search_may_be_exact_and_by_best_match(web: Browser, cast: Cast, desk: Desk) -> None:
    await open_many(desk, cast, 3)
    await web.sign_in(cast.agent)
    exact = (await web.get("/tickets?q=UESTION+1&exact=yes")).text
    assert len(numbers(exact)) == 1
    assert 'name="exact" value="yes" checked' in exact
    assert "Best match" not in exact
    assert numbers((await web.get("/tickets?q=UESTION+1")).text) == []
    assert "Nothing contains “%”" in (await web.get("/tickets?q=%25&exact=yes")).text
    ranked = (await web.get("/tickets?q=question&sort=-rank")).text
    assert len(numbers(ranked)) == 3
    assert "Best match" in ranked
    # Without words there is nothing to match: the list is in its own order.
    assert len(numbers((await web.get("/tickets?view=all&sort=-rank")).text)) == 3
    assert (await web.get("/tickets?q=x&sort=rank;drop")).status_code == 422


async def test_more_than_a_thousand_say_so(
    web: Browser, cast: Cast, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ombud.tickets.queries.lists.COUNTER_CAP", 60)
    monkeypatch.setattr("ombud.web.listing.COUNTER_CAP", 60)
    await open_many(desk, cast, 62)
    await web.sign_in(cast.agent)
    assert 'id="list-count">60+<' in (await web.get("/tickets?q=question")).text


async def test_only_staff_is_told_that_nobody_is_assigned(runtime: Runtime, cast: Cast, desk: Desk) -> None:
    await open_many(desk, cast, 1)
    for who, told in ((cast.agent, True), (cast.customer, False)):
        browser = Browser(runtime)
        await browser.sign_in(who)
        page = await browser.get("/tickets?view=open")
        assert "row-link" in page.text
        assert ("Nobody is assigned" in page.text) is told


async def test_a_customer_cannot_ask_about_the_desks_work(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.customer)
    for term in ("assignee:agnes", "is:overdue", "tag:vip", "team:support", "is:deleted"):
        assert (await web.get(f"/tickets?q={term}")).status_code == 403
