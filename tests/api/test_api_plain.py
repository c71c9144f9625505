"""The short way of the commonest reads answers like the usual one, by the same rights, and gives way when it fails."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import URL

from ombud.api.app import create_api
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.plain import begin_as
from ombud.db.statements import counted
from ombud.files import open_store
from ombud.live import LiveHub
from ombud.models import Attachment, Ticket
from ombud.runtime import Runtime, equip
from ombud.testing import Cast, make_comment, make_ticket
from ombud.tickets import add_tags, queries
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.queries.plain import NUMBER, ticket_row

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
PATHS = (
    "tickets/{0}",
    "tickets/{0}?include=comments",
    "tickets/{1}?include=comments",
    "tickets",
    "tickets?limit=2",
    "tickets?status=open&status=closed&sort=created",
    "tickets?sort=-priority&limit=1",
    "tickets?view=mine",
)


@pytest_asyncio.fixture
async def usual(settings: Settings, database_url: URL, cast: Cast) -> AsyncIterator[httpx.AsyncClient]:
    """An agent's client of a desk whose driver knows no short way."""
    desk = Desk(database_url.set(drivername="postgresql+psycopg"), settings)
    files = open_store(settings.data_dir / "files", limit=settings.attachment_limit)  # type: ignore[operator]  # set
    outer = FastAPI(openapi_url=None)
    outer.mount("/api/v1", create_api(Runtime(settings, equip(desk, settings), files, LiveHub(desk))))
    headers = {"Authorization": f"Bearer {cast.agent.token}"}
    base = "http://desk.example/api/v1/"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(outer), base_url=base, headers=headers
    ) as client:
        yield client
    await desk.aclose()


def _filled(session: DeskSession, cast: Cast) -> tuple[str, str]:
    """Make a ticket with everything, and one with as little as there can be; return their numbers."""
    rich = make_ticket(session, cast.customer.id, assignee_id=cast.agent.id, team_id=cast.team.id)
    add_tags(session, rich.id, ("zeta", "Alpha"))
    comment = make_comment(session, rich, cast.agent.id, "See the file.\n\u2028 “quoted” \\ <b>")
    make_comment(session, rich, cast.customer.id, "Thanks", is_internal=False)
    make_comment(session, rich, cast.agent.id, "Between us", is_internal=True)
    for name in ("b.txt", "a.txt"):
        file = Attachment(ticket_id=rich.id, comment_id=comment.id, uploader_id=cast.agent.id, file_name=name)
        file.content_type, file.size, file.checksum, file.storage_key = "text/plain", 3, "0" * 64, "0" * 64
        session.add(file)
    bare = make_ticket(session, cast.customer.id)
    session.flush()
    return rich.ticket_number, bare.ticket_number


async def test_both_ways_answer_alike(
    agent: httpx.AsyncClient, usual: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    numbers = desk.run(SYSTEM, _filled, cast)
    await agent.get("me")
    for path in PATHS:
        with counted() as short:
            one = await agent.get(path.format(*numbers))
        with counted() as long:
            other = await usual.get(path.format(*numbers))
        assert one.status_code == other.status_code == 200, path
        assert one.text == other.text, path
        same = ("content-type", "etag", "link", "ratelimit-limit")
        assert [one.headers.get(name) for name in same] == [other.headers.get(name) for name in same], path
        assert "enter" in short.statements, f"{path} did not go the short way"
        assert "enter" not in long.statements


async def test_row_security_holds_on_the_short_way(desk: Desk, cast: Cast) -> None:
    def make(session: DeskSession) -> Ticket:
        return make_ticket(session, cast.customer.id, team_id=cast.team.id)

    ticket = desk.run(SYSTEM, make)
    everything = queries.inbox(Actor.agent(cast.agent.id), TicketFilter(), Place())
    stranger = Actor.agent(cast.other_agent.id, teams=frozenset({cast.other_team.id}))
    seen = await desk.arows(Actor.agent(cast.agent.id), (everything, {}))
    hidden = await desk.arows(stranger, (everything, {}))
    assert seen is not None
    assert ticket.id in [row["id"] for row in seen[0]]
    assert hidden == [[]]


async def test_who_sees_some_teams_goes_the_short_way_too(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id, team_id=cast.team.id)
    for teams, seen in (({cast.team.id, cast.other_team.id}, 1), ({cast.other_team.id}, 0)):
        actor = Actor.agent(cast.other_agent.id, teams=frozenset(teams))
        found = await desk.arows(actor, (ticket_row(actor), {NUMBER: ticket.ticket_number}), by_key=True)
        assert found is not None
        assert len(found[0]) == seen


async def test_a_connection_that_ended_is_noticed_by_nobody(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    for path in (f"tickets/{number}", "tickets"):
        assert (await agent.get(path)).status_code == 200
        async with desk.async_engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        driver.terminate()
        assert (await agent.get(path)).status_code == 200


async def test_what_is_missing_is_not_found(agent: httpx.AsyncClient) -> None:
    assert (await agent.get("tickets/none?include=comments")).status_code == 404


async def test_an_actor_with_a_quote_is_not_sent() -> None:
    with pytest.raises(ValueError, match="literal"):
        begin_as(Actor.system("x', true); DROP TABLE ombud.tickets; --"), 5, by_key=True)
    assert begin_as(Actor.agent(7), 5, by_key=False).startswith("BEGIN READ ONLY; SELECT set_config(")
