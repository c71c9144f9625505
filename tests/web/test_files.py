"""Files of messages: taken off, told of, brought back; and by whom."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio
from sqlalchemy.orm import Session

from ombud.db.desk import Desk
from ombud.models import Attachment, Ticket
from ombud.testing import Cast, make_ticket, stored_file
from ombud.tickets import attach_file, note, reply
from tests.web.hosting import Browser, htmx

pytestmark = pytest.mark.asyncio

REMOVAL = r'action="(/tickets/[^"]+/attachments/(\d+)/removal[^"]*)"'


@pytest_asyncio.fixture
async def ticket(desk: Desk, cast: Cast) -> Ticket:
    """A ticket with a file of its customer's, and one in a note."""
    made = await desk.arun(cast.admin.in_new_request(), lambda s: make_ticket(s, cast.customer.id))

    def work(session: Session) -> Attachment:
        return attach_file(session, made.id, stored_file("<b>passport</b>.png"))

    await desk.arun(cast.customer.in_new_request(), work)
    files = [stored_file("for-us.txt")]
    await desk.arun(cast.agent.in_new_request(), lambda s: note(s, made.id, "See this.", files=files))
    return made


async def test_a_file_is_taken_off_and_brought_back_from_its_line(
    web: Browser, cast: Cast, desk: Desk, ticket: Ticket
) -> None:
    await web.sign_in(cast.agent)
    here = f"/tickets/{ticket.ticket_number}?view=mine"
    page = (await web.get(here)).text
    (href, key), _note = re.findall(REMOVAL, page)
    assert "Remove &lt;b&gt;passport&lt;/b&gt;.png" in page
    removed = await web.post(href)
    assert (removed.status_code, removed.headers["location"]) == (303, here)
    page = (await web.get(here)).text
    assert f"/attachments/{key}" not in page
    told = re.search(
        r'removed the file <b><bdi>&lt;b&gt;passport.*?name="request" value="([^"]+)"', page, re.DOTALL
    )
    assert told
    history = (await web.get(f"/tickets/{ticket.ticket_number}/history")).text
    assert "removed a file" in history
    assert (await web.get(f"/attachments/{key}")).status_code == 404
    back = await web.post("/undo", {"request": told[1]}, headers={"Referer": f"http://desk.example{here}"})
    assert (back.status_code, back.headers["location"]) == (303, here)
    page = (await web.get(here)).text
    assert f'href="/attachments/{key}"' in page
    assert "removed the file" not in page


async def test_a_script_gets_the_page_anew_with_a_way_back(web: Browser, cast: Cast, ticket: Ticket) -> None:
    await web.sign_in(cast.agent)
    (href, _key), _note = re.findall(REMOVAL, (await web.get(f"/tickets/{ticket.ticket_number}")).text)
    answer = (await web.post(href, headers=htmx())).text
    assert "passport&lt;/b&gt;.png is removed." in answer
    assert 'id="composer"' not in answer
    request = re.findall(r'name="request" value="([^"]+)"', answer)[-1]
    undone = (await web.post("/undo", {"request": request}, headers=htmx())).text
    assert "The file is back. To remove it again, press the cross beside it." in undone
    assert "data-key" not in undone, "taking the file off again is a decision of its own"
    again = await web.post(href, headers=htmx())
    assert again.status_code == 200
    assert (await web.post(href, headers=htmx())).status_code == 404


async def test_who_may_not_change_tickets_has_no_button_and_no_way(
    web: Browser, cast: Cast, desk: Desk, ticket: Ticket
) -> None:
    here = f"/tickets/{ticket.ticket_number}"
    other = await desk.arun(cast.admin.in_new_request(), lambda s: make_ticket(s, cast.customer.id))
    await desk.arun(
        cast.agent.in_new_request(), lambda s: reply(s, ticket.id, "Here.", files=[stored_file("how-to.pdf")])
    )
    await web.sign_in(cast.agent)
    *_, (href, _key) = re.findall(REMOVAL, (await web.get(here)).text)
    wrong = href.replace(ticket.ticket_number, other.ticket_number)
    assert (await web.post(wrong)).status_code == 404
    for who in (cast.light_agent, cast.customer):
        await web.post("/sign-out")
        await web.sign_in(who)
        page = (await web.get(here)).text
        assert "how-to.pdf" in page
        assert "/removal" not in page
        assert (await web.post(href)).status_code == 403
