"""axe-core finds nothing on any page, in light and dark, wide and on a phone."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ombud import Actor
from ombud.models import (
    AccountNotice,
    BouncedAddress,
    Mailbox,
    MailSource,
    NoticeKind,
    OutboundMail,
    Ticket,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from ombud.runtime import Runtime
from ombud.tickets import reply
from ombud.worker.intake import open_intake
from tests.mail_desk.conftest import SUPPORT, letter
from tests.web.accessibility import violations
from tests.web.browser.conftest import Site
from tests.web.hosting import plain_pages

SYSTEM = Actor.system("test")
WEBHOOKS = "/settings/webhooks"
PARTS = {"/colleagues", "/counters", "/people"}
"""What scripts ask for to put into a page."""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_no_violation_on_any_page(site: Site, scheme: str, width: int) -> None:
    door = site.window(color_scheme=scheme, width=width)
    door.goto(f"{site.url}/sign-in")
    assert violations(door) == []
    page = site.window(site.cast.agent, color_scheme=scheme, width=width)
    paths = (
        "?view=all",
        "?view=mine",
        "?q=reader",
        f"/{site.number}?view=all",
        f"/{site.number}/history",
        "/new",
        "/search",
    )
    for path in paths:
        page.goto(f"{site.url}/tickets{path}")
        assert violations(page) == [], path
    page.goto(f"{site.url}/tickets/{site.number}?view=all")
    page.locator("#ticket-head summary[title^='Status']").click()
    assert violations(page) == []
    customer = site.window(site.cast.customer, color_scheme=scheme, width=width)
    for path in ("?view=open", f"/{site.number}"):
        customer.goto(f"{site.url}/tickets{path}")
        assert violations(customer) == [], path


@pytest.fixture
def mailed(site: Site, runtime: Runtime) -> list[str]:
    """Let a message come, one be kept back, and a reply go out; return the pages that show them."""
    desk = runtime.desk

    def make(session: Session) -> int:
        box = Mailbox(name="Support", address=SUPPORT, smtp_host="mail.example", team_id=site.cast.team.id)
        session.add(box)
        session.add(
            BouncedAddress(
                email=f"{'long-' * 12}gone@x.example", status="5.1.1", diagnostic="no such user " * 20
            )
        )
        session.flush()
        return box.id

    box = desk.run(SYSTEM, make)
    intake = open_intake(desk, runtime.settings)
    pages = [f"/settings/mailboxes/{box}"]
    for message in (letter("Help", subject="Word " * 40), letter("Help", sender="")):
        received = intake.receive(message.as_bytes(), MailSource.PIPE)
        assert received.mail_id is not None
        intake.decide(received.mail_id)
        pages.append(f"/mail/{received.mail_id}")
    with desk.read(SYSTEM) as session:
        ticket = session.scalars(select(Ticket.id).where(Ticket.ticket_number == site.number)).one()
    with desk.begin(SYSTEM) as session:
        hook = WebhookEndpoint(owner_id=site.cast.agent.id, url="https://hooks.example/" + "x" * 200)
        session.add(hook)
        session.flush()
        session.add(WebhookDelivery(endpoint_id=hook.id, event=WebhookEvent.TEST))
        told = {"kind": NoticeKind.NEW_BROWSER, "detail": "Chrome on " + "x" * 80}
        session.add(AccountNotice(user_id=site.cast.admin.id, **told))
    desk.run(site.cast.agent.in_new_request(), reply, ticket, "We look at it.")
    with desk.read(SYSTEM) as session:
        pages += [f"{WEBHOOKS}/{found}" for found in session.scalars(select(WebhookEndpoint.id))]
        pages += [f"/outbox/{found}" for found in session.scalars(select(OutboundMail.id))]
    return pages


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1440), ("light", 320)])
def test_no_violation_on_pages_of_staff(site: Site, mailed: list[str], scheme: str, width: int) -> None:
    page = site.window(site.cast.admin, color_scheme=scheme, width=width)
    assert len(mailed) >= 4
    for path in [path for path in plain_pages() if path not in PARTS] + mailed:
        page.goto(f"{site.url}{path}")
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
