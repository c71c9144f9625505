"""Events over HTTP: what comes, to whom, in a list that goes on and in a stream that can be taken up again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from ombud import Actor, Desk, DeskSession
from ombud.api.events import STREAMS_EACH
from ombud.kit.cursor import encode_cursor
from ombud.models import ApiToken, TicketPriority, TicketStatus, UserRole
from ombud.people.accounts import revoke_token
from ombud.people.actions import change_user, deactivate_user
from ombud.people.queries import tokens_of
from ombud.runtime import Runtime
from ombud.testing import Cast, counted, make_comment, make_ticket
from ombud.tickets import bulk_update_ticket_status, change_ticket
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


async def here(client: httpx.AsyncClient) -> str:
    answer = (await client.get("events")).json()
    assert answer["items"] == []
    found: str = answer["next_cursor"]
    return found


async def test_a_list_goes_on_where_it_ended(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    cursor = await here(agent)
    async with desk.abegin(cast.agent.actor) as session:
        ticket = await session.run_sync(make_ticket, cast.customer.id, title="Lamp")
        await session.run_sync(make_comment, ticket, cast.agent.id, "Secret words")
    await desk.arun(
        cast.agent.actor.for_request("r"), bulk_update_ticket_status, [ticket.id], TicketStatus.RESOLVED
    )
    with counted() as log:
        answer = await agent.get("events", params={"cursor": cursor})
    assert len(log) <= 6, str(log)
    told = answer.json()
    assert [one["type"] for one in told["items"]] == [
        "ticket.created", "ticket.commented", "ticket.status_changed",
    ]  # fmt: skip
    assert {one["number"] for one in told["items"]} == {ticket.ticket_number}
    assert told["items"][2]["changes"] == {"status": ["open", "resolved"]}
    assert told["items"][2]["actor"] == cast.agent.actor.label
    assert "Secret" not in answer.text
    assert told["is_more"] is False
    again = (await agent.get("events", params={"cursor": told["next_cursor"]})).json()
    assert again["items"] == []


async def test_everybody_hears_of_what_they_see(
    caller: Caller, customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    everything, team = caller(cast.agent), caller(cast.team_agent)
    first, second = await here(everything), await here(team)

    def make(session: DeskSession) -> list[int]:
        return [
            make_ticket(session, cast.customer.id, team_id=one.id).id for one in (cast.team, cast.other_team)
        ]

    made = await desk.arun(SYSTEM, make)
    told = (await everything.get("events", params={"cursor": first})).json()["items"]
    assert [one["ticket_id"] for one in told] == made
    told = (await team.get("events", params={"cursor": second})).json()["items"]
    assert [one["ticket_id"] for one in told] == made[:1]
    assert (await customer.get("events")).status_code == 403


async def test_a_list_of_some_types_and_tickets(
    agent: httpx.AsyncClient, caller: Caller, desk: Desk, cast: Cast
) -> None:
    cursor = await here(agent)
    one, other = [
        await desk.arun(SYSTEM, make_ticket, cast.customer.id, team_id=team.id)
        for team in (cast.team, cast.other_team)
    ]
    for ticket in (one, other):
        await desk.arun(SYSTEM, change_ticket, ticket.id, {"priority": TicketPriority.HIGH})
    choices: dict[str, list[tuple[str, int]]] = {
        "type=ticket.updated": [("ticket.updated", one.id), ("ticket.updated", other.id)],
        f"ticket={one.ticket_number}": [("ticket.created", one.id), ("ticket.updated", one.id)],
        f"ticket={one.ticket_number}&ticket={other.ticket_number}&type=ticket.created": [
            ("ticket.created", one.id),
            ("ticket.created", other.id),
        ],
        f"type=ticket.deleted&type=ticket.updated&ticket={other.ticket_number}": [
            ("ticket.updated", other.id)
        ],
        "type=ticket.deleted": [],
    }
    for choice, expected in choices.items():
        told = (await agent.get(f"events?cursor={cursor}&{choice}")).json()
        assert [(event["type"], event["ticket_id"]) for event in told["items"]] == expected, choice
        later = (await agent.get(f"events?cursor={told['next_cursor']}")).json()
        assert later["items"] == [], "the cursor is behind what was left out, too"
    for wrong in ("ticket.renamed", "webhook.test", ""):
        refused = await agent.get(f"events?type={wrong}")
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "type")
    unseen, missing = [
        await caller(cast.team_agent).get(f"events?ticket={number}")
        for number in (other.ticket_number, "9999")
    ]
    assert (unseen.status_code, missing.status_code) == (404, 404)
    assert {**unseen.json(), "instance": ""} == {**missing.json(), "instance": ""}


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        encode_cursor("events", ("", "", 0)),
        encode_cursor("events", ("9:1:", "", 0)),
        encode_cursor("events", ("1:9:9", "", 0)),
        encode_cursor("events", ("1:9:4,4", "", 0)),
        encode_cursor("events", ("1:9:", "1;2", 0)),
        encode_cursor("events", ("1:9:", "", -1)),
        encode_cursor("events", ("1:9999999999999999999:", "", 0)),
        encode_cursor("tickets", ("1:9:", "", 0)),
    ],
)
async def test_no_other_cursor_is_taken(agent: httpx.AsyncClient, cursor: str) -> None:
    refused = await agent.get("events", params={"cursor": cursor})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "cursor"


async def test_a_cursor_of_a_server_that_counted_further_begins_now(agent: httpx.AsyncClient) -> None:
    ahead = encode_cursor("events", ("999999999:999999999:", "", 0))
    answer = await agent.get("events", params={"cursor": ahead})
    assert answer.json()["items"] == []
    assert answer.json()["next_cursor"] != ahead


class Streams:
    """Opens streams on an application without a server: what it sends is read as it comes."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    @asynccontextmanager
    async def open(self, token: str, last: str = "", query: str = "") -> AsyncIterator["Stream"]:
        sent: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        left = asyncio.Event()

        async def receive() -> dict[str, object]:
            await left.wait()
            return {"type": "http.disconnect"}

        headers = [
            (b"host", b"desk.example"),
            (b"accept", b"text/event-stream"),
            (b"authorization", f"Bearer {token}".encode()),
        ]
        if last:
            headers.append((b"last-event-id", last.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/api/v1/events", "raw_path": b"/api/v1/events", "query_string": query.encode(), "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("desk.example", 80), "state": {},
        }  # fmt: skip
        task = asyncio.ensure_future(self.app(scope, receive, sent.put))  # type: ignore[arg-type]
        begun = await asyncio.wait_for(sent.get(), 10)
        try:
            yield Stream(int(str(begun["status"])), sent, task)
        finally:
            left.set()
            await asyncio.wait_for(task, 10)


class Stream:
    def __init__(
        self, status: int, sent: "asyncio.Queue[dict[str, object]]", task: "asyncio.Future[None]"
    ) -> None:
        self.status, self._sent, self._task = status, sent, task

    async def event(self) -> tuple[str, str, dict[str, object]]:
        """Return id, type and data of the next event."""
        while True:
            message = await asyncio.wait_for(self._sent.get(), 10)
            assert message.get("more_body"), "the stream has ended"
            lines = bytes(message["body"]).decode().split("\n")  # type: ignore[call-overload]
            found = dict(line.partition(": ")[::2] for line in lines if line)
            if "data" in found:
                return found["id"], found["event"], json.loads(found["data"])

    async def end(self) -> None:
        """Wait until the stream ends by itself."""
        await asyncio.wait_for(asyncio.shield(self._task), 10)


@pytest_asyncio.fixture
async def streams(app: FastAPI, runtime: Runtime) -> AsyncIterator[Streams]:
    await runtime.live.start()
    yield Streams(app)
    await runtime.live.stop()


async def test_a_stream_is_taken_up_where_it_broke_off(streams: Streams, desk: Desk, cast: Cast) -> None:
    async with streams.open(cast.agent.token) as stream:
        assert stream.status == 200
        ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
        last, kind, told = await stream.event()
        assert (kind, told["number"]) == ("ticket.created", ticket.ticket_number)
    await desk.arun(SYSTEM, change_ticket, ticket.id, {"priority": TicketPriority.HIGH})
    await desk.arun(SYSTEM, change_ticket, ticket.id, {"priority": TicketPriority.LOW})
    async with streams.open(cast.agent.token, last) as stream:
        heard = [(await stream.event())[2]["changes"] for _ in range(2)]
    assert heard == [{"priority": ["medium", "high"]}, {"priority": ["high", "low"]}]


async def test_a_stream_of_some_types_and_tickets_is_taken_up_too(
    streams: Streams, desk: Desk, cast: Cast
) -> None:
    one, other = [await desk.arun(SYSTEM, make_ticket, cast.customer.id) for _ in range(2)]
    query = f"type=ticket.updated&ticket={one.ticket_number}"

    async def change(*changes: tuple[int, str]) -> None:
        for ticket_id, priority in changes:
            await desk.arun(SYSTEM, change_ticket, ticket_id, {"priority": TicketPriority(priority)})

    async with streams.open(cast.agent.token, query=query) as stream:
        await change((other.id, "high"), (one.id, "high"))
        last, kind, told = await stream.event()
        assert (kind, told["number"]) == ("ticket.updated", one.ticket_number)
    await desk.arun(SYSTEM, bulk_update_ticket_status, [one.id, other.id], TicketStatus.RESOLVED)
    await change((other.id, "low"), (one.id, "low"))
    async with streams.open(cast.agent.token, last, query) as stream:
        _id, _kind, told = await stream.event()
        assert (told["number"], told["changes"]) == (one.ticket_number, {"priority": ["high", "low"]})
    for wrong, status in (("type=x", 422), ("ticket=9999", 404), ("fields=type", 422)):
        async with streams.open(cast.agent.token, query=wrong) as refused:
            assert refused.status == status, wrong


LOSSES: dict[str, Callable[[Session, int], object]] = {
    "let go": deactivate_user,
    "a customer now": lambda session, person: change_user(session, person, {"role": UserRole.CUSTOMER}),
    "token": lambda session, person: revoke_token(session, session.scalars(tokens_of(person)).one().id),
    "its time": lambda session, person: session.execute(
        update(ApiToken).where(ApiToken.user_id == person).values(expires_at=func.now())
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_stream_ends_with_the_rights(streams: Streams, desk: Desk, cast: Cast, loss: str) -> None:
    async with streams.open(cast.agent.token) as stream:
        await desk.arun(cast.admin.in_new_request(), LOSSES[loss], cast.agent.id)
        await stream.end()


async def test_a_stream_tells_no_more_of_what_is_not_seen_any_more(
    streams: Streams, desk: Desk, cast: Cast
) -> None:
    """T39: as soon as somebody sees some teams only, or is in one no more, and not with the next stream."""
    hidden = await desk.arun(SYSTEM, make_ticket, cast.customer.id, team_id=cast.other_team.id)
    seen = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    async with streams.open(cast.agent.token) as stream:
        await desk.arun(SYSTEM, change_ticket, hidden.id, {"priority": TicketPriority.HIGH})
        assert (await stream.event())[2]["number"] == hidden.ticket_number
        await desk.arun(cast.admin.in_new_request(), change_user, cast.agent.id, {"sees_all_teams": False})
        for ticket in (hidden, seen):
            await desk.arun(SYSTEM, change_ticket, ticket.id, {"priority": TicketPriority.LOW})
        assert (await stream.event())[2]["number"] == seen.ticket_number


async def test_one_person_has_so_many_streams(streams: Streams, cast: Cast) -> None:
    async with streams.open(cast.agent.token):
        streams.app.routes[-1].app.state.streams[cast.agent.actor.label] += STREAMS_EACH - 1  # type: ignore[attr-defined]
        async with streams.open(cast.agent.token) as refused:
            assert refused.status == 429
        async with streams.open(cast.admin.token) as other:
            assert other.status == 200
