"""Two windows: what one does the other sees within a second, and nothing typed is lost or overwritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Route, expect
from sqlalchemy import select

from ombud.models import Ticket
from ombud.testing import make_comment, make_ticket
from ombud.tickets import set_priority
from tests.web.browser.conftest import Site

SECOND = 5000
"""As it feels on a machine that does nothing else; four more where the rest of the suite runs beside it."""


def test_a_reply_appears_in_the_other_window_and_what_is_typed_there_stays(site: Site) -> None:
    one = site.ticket(site.window(site.cast.agent))
    other = site.ticket(site.window(site.cast.other_agent))
    other.get_by_label("Message", exact=True).fill("I was just writing")
    other.locator("#details summary[title^='Tags']").click()
    one.get_by_label("Message", exact=True).fill("Quicker than you")
    one.get_by_label("Message", exact=True).press("Control+Enter")
    expect(one.locator(".timeline")).to_contain_text("Quicker than you")
    expect(other.locator(".timeline")).to_contain_text("Quicker than you", timeout=SECOND)
    expect(other.get_by_label("Message", exact=True)).to_have_value("I was just writing")
    expect(other.locator("#details .menu[open]")).to_contain_text("billing")


def test_lists_and_counters_follow_whatever_program_writes(site: Site, act: Callable[..., Any]) -> None:
    page = site.window(site.cast.agent)
    with page.expect_response("**/live"):
        page.goto(f"{site.url}/tickets?view=open")
    expect(page.locator(".nav-item", has_text="All open")).to_contain_text("1")
    page.locator(".row-check").first.check(force=True)
    act(site.cast.other_agent, lambda s: make_ticket(s, site.cast.customer.id, title="Fresh rain").id)
    expect(page.get_by_role("link", name="Fresh rain")).to_be_visible(timeout=SECOND)
    expect(page.locator(".nav-item", has_text="All open")).to_contain_text("2", timeout=SECOND)
    expect(page.get_by_text("1 selected")).to_be_visible()


def test_the_second_of_two_is_told_and_decides(site: Site, act: Callable[..., Any]) -> None:
    page = site.ticket(site.window(site.cast.agent))
    page.locator("#details summary[title^='Priority']").click()
    # The page must not hear of it before the visitor chooses.
    page.route("**/live?**", lambda route: route.fulfill(status=204))
    ticket_id = act(
        site.cast.admin, lambda s: s.scalar(select(Ticket.id).where(Ticket.ticket_number == site.number))
    )
    act(site.cast.other_agent, set_priority, ticket_id, "low")
    page.locator("#details").get_by_role("button", name="Urgent").click()
    told = page.locator("#details [role=alert]")
    expect(told).to_contain_text("Bert Agent set this to Low meanwhile. Nothing was overwritten.")
    site.forgive("409")
    told.get_by_role("button", name="Set to Urgent").click()
    expect(page.locator("#details .detail", has_text="Priority").locator("summary")).to_contain_text("Urgent")


def test_a_customer_hears_nothing_of_notes_and_of_others(site: Site, act: Callable[..., Any]) -> None:
    page = site.ticket(site.window(site.cast.customer))
    act(site.cast.agent, lambda s: make_ticket(s, site.cast.other_customer.id, title="Not yours").id)

    def answer(session: Any) -> None:
        ticket = session.scalars(select(Ticket).where(Ticket.ticket_number == site.number)).one()
        make_comment(session, ticket, site.cast.agent.id, "between us", is_internal=True)
        make_comment(session, ticket, site.cast.agent.id, "for everybody")

    act(site.cast.agent, answer)
    expect(page.locator(".timeline")).to_contain_text("for everybody", timeout=SECOND)
    expect(page.locator("body")).not_to_contain_text("between us")
    expect(page.locator("body")).not_to_contain_text("Not yours")


def test_signing_out_in_one_tab_ends_the_others_stream(site: Site) -> None:
    page = site.ticket(site.window(site.cast.agent))
    tab = page.context.new_page()
    tab.goto(f"{site.url}/tickets?view=all")
    tab.locator(".side-foot summary").click()
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/sign-in")
    page.wait_for_url("**/sign-in?next=**", timeout=3 * SECOND)


def test_what_is_sent_while_the_page_catches_up_is_sent(site: Site) -> None:
    """Catching up waits for catching up alone: htmx drops a queued request for a later one of the same queue."""
    page = site.ticket(site.window(site.cast.agent))
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.route("**/live?**", hold)
    catch_up = "document.body.dispatchEvent(new Event('tickets-changed'))"
    with page.expect_request("**/live?**"):
        page.evaluate(catch_up)
    page.get_by_label("Message", exact=True).fill("Not to be lost")
    page.get_by_label("Message", exact=True).press("Control+Enter")
    page.evaluate(catch_up)
    expect(page.locator(".timeline")).to_contain_text("Not to be lost")
    held[0].continue_()
    expect(page.locator(".timeline")).to_contain_text("Not to be lost")


def test_the_way_back_shows_nothing_after_signing_out(site: Site) -> None:
    """T87: neither Chromium's memory of pages nor htmx's shows what was read."""
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/tickets?view=all")
    page.get_by_role(
        "link", name="Card reader says E-1042"
    ).click()  # swapped in by htmx, with an entry of the history
    expect(page.get_by_role("heading", level=1, name="Card reader says E-1042")).to_be_visible()
    page.goto(f"{site.url}/tickets/{site.number}/history")
    page.locator(".side-foot summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    for step in range(4):
        page.go_back()
        page.wait_for_load_state()
        expect(page.get_by_label("Password")).to_be_visible()
        assert "E-1042" not in page.content(), step
    assert "E-1042" not in page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
