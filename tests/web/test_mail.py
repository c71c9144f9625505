"""The pages of mail: the log with its reasons, one message, moving it and back, mailboxes and rules."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import Mailbox, MailSource
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.worker.intake import Intake, open_intake
from tests.mail_desk.conftest import SUPPORT, letter
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def intake(desk: Desk, cast: Cast, runtime: Runtime) -> Intake:
    def make(session: object) -> None:
        session.add(Mailbox(name="Support", address=SUPPORT, team_id=cast.team.id))  # type: ignore[attr-defined]

    desk.run(SYSTEM, make)
    return open_intake(desk, runtime.settings)


def _deliver(intake: Intake, text: str = "Help", **named: str) -> int:
    received = intake.receive(letter(text, **named).as_bytes(), MailSource.PIPE)
    assert received.mail_id is not None
    intake.decide(received.mail_id)
    return received.mail_id


@pytest_asyncio.fixture
async def agent(web: Browser, cast: Cast) -> Browser:
    await web.sign_in(cast.agent)
    return web


async def test_the_log_says_where_each_message_went_and_why(agent: Browser, intake: Intake) -> None:
    first = _deliver(intake)
    with counted() as one:
        answer = await agent.get("/mail")
    assert "A new conversation" in answer.text
    for number in range(5):
        _deliver(intake, message_id=f"<{number}@c.example>", subject=f"Subject {number}")
    with counted() as many:
        answer = await agent.get("/mail")
    assert len(one.statements) == len(many.statements) <= 5
    assert answer.text.count('href="/mail/') >= 6
    found = await agent.get("/mail?q=Subject+3")
    assert found.text.count(">Subject 3<") == 1
    assert "No mail here" in (await agent.get("/mail?state=quarantined")).text
    shown = await agent.get(f"/mail/{first}")
    for words in ("first@customer.example", "names no message of the sender", "Sender not confirmed", "Help"):
        assert words in shown.text, words


async def test_nothing_in_a_message_becomes_markup(agent: Browser, intake: Intake) -> None:
    mail_id = _deliver(
        intake, HOSTILE, subject=HOSTILE, sender=f'"{HOSTILE[2:]}" <x@y.example>', X_Evil=HOSTILE
    )
    for path in ("/mail", f"/mail/{mail_id}"):
        text = (await agent.get(path)).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text
    raw = await agent.get(f"/mail/{mail_id}/original")
    assert raw.headers["content-disposition"].startswith("attachment")
    assert raw.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in raw.headers["content-security-policy"]
    assert HOSTILE.encode() in raw.content


async def test_a_formatted_message_is_shown_in_a_frame_that_can_do_nothing(
    agent: Browser, intake: Intake
) -> None:
    plain = _deliver(intake, message_id="<plain@c.example>")
    assert "<iframe" not in (await agent.get(f"/mail/{plain}")).text
    markup = '<p onclick="x()">Rich <img src="https://t.example/a.png"></p><script>alert(1)</script>'
    made = letter("", message_id="<rich@c.example>")
    made.set_content(markup, subtype="html")
    received = intake.receive(made.as_bytes(), MailSource.PIPE)
    mail_id = received.mail_id
    assert mail_id is not None
    shown = (await agent.get(f"/mail/{mail_id}")).text
    assert f'src="/mail/{mail_id}/formatted" title=' in shown
    assert f'href="/mail/{mail_id}?pictures=1#original"' in shown
    with counted() as used:
        framed = await agent.get(f"/mail/{mail_id}/formatted")
    assert len(used.statements) <= 4
    assert "Rich" in framed.text
    for words in ("script", "onclick", ' src="http'):
        assert words not in framed.text
    policy = framed.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "allow-scripts" not in policy
    assert policy.endswith("img-src data:")
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"
    loaded = await agent.get(f"/mail/{mail_id}/formatted?pictures=1")
    assert ' src="https://t.example/a.png"' in loaded.text
    assert loaded.headers["content-security-policy"].endswith("img-src data: https: http:")
    assert "Load pictures" not in (await agent.get(f"/mail/{mail_id}?pictures=1")).text


async def test_a_message_is_moved_and_the_toast_takes_it_back(
    agent: Browser, intake: Intake, desk: Desk
) -> None:
    _deliver(intake)
    second = _deliver(intake, "More", message_id="<2@c.example>", In_Reply_To="<first@customer.example>")
    done = await agent.post(f"/mail/{second}/ticket", {"number": ""})
    assert done.status_code == 303, done.text
    shown = await agent.get(done.headers["location"])
    assert "The message is on #" in shown.text
    request_id = done.headers["location"].partition("done=")[2].partition("&")[0]
    undone = await agent.post("/mail/undo", {"request_id": request_id, "mail": str(second)})
    assert undone.status_code == 303, undone.text
    assert "taken back" in (await agent.get(undone.headers["location"])).text
    assert (await agent.post(f"/mail/{second}/ticket", {"number": "999999"})).status_code == 422


async def test_quarantine_is_released_and_put_away(agent: Browser, intake: Intake) -> None:
    name = f"<ombud.1.{'0' * 16}.{'a' * 16}@desk.example>"
    caught = _deliver(intake, In_Reply_To=name)
    shown = await agent.get(f"/mail/{caught}")
    assert "A reply address that we did not sign" in shown.text
    assert "Discard" in shown.text
    gone = await agent.post(f"/mail/{caught}/discarding")
    assert "The message is put away" in (await agent.get(gone.headers["location"])).text
    again = await agent.post(f"/mail/{caught}/requeue")
    assert "In quarantine" in (await agent.get(again.headers["location"])).text
    free = await agent.post(f"/mail/{caught}/ticket", {"number": ""})
    assert "The message is on #" in (await agent.get(free.headers["location"])).text


async def test_a_ticket_tells_how_its_messages_came(agent: Browser, intake: Intake) -> None:
    first = _deliver(intake)
    _deliver(intake, "More", message_id="<2@c.example>", In_Reply_To="<first@customer.example>")
    shown = await agent.get(f"/mail/{first}")
    ticket = next(part for part in shown.text.split('href="/tickets/')[1:] if part[0].isdigit()).partition(
        '"'
    )[0]
    page = (await agent.get(f"/tickets/{ticket}")).text
    assert page.count("took a message by mail") == 2
    assert f'href="/mail/{first}">why</a>' in page
    assert page.count("Sender not confirmed") == 2
    assert "the sender takes part in it" in page


async def test_mail_is_for_those_who_may_see_it(web: Browser, cast: Cast, intake: Intake) -> None:
    mail_id = _deliver(intake)
    await web.sign_in(cast.customer)
    for path in ("/mail", f"/mail/{mail_id}", f"/mail/{mail_id}/original", "/settings/mailboxes"):
        assert (await web.get(path)).status_code == 403, path
    assert (await web.post(f"/mail/{mail_id}/ticket")).status_code in (403, 404)


async def test_setting_up_is_for_administrators(agent: Browser) -> None:
    for path in ("/settings/mailboxes", "/settings/mailboxes/new", "/settings/mailboxes/1"):
        assert (await agent.get(path)).status_code == 403, path
    assert (await agent.post("/settings/mailboxes", {"name": "x"})).status_code == 403
    assert (await agent.get("/mail/999999")).status_code == 404
    assert (await agent.get("/mail/x")).status_code == 404


async def test_a_mailbox_is_set_up_changed_and_tried_out(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.admin)
    form = await web.get("/settings/mailboxes/new")
    assert form.status_code == 200
    values = {
        "name": "Sales", "address": "sales@desk.example", "is_active": "yes", "reopen_days": "14", "auth": "password",
        "imap_host": "127.0.0.1", "imap_port": "993", "imap_security": "tls", "imap_folder": "INBOX",
        "imap_password": "canary-4711", "smtp_port": "587", "smtp_security": "starttls",
    }  # fmt: skip
    wrong = await web.post("/settings/mailboxes", {**values, "address": "nowhere"})
    assert wrong.status_code == 422
    assert "The address must be an e-mail address." in wrong.text
    assert "canary-4711" not in wrong.text
    made = await web.post("/settings/mailboxes", values)
    assert made.status_code == 303, made.text
    place = made.headers["location"]
    shown = await web.get(place)
    assert "One is set; leave this empty to keep it." in shown.text
    assert "canary-4711" not in shown.text
    tried = await web.post(f"{place}/trial")
    assert "is inside this network" in tried.text
    changed = await web.post(place, {**values, "name": "Sales team", "imap_password": ""})
    assert changed.status_code == 303
    listed = (await web.get("/settings/mailboxes")).text
    assert "Sales team" in listed
    rule = {"name": "Noise", "field": "subject", "pattern": "prize", "ignores": "yes"}
    assert (await web.post("/settings/mail-rules", rule)).status_code == 303
    listed = (await web.get("/settings/mailboxes")).text
    assert "Noise" in listed
    rule_id = listed.partition("/settings/mail-rules/")[2].partition("/")[0]
    assert (await web.post(f"/settings/mail-rules/{rule_id}/deletion")).status_code == 303
    assert "Noise" not in (await web.get("/settings/mailboxes")).text


async def test_how_a_mailbox_sends_is_set_on_its_page(web: Browser, cast: Cast, intake: Intake) -> None:
    await web.sign_in(cast.admin)
    found = re.search(r"/settings/mailboxes/\d+", (await web.get("/settings/mailboxes")).text)
    assert found is not None
    place = found[0]
    values = {"is_paused": "yes", "link_over": "5", "dkim_selector": "", "dkim_key": ""}
    assert (await web.post(f"{place}/sending", values)).status_code == 303
    shown = (await web.get(place)).text
    assert 'name="is_paused" value="yes" checked' in shown
    assert 'name="link_over" type="text" value="5"' in shown
    for wrong, said in (
        ({"link_over": "51"}, "The size must be 0 to 50 MB."),
        ({"dkim_selector": "desk1"}, "The key must be given with a new selector."),
        ({"dkim_selector": "desk1", "dkim_key": "canary-4711"}, "The key must be a private RSA key"),
    ):
        refused = await web.post(f"{place}/sending", {**values, **wrong})
        assert refused.status_code == 422
        assert said in refused.text
        assert "canary-4711" not in refused.text
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed = await web.post(
        f"{place}/sending", {**values, "dkim_selector": "desk1", "dkim_key": key.decode()}
    )
    assert "v=DKIM1; k=rsa; p=MII" in signed.text
    assert "<code>desk1._domainkey.desk.example</code>" in signed.text
    assert "PRIVATE KEY" not in (await web.get(place)).text
    await web.post("/sign-out")
    await web.sign_in(cast.agent)
    assert (await web.post(f"{place}/sending", values)).status_code == 403
