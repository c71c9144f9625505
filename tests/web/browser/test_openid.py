"""Signing in at a real provider (oidc-provider) in Chromium: a button, the provider's own pages, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.models import UserRole
from ombud.people.openid import ProviderChanges, create_provider
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.worker.hooks import guard_of
from ombud.worker.intake import vault_of
from tests.openid.running import CLIENT_ID, CLIENT_SECRET, provider_running
from tests.web.browser.conftest import Site
from tests.web.chromium import serving
from tests.web.hosting import hosted

ACCOUNTS = {
    "ann": {"email": "ann@people.example", "email_verified": True, "name": "Ann Real"},
    "bob": {"email": "bob@people.example", "email_verified": False},
}


@pytest.fixture
def site(runtime: Runtime, settings: Settings, cast: Cast, chromium: Chromium) -> Iterator[Site]:
    settings = settings.model_copy(update={"internal_hosts": "127.0.0.1"})
    app: Any = hosted(replace(runtime, settings=settings))
    with serving(app) as url:
        back = f"{url}/sign-in/with/real/return"
        with provider_running(
            back, ACCOUNTS, signed_out_uri=f"{url}/sign-in", logout_uri=f"{url}/sign-in/with/real/logout"
        ) as issuer:
            changes: ProviderChanges = {
                "slug": "real",
                "label": "Example ID",
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "new_role": UserRole.CUSTOMER,
                "ends_session": True,
            }
            runtime.desk.run(
                Actor.system("test"),
                create_provider,
                issuer,
                changes,
                vault=vault_of(settings),
                guard=guard_of(settings),
            )
            reports = app.state.web.state.parts.reports
            running = Site(url, cast, "", chromium, reports)
            with running.open_windows:
                yield running
            assert list(reports) == []
            assert [line for line in running.said if "422" not in line] == []


def at_home(page: Page) -> Page:
    """Let a window ask nobody but this machine: the provider's pages want a font from elsewhere."""
    page.context.route(
        lambda url: urlsplit(url).hostname != "127.0.0.1",
        lambda route: route.fulfill(status=200, content_type="text/css", body=""),
    )
    return page


def at_the_provider(page: Page, login: str) -> str:
    """Sign in on the provider's own page, and agree; returns its address."""
    page.wait_for_url("**/interaction/**")
    there = urlsplit(page.url)
    page.locator('input[name="login"]').fill(login)
    page.locator('input[name="password"]').fill("any")
    page.locator('button[type="submit"]').click()
    page.get_by_role("button", name="Continue").click()
    return f"{there.scheme}://{there.netloc}"


def test_a_person_signs_in_by_the_providers_page_and_out_again(site: Site) -> None:
    page = at_home(site.window())
    page.goto(f"{site.url}/sign-in?next=/me/security")
    page.get_by_role("button", name="Sign in with Example ID").click()
    at_the_provider(page, "ann")
    page.wait_for_url(f"{site.url}/me/security")
    expect(page.get_by_text("You sign in as ann@people.example.")).to_be_visible()
    expect(
        page.get_by_role("region", name="Connected sign-ins").get_by_text("Example ID").first
    ).to_be_visible()

    # Out here, then at the provider, and back at the door.
    page.goto(f"{site.url}/tickets")
    page.locator('form[action$="/sign-out"] button').first.evaluate(
        "button => button.form.requestSubmit(button)"
    )
    page.wait_for_url("**/session/end**")
    page.get_by_role("button", name="Yes, sign me out").click()
    page.wait_for_url(f"{site.url}/sign-in?state=**")
    expect(page.get_by_text("You are signed out, here and at the provider.")).to_be_visible()

    # Who signs out at the provider is out here too: it tells the desk, and the open page notices by itself.
    page.get_by_role("button", name="Sign in with Example ID").click()
    there = at_the_provider(page, "ann")
    page.wait_for_url(f"{site.url}/**")
    page.goto(f"{site.url}/tickets")
    elsewhere = page.context.new_page()
    elsewhere.goto(f"{there}/session/end")
    elsewhere.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_account_is_connected_and_found_again_by_its_subject_alone(site: Site) -> None:
    page = at_home(site.window(site.cast.agent))
    page.goto(f"{site.url}/me/security")
    page.get_by_role("button", name="Connect Example ID").click()
    at_the_provider(page, "bob")
    page.wait_for_url("**/me/security?changed=yes")
    expect(page.get_by_text("Your account was connected with Example ID")).to_be_visible()

    # Another browser: the provider never verified an address, and none is asked for.
    other = at_home(site.window())
    other.goto(f"{site.url}/sign-in?next=/me/security")
    other.get_by_role("button", name="Sign in with Example ID").click()
    at_the_provider(other, "bob")
    other.wait_for_url(f"{site.url}/me/security")
    expect(other.get_by_text(f"You sign in as {site.cast.agent.email}.")).to_be_visible()
    page.get_by_role("button", name="Remove Example ID").click()
    expect(page.get_by_text("no longer connected with Example ID")).to_be_visible()
    # What began with the connection ended with it, and the page notices by itself.
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    other.get_by_role("button", name="Sign in with Example ID").click()
    expect(other.get_by_role("alert")).to_contain_text("No account here is connected with this sign-in")
