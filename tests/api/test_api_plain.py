"""The short way of the commonest calls answers like the usual one, by the same rights, and gives way when it fails."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import func, select

from ombud.api.conditional import version_in
from ombud.curation import merge_tickets
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.plain import ANSWER, Links, Seat, prepared
from ombud.db.statements import counted
from ombud.models import ApiToken, Attachment, CustomRole, TeamMember, Ticket, User, UserRole
from ombud.people import queries as people
from ombud.people.actions import add_team_member, change_user, remove_team_member
from ombud.people.roles import change_role, create_role
from ombud.runtime import Runtime
from ombud.testing import Cast, Persona, make_comment, make_ticket
from ombud.tickets import add_tags
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.queries import RARE, Common
from ombud.tickets.queries.plain import found_json, new_ticket, page_json, ticket_json
from tests.api.plainly import Client, audited

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
PATHS = (
    "tickets/{0}",
    "tickets/{0}?include=comments",
    "tickets/{1}?include=comments",
    "tickets/{2}",
    "tickets",
    "tickets?limit=2",
    "tickets?status=open&status=closed&sort=created",
    "tickets?sort=-priority&limit=1",
    "tickets?view=mine",
    "tickets?q=file",
    "tickets?q=customer+status%3Aopen&limit=1",
    "tickets?q=%E2%80%9Cquoted%E2%80%9D+%5C&sort=created",
    "tickets?q=nowhere&view=open",
)
BODY = {
    "title": "  Where is\tmy  invoice? ",
    "description": "“Quoted” \\ <b>\r\nsecond line ",
    "priority": "high",
}


def _filled(session: DeskSession, cast: Cast) -> tuple[str, str, str]:
    """Make a ticket with everything, one with as little as there can be, one that went on in another; their numbers."""
    rich = make_ticket(session, cast.customer.id, assignee_id=cast.agent.id, team_id=cast.team.id)
    add_tags(session, rich.id, ("zeta", "Alpha"))
    comment = make_comment(session, rich, cast.agent.id, "See the file.\n\u2028 “quoted” \\ <b>\x7f\x1f")
    make_comment(session, rich, cast.customer.id, "Thanks", is_internal=False)
    make_comment(session, rich, cast.agent.id, "Between us", is_internal=True)
    for name in ("b.txt", "a.txt"):
        file = Attachment(ticket_id=rich.id, comment_id=comment.id, uploader_id=cast.agent.id, file_name=name)
        file.content_type, file.size, file.checksum, file.storage_key = "text/plain", 3, "0" * 64, "0" * 64
        session.add(file)
    bare = make_ticket(session, cast.customer.id)
    make_comment(session, bare, cast.agent.id, "No file here")
    blank = session.get_one(User, cast.customer.id)
    blank.full_name = "\u3000 Ann\u00a0Lee \t"
    over = make_ticket(session, cast.customer.id)
    merge_tickets(session, [over.id], rich.id)
    session.flush()
    return rich.ticket_number, bare.ticket_number, over.ticket_number


async def test_both_ways_answer_alike(
    agent: httpx.AsyncClient, usual: Client, desk: Desk, cast: Cast
) -> None:
    numbers = desk.run(SYSTEM, _filled, cast)
    other_client = usual(cast.agent)
    await agent.get("me")  # a token is known when its use has been noted and it has come again
    for path in PATHS:
        first = await agent.get(path.format(*numbers))  # a list is known when it has been asked for
        with counted() as short:
            one = await agent.get(path.format(*numbers))
        with counted() as long:
            other = await other_client.get(path.format(*numbers))
        assert first.status_code == one.status_code == other.status_code == 200, path
        assert first.text == one.text == other.text, path
        same = ("content-type", "content-length", "etag", "link", "ratelimit-limit", "cache-control")
        assert [one.headers.get(name) for name in same] == [other.headers.get(name) for name in same], path
        if path == "tickets?q=file":
            snippets = [row["snippet"] for row in one.json()["items"]]
            assert {hit["text"][start:end] for hit in snippets for start, end in hit["marks"]} == {"file"}
        is_rare = path in ("tickets/{0}?include=comments", "tickets/{2}")  # with files, gone on in another
        assert short.statements == [ANSWER] * (1 + (is_rare or "q=" in path)), path
        assert ANSWER not in long.statements
        head = await agent.head(path.format(*numbers))
        assert (head.content, head.headers["content-length"]) == (b"", one.headers["content-length"])


async def test_what_is_common_is_found_as_what_is_rare(desk: Desk, cast: Cast) -> None:
    rich, *_others = desk.run(SYSTEM, _filled, cast)
    seat = await _seat(desk, cast.agent, Actor.agent(cast.agent.id))
    found = [
        await desk.answer(seat, "", (found_json(seat.actor, TicketFilter(), Place(), common),), "see file")
        for common in (RARE, Common(words=True))
    ]
    assert found[0] == found[1]
    assert rich in str(found[0])


@pytest.mark.parametrize("who", ["admin", "team_agent", "light_agent", "customer"])
async def test_everybody_gets_the_same_both_ways(
    who: str, caller: Client, usual: Client, desk: Desk, cast: Cast
) -> None:
    numbers = desk.run(SYSTEM, _filled, cast)
    persona: Persona = getattr(cast, who)
    client, other = caller(persona), usual(persona)
    await client.get("me")
    for path in PATHS:
        answers = [await client.get(path.format(*numbers)) for _ in range(2)]
        expected = await other.get(path.format(*numbers))
        assert [one.status_code for one in answers] == [expected.status_code] * 2, path
        if expected.status_code == 200:
            assert [one.text for one in answers] == [expected.text] * 2, path


async def test_a_ticket_is_opened_alike(
    agent: httpx.AsyncClient, usual: Client, desk: Desk, cast: Cast
) -> None:
    await agent.get("me")
    await agent.get("me")
    with counted() as short:
        one = await agent.post("tickets", json=BODY)
    other = await usual(cast.agent).post("tickets", json=BODY)
    assert one.status_code == other.status_code == 201
    assert short.statements == [ANSWER]
    ours, theirs = one.json(), other.json()
    own = ("id", "number", "created_at", "updated_at", "last_activity_at")
    assert ours | dict.fromkeys(own) == theirs | dict.fromkeys(own)
    assert list(ours) == list(theirs)
    assert one.headers["location"] == f"/api/v1/tickets/{ours['number']}"
    assert version_in(one.headers["etag"]) == version_in(other.headers["etag"]) == 1
    assert (await agent.get(f"tickets/{ours['number']}")).text == one.text
    rows = [desk.run(SYSTEM, audited, answer) for answer in (one, other)]
    assert rows[0]
    assert rows[0] == rows[1]


async def test_a_hook_hears_of_what_would_come_the_short_way(
    agent: httpx.AsyncClient, runtime: Runtime
) -> None:
    seen: list[str] = []
    runtime.desk.on(lambda _session, happened: seen.append(type(happened).__name__))
    await agent.get("me")
    one = await agent.post("tickets", json=BODY)
    two = await agent.post(f"tickets/{one.json()['number']}/comments", json={"content": "Yes."})
    assert (one.status_code, two.status_code) == (201, 201)
    assert seen == ["TicketOpened", "CommentAdded"]


async def test_what_is_wrong_with_a_new_ticket_is_told_as_ever(
    agent: httpx.AsyncClient, caller: Client, cast: Cast
) -> None:
    light, customer = caller(cast.light_agent), caller(cast.customer)
    for client in (agent, light, customer):
        await client.get("me")
        await client.get("me")
    for body, status in (({}, 422), ({"title": " "}, 422), ({"title": "A", "more": 1}, 422)):
        assert (await agent.post("tickets", json=body)).status_code == status
    headers = {"Content-Type": "application/json"}
    assert (await agent.post("tickets", content=b"{", headers=headers)).status_code == 422
    assert (await agent.post("tickets", content=b"x" * (2**20 + 1), headers=headers)).status_code == 413
    assert (await customer.post("tickets", json={"title": "A", "priority": "urgent"})).status_code == 422
    assert (await light.post("tickets", json={"title": "A"})).status_code == 201


async def test_a_right_that_is_taken_away_is_gone_at_once(caller: Client, desk: Desk, cast: Cast) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id, team_id=cast.team.id).ticket_number
    team_agent, light = caller(cast.team_agent), caller(cast.light_agent)
    for client in (team_agent, light):
        await client.get("me")
        for _ in range(2):
            assert (await client.get(f"tickets/{number}")).status_code == 200
            assert (await client.get("tickets")).status_code == 200

    def leave(session: DeskSession) -> None:
        member = session.scalars(select(TeamMember).where(TeamMember.user_id == cast.team_agent.id)).one()
        session.delete(member)

    desk.run(SYSTEM, leave)
    assert (await team_agent.get(f"tickets/{number}")).status_code == 404
    assert number not in (await team_agent.get("tickets")).text

    def revoke(session: DeskSession) -> None:
        token = session.scalars(select(ApiToken).where(ApiToken.user_id == cast.light_agent.id)).one()
        token.revoked_at = func.now()

    desk.run(SYSTEM, revoke)
    for call in (light.get(f"tickets/{number}"), light.get("tickets"), light.post("tickets", json=BODY)):
        assert (await call).status_code == 401


def _narrow(session: DeskSession, cast: Cast) -> None:
    role = create_role(session, name="Answers", permissions=["tickets.reply", "tickets.open"])
    change_user(session, cast.agent.id, {"custom_role_id": role.id})


def _leave(session: DeskSession, cast: Cast) -> None:
    change_user(session, cast.agent.id, {"sees_all_teams": False})
    remove_team_member(session, cast.team.id, cast.agent.id)


LOSSES: dict[str, tuple[Callable[[DeskSession, Cast], object], int]] = {
    "a role that answers not": (
        lambda s, c: change_user(
            s, c.agent.id, {"custom_role_id": create_role(s, name="Mute", permissions=["notes.write"]).id}
        ),
        403,
    ),
    "the role's right": (
        lambda s, c: change_role(s, s.scalars(select(CustomRole.id)).one(), {"permissions": ["notes.write"]}),
        403,
    ),
    "a team that is only read": (
        lambda s, c: add_team_member(s, c.team.id, c.agent.id, reads_only=True),
        403,
    ),
    "a light agent": (lambda s, c: change_user(s, c.agent.id, {"role": UserRole.LIGHT_AGENT}), 403),
    "a customer": (lambda s, c: change_user(s, c.agent.id, {"role": UserRole.CUSTOMER}), 404),
    "no more in the team": (_leave, 404),
    "let go": (lambda s, c: change_user(s, c.agent.id, {"is_active": False}), 401),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_token_that_is_known_does_no_more_than_its_owner_may_now(
    caller: Client, desk: Desk, cast: Cast, loss: str
) -> None:
    """T39: each right, the fine ones too, is gone with the very next call, however warm the token is."""
    await desk.arun(cast.admin.in_new_request(), _narrow, cast)
    number = desk.run(SYSTEM, make_ticket, cast.customer.id, team_id=cast.team.id).ticket_number
    agent = caller(cast.agent)
    for _ in range(3):
        assert (await agent.get(f"tickets/{number}")).status_code == 200
        said = await agent.post(f"tickets/{number}/comments", json={"content": "Yes"})
        assert said.status_code == 201, said.text
    take, status = LOSSES[loss]
    await desk.arun(cast.admin.in_new_request(), take, cast)
    refused = await agent.post(f"tickets/{number}/comments", json={"content": "No"})
    assert refused.status_code == status, refused.text


async def _seat(desk: Desk, who: Persona, actor: Actor) -> Seat:
    """Return a seat of an actor on the token of somebody: only the database stands between them."""
    key_id = who.token.removeprefix("omb_live_").partition("_")[0]
    fields = await desk.arow(people.known_token(), {people.KEY_ID: key_id})
    assert fields is not None
    return Seat.of(key_id, fields["stamp"], actor)


async def test_row_security_holds_on_the_short_way(desk: Desk, cast: Cast) -> None:
    ticket: Ticket = desk.run(SYSTEM, make_ticket, cast.customer.id, team_id=cast.team.id)
    all_seeing = Actor.agent(cast.agent.id)
    everything = page_json(all_seeing, TicketFilter(), Place())
    one = ticket_json(all_seeing, 0)
    for teams, seen in (
        (None, True),
        ({cast.team.id, cast.other_team.id}, True),
        ({cast.other_team.id}, False),
    ):
        actor = Actor.agent(cast.other_agent.id, teams=None if teams is None else frozenset(teams))
        seat = await _seat(desk, cast.other_agent, actor)
        page = await desk.answer(seat, "", (everything,))
        assert page is not None
        assert (ticket.ticket_number in str(page[0])) is seen
        assert (await desk.answer(seat, "", (one,), ticket.ticket_number) is not None) is seen


async def test_the_policy_holds_on_the_short_way(desk: Desk, cast: Cast) -> None:
    ticket: Ticket = desk.run(SYSTEM, make_ticket, cast.customer.id, team_id=cast.team.id)
    seat = await _seat(desk, cast.agent, Actor.agent(cast.agent.id))
    blind = Actor.agent(cast.agent.id, teams=frozenset({cast.other_team.id}))
    assert await desk.answer(seat, "", (ticket_json(blind, 0),), ticket.ticket_number) is None
    page = await desk.answer(seat, "", (page_json(blind, TicketFilter(), Place()),))
    assert page is not None
    assert ticket.ticket_number not in str(page[0])


async def test_what_reads_cannot_write(desk: Desk, cast: Cast) -> None:
    seat = await _seat(desk, cast.agent, Actor.agent(cast.agent.id))
    texts = ("A ticket", "", str(cast.agent.id), "low", "open", "api")
    assert await desk.answer(seat, "", (new_ticket(),), *texts) is None
    assert await desk.answer(seat, "", (new_ticket(),), *texts, does="writes") is not None


async def test_a_connection_that_ended_is_noticed_by_nobody(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    for path in (f"tickets/{number}", "tickets"):
        for _ in range(2):
            assert (await agent.get(path)).status_code == 200
        async with desk.async_engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        driver.terminate()
        assert (await agent.get(path)).status_code == 200


async def test_connections_go_from_one_to_the_next(desk: Desk) -> None:
    links = Links(desk.async_engine, 1)
    first = await links.take()
    second, given_up, third = (asyncio.ensure_future(links.take()) for _ in range(3))
    await asyncio.sleep(0)
    given_up.cancel()
    await links.give(first, is_well=True)
    assert await second is first
    await links.give(first, is_well=False)
    fresh = await third
    assert fresh is not first
    await links.give(fresh, is_well=True)
    with pytest.raises(asyncio.CancelledError):
        await given_up


async def test_what_is_missing_is_not_found(agent: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await agent.get("tickets/none?include=comments")).status_code == 404


async def test_nothing_typed_is_written_into_a_statement(desk: Desk) -> None:
    actor = Actor.agent(7)
    typed = page_json(actor, TicketFilter(tags=("x') OR ('a' = 'a",)), Place())
    with pytest.raises(ValueError, match="cannot be written"):
        prepared(typed, desk.async_engine)
    assert prepared(page_json(actor, TicketFilter(), Place()), desk.async_engine).text.startswith("PREPARE ")
