"""Comments over the API: told as they are read, by few statements."""

import httpx
import pytest

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import TicketParticipant
from ombud.testing import Cast, make_ticket
from ombud.tickets import soft_delete_ticket

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
BUDGET = 7


async def test_a_reply_is_told_as_it_is_read_by_few_statements(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    path = f"tickets/{ticket.ticket_number}/comments"
    await agent.get("me")
    for body in (
        {"content": "Here it is: **invoice.pdf**", "status_after": "waiting_on_customer"},
        {"content": "Between us", "is_internal": True},
    ):
        with counted() as statements:
            said = await agent.post(path, json=body)
        assert said.status_code == 201, said.text
        assert len(statements) <= BUDGET, str(statements)
        assert (await agent.get(f"{path}/{said.json()['id']}")).text == said.text


async def test_nothing_is_said_where_there_is_no_ticket_any_more(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    def gone(session: DeskSession) -> str:
        ticket = make_ticket(session, cast.customer.id)
        soft_delete_ticket(session, ticket.id)
        return ticket.ticket_number

    number = desk.run(SYSTEM, gone)
    for where, status in ((number, 409), ("none", 404)):
        said = await agent.post(f"tickets/{where}/comments", json={"content": "Hello?"})
        assert said.status_code == status, said.text


async def test_a_customers_reply_gives_no_verdict_but_on_their_own_ticket(
    customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    """What a change of the ticket refuses, its reply refuses: no way around by `status_after`."""

    def follow(session: DeskSession) -> tuple[str, str]:
        own, followed = make_ticket(session, cast.customer.id), make_ticket(session, cast.other_customer.id)
        session.add(TicketParticipant(ticket_id=followed.id, user_id=cast.customer.id))
        return own.ticket_number, followed.ticket_number

    own, followed = desk.run(SYSTEM, follow)
    for number, status, answer in (
        (own, "closed", 403),
        (own, "waiting_on_customer", 403),
        (followed, "closed", 403),
        (followed, "resolved", 403),
        (own, "resolved", 201),
    ):
        body = {"content": "Thanks.", "status_after": status}
        said = await customer.post(f"tickets/{number}/comments", json=body)
        assert said.status_code == answer, (number, status, said.text)
    assert (await customer.get(f"tickets/{own}")).json()["status"] == "resolved"
    assert (await customer.get(f"tickets/{followed}")).json()["status"] == "open"
    assert (await customer.get(f"tickets/{followed}/comments")).json()["items"] == []


async def test_nobody_says_what_nobody_can_see(
    agent: httpx.AsyncClient, customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    path = f"tickets/{desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number}/comments"
    for caller, more in ((agent, {}), (agent, {"is_internal": True}), (customer, {})):
        refused = await caller.post(path, json={"content": "\u200b \u2060", **more})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/content")
    assert (await agent.get(path)).json()["items"] == []
