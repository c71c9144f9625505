"""An agent's work in a real browser: find, open, reply, note, assign, undo; by mouse and by keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.web.browser.conftest import Site


def toast(page: Page) -> Locator:
    return page.locator("toast-note")


def test_find_open_reply_note_and_assign(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.get_by_label("Search all tickets").fill("E-1042")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Card reader says E-1042").click()
    expect(page.get_by_role("heading", level=1, name="Card reader says E-1042")).to_be_visible()
    expect(page).to_have_title(re.compile(rf"^{site.number} Card reader"))
    assert f"/tickets/{site.number}" in page.url
    page.get_by_label("Message", exact=True).fill("Hello **Carla**")
    page.get_by_role("button", name="Send and mark as waiting").click()
    expect(page.locator('.message[data-kind="staff"] strong', has_text="Carla")).to_be_visible()
    expect(page.locator("#ticket-head summary .status")).to_contain_text("Waiting")
    page.locator(".composer-tab", has_text="Note").click()
    page.get_by_label("Message", exact=True).fill("A third reader this week")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator('.message[data-kind="note"]')).to_contain_text("Internal")
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    page.locator("#details summary[title^='Assignee']").click()
    page.locator("#details").get_by_label("Filter: Assignee").fill("agn")
    page.locator("#details").get_by_role("button", name="Agnes Agent").click()
    expect(toast(page)).to_contain_text("Assigned to Agnes Agent.")
    expect(page.locator("#details")).to_contain_text("Agnes Agent")


def test_everything_has_a_key(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/tickets?view=all")
    page.keyboard.press("j")
    expect(page.locator(".row-link").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".ticket")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline")).to_contain_text("By keyboard")
    page.keyboard.press("n")
    expect(page.locator(".composer [value=note]")).to_be_checked()
    page.keyboard.type("noted")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.type("resol")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-head summary .status")).to_contain_text("Resolved")
    expect(toast(page)).to_contain_text("Status set to Resolved.")
    page.keyboard.press("a")
    page.keyboard.type("bert")
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text("Assigned to Bert Agent.")
    page.keyboard.press("z")
    expect(page.locator("#details summary[title^='Assignee']")).to_contain_text("Nobody")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("Search all tickets")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("body").press("c")
    page.wait_for_url("**/tickets/new")
    page.get_by_role("heading", name="New ticket").click()
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/tickets?view=mine")


def test_single_keys_can_be_turned_off(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/tickets?view=all")
    page.keyboard.press("?")
    page.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".row-link").first).not_to_be_focused()


def test_several_tickets_are_resolved_at_once(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/tickets?view=open")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.locator("#bulk summary", has_text="Status").click()
    page.locator("#bulk").get_by_role("button", name="Resolved").click()
    expect(toast(page)).to_contain_text("1 ticket changed.")
    expect(page.locator(".row")).to_have_count(0)
    page.keyboard.press("z")
    expect(toast(page)).to_contain_text("It is as it was before.")
    expect(page.locator(".row")).to_have_count(1)


def test_what_is_refused_or_unanswered_is_said(site: Site) -> None:
    page = site.ticket(site.window(site.cast.agent))
    page.locator("#ticket-head summary[title^='Status']").click()
    page.locator("#ticket-head").get_by_role("button", name="Closed").click()
    expect(toast(page)).to_contain_text("Status set to Closed.")
    page.goto(f"{site.url}/tickets?view=all")
    page.locator(".row-check").first.check(force=True)
    page.locator("#bulk summary", has_text="Status").click()
    page.locator("#bulk").get_by_role("button", name="In progress").click()
    expect(toast(page)).to_contain_text("Nothing was changed: 1 closed")
    page.route("**/bulk", lambda route: route.abort())
    page.locator("#bulk summary", has_text="Status").click()
    page.locator("#bulk").get_by_role("button", name="Open", exact=True).click()
    expect(toast(page)).to_contain_text("The desk did not answer.")
    site.said.clear()  # Chromium and htmx say by themselves that a request was refused or lost


def test_a_draft_survives_a_reload_and_a_file_goes_along(site: Site) -> None:
    page = site.ticket(site.window(site.cast.agent))
    page.get_by_label("Message", exact=True).fill("Half a thought")
    expect(page.locator("[data-saved]")).to_have_text("Saved")
    page.reload()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Half a thought")
    file: FilePayload = {"name": "log.txt", "mimeType": "text/plain", "buffer": b"12345"}
    page.get_by_label("Attach files").set_input_files(file)
    expect(page.locator("[data-files]")).to_contain_text("log.txt")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#composer-preview")).to_contain_text("Half a thought")
    page.keyboard.press("Control+Enter")
    page.get_by_label("Message", exact=True).press("Control+Enter")
    expect(page.locator(".message .file")).to_contain_text("log.txt")
    with page.expect_download() as download:
        page.locator(".message .file").click()
    assert download.value.suggested_filename == "log.txt"


def test_a_new_ticket_for_a_known_customer(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/tickets/new")
    with page.expect_response("**/people?**"):
        page.get_by_label("Customer's email").press_sequentially("carla", delay=10)
    expect(page.locator("datalist option")).to_have_attribute("value", site.cast.customer.email)
    page.get_by_label("Customer's email").fill(site.cast.customer.email)
    page.get_by_label("Title").fill("Another umbrella")
    page.get_by_label("What is it about?").fill("It rains")
    page.get_by_role("button", name="Open the ticket").click()
    expect(page.get_by_role("heading", level=1, name="Another umbrella")).to_be_visible()


def test_the_theme_and_the_sidebar_are_remembered(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.locator(".side-foot summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Fold the sidebar").click()
    expect(page.locator("html")).to_have_attribute("data-sidebar", "folded")
    page.goto(f"{site.url}/tickets/new")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_on_a_phone_one_column_at_a_time(site: Site) -> None:
    page = site.window(site.cast.agent, width=390, height=844, has_touch=True)
    page.goto(f"{site.url}/tickets?view=all")
    page.get_by_role("link", name="Card reader says E-1042").tap()
    expect(page.locator(".ticket")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    page.get_by_role("link", name="Details").tap()
    expect(page.locator("#details")).to_be_visible()
    page.get_by_role("link", name="Close the details").tap()
    page.get_by_role("link", name="Back to the list").tap()
    expect(page.locator("#list")).to_be_visible()
    page.locator(".bottom-bar").get_by_text("Me").tap()
    expect(page.locator("#side")).to_be_visible()


def test_reading_and_replying_work_without_scripts(site: Site) -> None:
    page = site.window(site.cast.agent, java_script_enabled=False)
    page.goto(f"{site.url}/tickets/{site.number}?view=all")
    page.get_by_label("Message", exact=True).fill("Without scripts")
    page.get_by_role("button", name="Send and mark as waiting").click()
    expect(page.locator(".timeline")).to_contain_text("Without scripts")
    page.locator("#details summary[title^='Priority']").click()
    page.locator("#details").get_by_role("button", name="Urgent").click()
    expect(page.locator("#details .detail", has_text="Priority").locator("summary")).to_contain_text("Urgent")


def test_a_colleague_is_named_in_a_note_by_keys_and_by_press(site: Site) -> None:
    page = site.window(site.cast.agent)
    page.goto(f"{site.url}/tickets/{site.number}")
    text, names = page.get_by_label("Message", exact=True), page.get_by_role("listbox", name="Colleagues")
    text.fill("")
    text.press_sequentially("Hello @ag")
    expect(names).to_be_hidden()
    page.locator(".composer-tab", has_text="Note").click()
    text.fill("")
    text.press_sequentially("mail a@ag")
    expect(names).to_be_hidden()
    text.fill("")
    text.press_sequentially("Look, @te")
    expect(names.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(names).to_be_hidden()
    expect(text).to_be_focused()
    page.keyboard.type("a")
    expect(names.get_by_role("option", selected=True)).to_contain_text("Tara Teamwork")
    page.keyboard.press("Enter")
    expect(text).to_have_value("Look, @Tara Teamwork ")
    page.keyboard.type("and @e")
    expect(names.get_by_role("option")).not_to_have_count(0)
    before = names.get_by_role("option", selected=True).text_content()
    page.keyboard.press("ArrowDown")
    expect(names.get_by_role("option", selected=True)).not_to_have_text(before or "")
    names.get_by_role("option", name="Lena Light").click()
    expect(text).to_have_value("Look, @Tara Teamwork and @Lena Light ")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator('.message[data-kind="note"]').last).to_contain_text("@Tara Teamwork and @Lena Light")


def test_names_of_the_language_in_the_address_do_nothing(site: Site) -> None:
    """T48: neither the query nor the fragment reaches the prototype of anything."""
    page = site.window(site.cast.agent)
    evil = "__proto__[hacked]=yes&__proto__.hacked=yes&constructor[prototype][hacked]=yes&hasOwnProperty=x"
    for path in ("/tickets?view=all&", f"/tickets/{site.number}?view=all&", "/me/security?"):
        page.goto(f"{site.url}{path}{evil}#{evil}")
        assert page.evaluate("[({}).hacked, Object.prototype.hacked, typeof ({}).hasOwnProperty]") == [
            None,
            None,
            "function",
        ]
    page.goto(f"{site.url}/tickets?view=all&{evil}#{evil}")
    page.locator(".row-link").first.click()
    expect(page.locator(".ticket")).to_be_visible()
    page.get_by_label("Search all tickets").fill("__proto__ constructor")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=__proto__"))
    assert page.evaluate("({}).hacked") is None


def test_times_are_those_of_the_browsers_zone(site: Site) -> None:
    page = site.window(site.cast.agent, timezone_id="America/St_Johns")
    page.goto(f"{site.url}/tickets?view=all")
    expect(page.get_by_role("link", name="Card reader says E-1042")).to_be_visible()
    when = page.locator(".row-age time").first
    expect(when).to_have_attribute("title", re.compile(r" N[SD]T$"))
    site.ticket(page)
    expect(page.locator("#details time").first).to_have_attribute("title", re.compile(r" N[SD]T$"))
