"""A hostile message in a real browser: it is shown as it was formatted, and nothing in it runs or asks for anything."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from ombud import Actor
from ombud.models import Mailbox, MailSource
from ombud.runtime import Runtime
from ombud.worker.intake import open_intake
from tests.mail_desk.conftest import SUPPORT, letter
from tests.web.browser.conftest import Site

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
VECTORS = (
    "<script>top.alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "<svg><animate onbegin=alert(3) attributeName=x /></svg>",
    "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=x onerror=alert(4)&gt;'></table></mtext></math>",
    '<a href="javascript:alert(5)">five</a><a href="data:text/html,<script>alert(6)</script>">six</a>',
    '<iframe srcdoc="<script>alert(7)</script>"></iframe><object data="//t.example/o"></object>',
    '<form action="//t.example/f"><input name=a autofocus onfocus=alert(8)></form>',
    '<link rel=stylesheet href="//t.example/c">',
    '<style>@import "//t.example/s"; body{background:url(//t.example/b)}</style>',
    '<p style="background:url(//t.example/p);position:fixed;top:0">styled</p>',
    '<meta http-equiv=refresh content="0;//t.example/m">',
    '<video src="//t.example/v" autoplay></video><base href="//t.example/">',
)


@pytest.fixture
def rich_mail(site: Site, runtime: Runtime) -> int:
    team = site.cast.team.id
    runtime.desk.run(
        Actor.system("test"), lambda s: s.add(Mailbox(name="Support", address=SUPPORT, team_id=team))
    )
    made = letter("")
    made.set_content(
        '<p>Before <img src="cid:dot" alt="a dot"><img src="https://t.example/spy.png" alt="a spy"></p>'
        + "".join(VECTORS)
        + '<p>After <a href="https://shop.example/">the shop</a></p>',
        subtype="html",
    )
    made.add_related(PIXEL, "image", "png", cid="<dot>")
    intake = open_intake(runtime.desk, runtime.settings)
    mail_id = intake.receive(made.as_bytes(), MailSource.PIPE).mail_id
    assert mail_id is not None
    intake.decide(mail_id)
    return mail_id


def test_a_formatted_message_runs_nothing_and_asks_nobody(site: Site, rich_mail: int) -> None:
    page = site.window(site.cast.agent)
    asked, dialogs = _watch(page)
    page.goto(f"{site.url}/mail/{rich_mail}")
    frame = page.frame_locator("iframe.mail-frame")
    expect(frame.get_by_text("Before")).to_be_visible()
    expect(frame.get_by_text("After")).to_be_visible()
    assert frame.get_by_alt_text("a dot").evaluate("image => image.naturalWidth") == 1
    assert (
        frame.locator("script, form, input, iframe, object, svg, video, link, meta[http-equiv]").count() == 0
    )
    page.wait_for_load_state("networkidle")
    assert (asked, dialogs) == ([], [])
    page.get_by_role("link", name="Load pictures").click()
    expect(frame.get_by_text("After")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert asked == ["https://t.example/spy.png"]
    expect(page.get_by_role("link", name="Load pictures")).to_have_count(0)


def test_a_link_in_a_message_opens_a_window_that_knows_nothing(site: Site, rich_mail: int) -> None:
    page = site.window(site.cast.agent)
    page.context.route(
        "https://shop.example/**",
        lambda route: route.fulfill(
            body="<body><script>document.write(document.referrer, !!window.opener, 'end')</script></body>",
            content_type="text/html",
        ),
    )
    page.goto(f"{site.url}/mail/{rich_mail}")
    with page.expect_popup() as opened:
        page.frame_locator("iframe.mail-frame").get_by_role("link", name="the shop").click()
    expect(opened.value.locator("body")).to_have_text("falseend")


def _watch(page: Page) -> tuple[list[str], list[str]]:
    """Note what the page asks of others than the desk, and what it says in dialogs; nothing leaves the machine."""
    asked: list[str] = []
    dialogs: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=PIXEL, content_type="image/png")

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.context.route(lambda url: "t.example" in url, answer)
    page.on("dialog", dismiss)
    return asked, dialogs
