"""Merging tickets on pages: choosing, the preview, what comes of it, and the way back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import Ticket
from ombud.testing import Cast, make_comment, make_ticket, stored_file
from ombud.tickets import soft_delete_ticket
from tests.web.hosting import Browser, htmx

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
HERE = "/tickets/merge"


async def make(desk: Desk, cast: Cast) -> list[str]:
    """Numbers of two tickets of a customer, one of another, and one that only the other team sees."""

    def act(session: Session) -> list[str]:
        one = make_ticket(session, cast.customer.id, title="Printer is on fire", description="It burns.")
        two = make_ticket(
            session,
            cast.customer.id,
            title="Printer still on fire",
            description="It burns more.",
            files=[stored_file("fire.png")],
        )
        make_comment(session, two, cast.customer.id, "help")
        make_comment(session, two, cast.agent.id, "only-for-colleagues", is_internal=True)
        three = make_ticket(session, cast.other_customer.id, title="A foreign fire", description="Mine.")
        four = make_ticket(session, cast.customer.id, title="Hidden", team_id=cast.other_team.id)
        return [ticket.ticket_number for ticket in (one, two, three, four)]

    return await desk.arun(SYSTEM, act)


async def into_of(desk: Desk, number: str) -> str | None:
    def read(session: Session) -> str | None:
        found = session.query(Ticket).filter_by(ticket_number=number).one()
        into = found.merged_into_id
        return session.get_one(Ticket, into).ticket_number if into is not None else None

    async with desk.aread(SYSTEM, fresh=True) as session:
        return await session.run_sync(read)


async def test_one_ticket_goes_on_in_another_and_back(web: Browser, cast: Cast, desk: Desk) -> None:
    one, two, three, four = await make(desk, cast)
    await web.sign_in(cast.agent)
    assert f'href="{HERE}?ticket={two}"' in (await web.get(f"/tickets/{two}")).text
    with counted() as statements:
        picker = (await web.get(f"{HERE}?ticket={two}")).text
    assert len(statements) <= 12
    assert f"{HERE}?ticket={two}&amp;into={one}" in picker, "the requester's others are offered"
    assert three not in picker
    assert f"into={three}" in (await web.get(f"{HERE}?ticket={two}&q=foreign")).text
    preview = (await web.get(f"{HERE}?ticket={two}&into={one}")).text
    assert "1 message, 1 note, 1 file" in preview
    assert 'name="follow"' not in preview
    done = await web.post(HERE, {"ticket": two, "into": one})
    assert done.status_code == 303, done.text
    with counted() as statements:
        target = (await web.get(done.headers["location"])).text
    assert len(statements) <= 13
    assert re.search(rf"Opened <a href=\"/tickets/{two}\">.*?It burns more\.", target, re.DOTALL)
    assert "fire.png" in target
    stub = (await web.get(f"/tickets/{two}")).text
    assert f'href="/tickets/{one}" data-goes-on>Go to {one}' in stub
    assert f"merged into {one} by Agnes Agent just now." in stub
    assert 'id="composer"' not in stub
    assert f"{HERE}?ticket={two}" not in stub
    again = await web.post(HERE, {"ticket": two, "into": four})
    assert (again.status_code, "was merged already" in again.text) == (409, True)
    request = re.search(r'name="request" value="([^"]+)"', target)
    assert request is not None
    assert f'name="request" value="{request[1]}"' in stub
    here = {"Referer": f"http://desk.example/tickets/{two}"}
    undone = await web.post("/undo", {"request": request[1]}, headers=here)
    assert (undone.status_code, undone.headers["location"]) == (303, f"/tickets/{two}")
    assert 'id="composer"' in (await web.get(f"/tickets/{two}")).text
    assert await into_of(desk, two) is None
    web.client.cookies.clear()
    await web.sign_in(cast.customer)
    assert "only-for-colleagues" not in (await web.get(f"/tickets/{one}")).text


async def test_another_customers_ticket_asks_what_they_may_read(web: Browser, cast: Cast, desk: Desk) -> None:
    one, _, three, _ = await make(desk, cast)
    await web.sign_in(cast.agent)
    preview = (await web.get(f"{HERE}?ticket={three}&into={one}")).text
    assert 'name="follow" value="yes" required' in preview
    refused = await web.post(HERE, {"ticket": three, "into": one})
    assert (refused.status_code, await into_of(desk, three)) == (409, None)
    assert (await web.post(HERE, {"ticket": three, "into": one, "follow": "no"})).status_code == 303
    web.client.cookies.clear()
    await web.sign_in(cast.other_customer)
    own = (await web.get(f"/tickets/{three}")).text
    assert "merged into another one" in own
    assert one not in own.replace(three, "")
    assert (await web.get(f"/tickets/{one}")).status_code == 404
    web.client.cookies.clear()
    await web.sign_in(cast.customer)
    assert "Mine." not in (await web.get(f"/tickets/{one}")).text, "the other's opening words stay theirs"


async def test_several_are_chosen_in_the_list(web: Browser, cast: Cast, desk: Desk) -> None:
    one, two, _, four = await make(desk, cast)
    await web.sign_in(cast.agent)
    assert 'name="merge"' in (await web.get("/tickets?view=all")).text
    form = {"ticket": [one, two, four], "merge": "yes"}
    for headers, header in (({}, "location"), (htmx(), "hx-redirect")):
        sent = await web.post("/tickets/bulk", form, headers=headers)
        assert sent.headers[header] == f"{HERE}?ticket={one}&ticket={two}&ticket={four}"
    chosen = (await web.get(f"{HERE}?ticket={one}&ticket={two}&ticket={four}")).text
    assert f"{HERE}?ticket={two}&amp;ticket={four}&amp;into={one}" in chosen
    assert (await web.post(HERE, {"ticket": [two, four], "into": one})).status_code == 303
    assert [await into_of(desk, number) for number in (one, two, four)] == [None, one, one]


async def test_what_cannot_be_merged_is_said(web: Browser, cast: Cast, desk: Desk) -> None:
    one, two, _, four = await make(desk, cast)
    await desk.arun(
        SYSTEM,
        lambda session: soft_delete_ticket(
            session, session.query(Ticket).filter_by(ticket_number=two).one().id
        ),
    )
    await web.sign_in(cast.team_agent)
    assert (await web.get(f"{HERE}?ticket={one}&into={four}")).status_code == 404, "not theirs to see"
    assert (await web.post(HERE, {"ticket": four, "into": one})).status_code == 404
    assert "Which tickets?" in (await web.get(f"{HERE}?ticket={four}")).text
    assert "Which tickets?" in (await web.get(f"{HERE}?ticket={two}&into={one}")).text, "deleted"
    assert (await web.post(HERE, {"ticket": two, "into": one})).status_code == 404
    assert (await web.post(HERE, {"ticket": one, "into": one})).status_code == 422
    many = "&".join(f"ticket={number}" for number in range(60))
    assert (await web.get(f"{HERE}?{many}")).status_code == 422
    web.client.cookies.clear()
    await web.sign_in(cast.light_agent)
    assert (await web.get(HERE)).status_code == 403
    assert HERE not in (await web.get(f"/tickets/{one}")).text
    assert (await web.post(HERE, {"ticket": four, "into": one})).status_code == 403
