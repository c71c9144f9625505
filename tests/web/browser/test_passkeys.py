"""Passkeys and the second step in Chromium, with its virtual authenticator (WebAuthn, over the DevTools protocol)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
from playwright.sync_api import CDPSession, Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.actor import Actor
from ombud.models import WebSession
from ombud.runtime import Runtime
from tests.web.browser.conftest import Site


def authenticator(page: Page) -> tuple[CDPSession, str]:
    """Give a window a device that keeps passkeys and always knows its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, str(made["authenticatorId"])


def local(site: Site) -> Site:
    """Return the same desk under the name for which browsers make passkeys without TLS."""
    site.url = site.url.replace("127.0.0.1", "localhost")
    return site


def keys(session: CDPSession, device: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.send("WebAuthn.getCredentials", {"authenticatorId": device})[
        "credentials"
    ]
    return found


def _forget_who_it_is(page: Page) -> None:
    page.goto("about:blank")  # else the page notices, and goes somewhere by itself
    page.context.clear_cookies()


def _grow_old(session: Session) -> None:
    past = clock.now() - timedelta(hours=1)
    session.execute(update(WebSession).values(confirmed_at=past))


def test_a_passkey_is_added_signs_in_and_confirms(site: Site, runtime: Runtime) -> None:
    local(site)
    page = site.window(site.cast.agent)
    # The button alone is looked at: a device that is always touched would answer the form's autofill at any moment.
    page.add_init_script(
        "if (self.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false"
    )
    session, device = authenticator(page)
    page.goto(f"{site.url}/me/security")
    page.get_by_label("Name of a new passkey").fill("Work laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    expect(page.locator("recovery-codes li")).to_have_count(10)
    [kept] = keys(session, device)
    assert kept["isResidentCredential"]
    assert kept["rpId"] == "localhost"
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("A passkey was added: Work laptop")).to_be_visible()
    # The same device makes no second one for this account.
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("holds a passkey for this account already")
    page.get_by_label("Name of the passkey Work laptop").fill("Old laptop")
    page.get_by_role("button", name="Rename Work laptop").click()
    expect(page.get_by_label("Name of the passkey Old laptop")).to_be_visible()

    # Out, and in again: without a password, and at once.
    _forget_who_it_is(page)
    page.goto(f"{site.url}/sign-in?next=/me/security")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/me/security")
    expect(page.get_by_role("region", name="Passkeys").get_by_text("never used")).to_have_count(0)

    # The password alone is half of it; the passkey is the other half, too.
    _forget_who_it_is(page)
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("Email").fill(site.cast.agent.email)
    page.get_by_label("Password").fill(site.cast.agent.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/tickets?**")

    # A while later it proves once more who one is, before something sensitive.
    runtime.desk.run(Actor.system("test"), _grow_old)
    page.goto(f"{site.url}/me/security")
    page.get_by_role("link", name="confirm that it is you").click()
    page.get_by_role("button", name="Confirm with a passkey").click()
    page.wait_for_url("**/me/security")
    page.get_by_role("button", name="Remove Old laptop").click()
    expect(page.get_by_text("A passkey was removed: Old laptop")).to_be_visible()
    _forget_who_it_is(page)
    page.goto(f"{site.url}/sign-in")
    # A passkey that was removed opens nothing.
    with page.expect_console_message(lambda message: "422" in message.text):
        page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/sign-in/passkey")
    site.forgive("422")


def test_an_app_is_set_up_and_asked_for(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/me/security")
    page.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.get_by_alt_text("QR code with the secret that stands below")).to_be_visible()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    app = pyotp.TOTP(secret)
    page.get_by_label("The six digits that the app shows now").fill("000")
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("This code is not the one that the app shows now.")).to_be_visible()
    page.get_by_label("The six digits that the app shows now").fill(app.at(clock.now()))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    code = page.locator("recovery-codes code").first.inner_text()
    assert code in download.value.path().read_text()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()

    other = site.window()
    other.goto(f"{site.url}/sign-in")
    other.get_by_label("Email").fill(site.cast.agent.email)
    other.get_by_label("Password").fill(site.cast.agent.password)
    other.get_by_role("button", name="Sign in", exact=True).click()
    expect(other.get_by_label("Code")).to_be_focused()
    other.get_by_label("Code").fill(code)
    other.keyboard.press("Enter")
    other.wait_for_url("**/tickets?**")
    site.forgive("422")
