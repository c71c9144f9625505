"""What somebody is typing outlives what happens meanwhile: the session's end, a colleague's change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from sqlalchemy.orm import Session

from ombud.models import Ticket
from ombud.tickets import change_ticket
from tests.web.browser.conftest import Site


def test_a_reply_outlives_the_session(site: Site) -> None:
    agent = site.cast.agent
    page = site.ticket(site.window(agent))
    page.route("**/draft", lambda route: route.abort())
    page.get_by_label("Message", exact=True).fill("An hour of thought")
    expect(page.locator("[data-saved]")).to_have_text("Not saved yet")
    page.goto("about:blank")
    page.context.clear_cookies()
    page.unroute("**/draft")
    page.goto(f"{site.url}/tickets/{site.number}")
    page.get_by_label("Email").fill(agent.email)
    page.get_by_label("Password").fill(agent.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_label("Message", exact=True)).to_have_value("An hour of thought")
    expect(page.locator("[data-saved]")).to_have_text("Saved")
    assert "An hour" not in page.evaluate("JSON.stringify(sessionStorage)"), "the desk has it now"
    site.forgive("ERR_FAILED")


def test_a_new_ticket_outlives_the_session(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/tickets/new")
    title, text, back = (
        page.get_by_label("Title"),
        page.get_by_label("What is it about?"),
        page.get_by_text("is back"),
    )
    expect(back).to_be_hidden()
    with page.expect_response("**/people?**"):
        page.get_by_label("Customer's email").fill(site.cast.customer.email)
    title.fill("An hour")
    text.fill("Of thought")
    page.get_by_label("Priority").select_option("high")
    page.context.clear_cookies()
    page.get_by_role("button", name="Open the ticket").click()
    page.get_by_label("Email").fill(site.cast.agent.email)
    page.get_by_label("Password").fill(site.cast.agent.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"{site.url}/tickets/new")
    expect(back).to_be_visible()
    expect(text).to_have_value("Of thought")
    page.get_by_role("button", name="Open the ticket").click()
    expect(page.get_by_role("heading", level=1, name="An hour")).to_be_visible()
    assert "#" not in page.url
    assert "Of thought" not in page.evaluate("JSON.stringify(sessionStorage)"), "the desk has it now"
    expect(page.locator("body")).to_contain_text("High")
    page.goto(f"{site.url}/tickets/new")
    title.fill("Another")
    page.reload()
    expect(title).to_have_value("Another")
    page.get_by_role("button", name="Start afresh").click()
    expect(title).to_have_value("")
    page.reload()
    expect(back).to_be_hidden()
    site.forgive("401")  # what asks by itself, after the session's end


def test_a_title_being_typed_does_not_undo_a_colleagues(site: Site, act: Callable[..., Any]) -> None:
    page = site.ticket(site.window(site.cast.agent))
    page.locator(".title-edit > summary").click()
    title = page.get_by_label("Title", exact=True)
    title.fill("Mine")
    page.get_by_label("Message", exact=True).focus()  # what has the focus would keep its words anyway

    def rename(session: Session) -> None:
        found = session.query(Ticket).filter_by(ticket_number=site.number).one()
        change_ticket(session, found.id, {"title": "A colleague's"})

    act(site.cast.other_agent, rename)
    expect(page.locator(".timeline")).to_contain_text("A colleague's")
    expect(title).to_have_value("Mine")
    page.locator(".title-edit").get_by_role("button", name="Save").click()
    expect(page.locator("toast-note")).to_contain_text("Somebody else changed the title")
    expect(page.locator(".title-edit")).not_to_have_attribute("data-told", "")  # the page shows theirs now
    expect(title).to_have_value("Mine")
    page.locator(".title-edit").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1, name="Mine")).to_be_visible()
    site.forgive("409")
