"""What is the caller's alone: preferences, drafts, having read; the same as on the pages."""

import httpx
import pytest
from sqlalchemy import select

from ombud import Actor, Desk
from ombud.models import TicketRead
from ombud.testing import Cast, counted, make_ticket
from ombud.tickets import save_draft
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


async def test_a_theme_is_ones_own(agent: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    first = {"theme": "system", "new_browser_letters": True}
    assert (await agent.get("me/preferences")).json() == first
    assert (await agent.patch("me/preferences", json={"theme": "dark"})).json() == {**first, "theme": "dark"}
    quiet = await agent.patch("me/preferences", json={"new_browser_letters": False})
    assert quiet.json() == {"theme": "dark", "new_browser_letters": False}
    assert (await agent.patch("me/preferences", json={})).json() == quiet.json()
    assert (await admin.get("me/preferences")).json() == first
    for wrong in ({"theme": "pink"}, {"sidebar": "folded"}, {"new_browser_letters": "no"}):
        refused = await agent.patch("me/preferences", json=wrong)
        assert refused.status_code == 422, refused.text


async def test_a_draft_is_kept_once_and_for_its_author(
    agent: httpx.AsyncClient, admin: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    address = f"tickets/{desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number}/draft"
    nothing = {"content": "", "is_internal": False, "updated_at": None}
    assert (await agent.get(address)).json() == nothing
    with counted() as log:
        kept = (await agent.put(address, json={"content": "Have you tried"})).json()
    assert len(log) <= 7, str(log)
    assert (kept["content"], kept["is_internal"]) == ("Have you tried", False)
    await agent.put(address, json={"content": "He has", "is_internal": True})
    found = (await agent.get(address)).json()
    assert (found["content"], found["is_internal"]) == ("He has", True)
    assert (await admin.get(address)).json() == nothing
    for wrong in ({"content": " "}, {"content": "x" * 200_001}, {"words": "x"}, {}):
        assert (await agent.put(address, json=wrong)).status_code == 422, wrong
    for _ in range(2):
        assert (await agent.delete(address)).status_code == 204
    assert (await agent.get(address)).json() == nothing


async def test_what_a_page_keeps_is_found(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    """Both kinds, as a reply that was taken back leaves them beside a note: the newer one is shown."""
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    for words, is_note in (("A note", True), ("A reply", False)):
        desk.run(cast.agent.actor, save_draft, ticket.id, words, is_internal=is_note)
    assert (await agent.get(f"tickets/{ticket.ticket_number}/draft")).json()["content"] == "A reply"


async def test_customers_keep_replies_to_their_own_tickets_only(
    caller: Caller, desk: Desk, cast: Cast
) -> None:
    address = f"tickets/{desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number}/draft"
    customer, stranger = caller(cast.customer), caller(cast.other_customer)
    assert (await customer.put(address, json={"content": "It still burns"})).status_code == 200
    assert (await customer.put(address, json={"content": "x", "is_internal": True})).status_code == 403
    assert (await customer.get(address)).json()["content"] == "It still burns"
    for answer in (
        await stranger.get(address),
        await stranger.put(address, json={"content": "x"}),
        await stranger.delete(address),
    ):
        assert answer.status_code == 404


async def test_what_was_read_is_remembered(caller: Caller, desk: Desk, cast: Cast) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    for who, code in ((cast.agent, 204), (cast.customer, 204), (cast.other_customer, 404)):
        assert (await caller(who).post(f"tickets/{number}/reading")).status_code == code
    with desk.read(SYSTEM) as session:
        readers = set(session.scalars(select(TicketRead.user_id)))
    assert readers == {cast.agent.id, cast.customer.id}
