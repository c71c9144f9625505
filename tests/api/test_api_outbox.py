"""Mail and notifications over HTTP: who may, what comes out, and what it costs."""

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import select

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import BouncedAddress, Mailbox, OutboundMail, Ticket
from ombud.testing import Cast, make_ticket
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


@pytest_asyncio.fixture
async def ticket(desk: Desk, cast: Cast) -> Ticket:
    """A ticket on a desk that sends mail."""

    def make(session: DeskSession) -> Ticket:
        session.add(Mailbox(name="Support", address="support@desk.example", smtp_host="mail.example"))
        return make_ticket(session, cast.customer.id, title="Printer")

    return await desk.arun(SYSTEM, make)


async def test_a_reply_is_queued_for_whom_it_names(
    agent: httpx.AsyncClient, cast: Cast, ticket: Ticket
) -> None:
    body = {
        "content": "Hello",
        "delivery": {"cc": ["boss@x.example"], "not_before": "2030-01-01T08:00:00+01:00"},
    }
    with counted() as log:
        answer = await agent.post(f"tickets/{ticket.ticket_number}/comments", json=body)
    assert answer.status_code == 201, answer.text
    assert len(log) <= 26, str(log)
    with counted() as log:
        answered = await agent.get("outbox?state=queued")
    assert answered.status_code == 200, answered.text
    listed = answered.json()["items"]
    assert len(log) <= 6, str(log)
    (mail,) = listed
    assert mail["comment_id"] == answer.json()["id"]
    assert mail["sends_at"] == "2030-01-01T07:00:00Z"
    assert [(one["email"], one["kind"]) for one in mail["recipients"]] == [
        (cast.customer.email, "to"),
        ("boss@x.example", "cc"),
    ]
    assert (await agent.get("outbox?state=sent")).json()["items"] == []
    assert (await agent.get("outbox?state=x")).status_code == 422
    for noun, state in (("pause", "paused"), ("attempt", "queued"), ("cancellation", "canceled")):
        changed = await agent.post(f"outbox/{mail['id']}/{noun}")
        assert (changed.status_code, changed.json()["state"]) == (200, state)
    refused = await agent.post(f"outbox/{mail['id']}/pause")
    assert refused.status_code == 409
    assert (await agent.get("outbox/999999")).status_code == 404


async def test_a_reply_that_waits_is_taken_back(
    agent: httpx.AsyncClient, caller: Caller, cast: Cast, ticket: Ticket
) -> None:
    comments = f"tickets/{ticket.ticket_number}/comments"
    later = {"content": "Hello", "delivery": {"not_before": "2030-01-01T08:00:00+01:00"}}
    number = (await agent.post(comments, json=later)).json()["id"]
    assert (await caller(cast.other_agent).post(f"{comments}/{number}/retraction")).status_code == 403
    assert (await caller(cast.customer).post(f"{comments}/{number}/retraction")).status_code == 403
    assert (await agent.post(f"{comments}/{number}/retraction")).status_code == 204
    assert (await agent.get(f"{comments}/{number}")).status_code == 404
    assert (await agent.post(f"{comments}/{number}/retraction")).status_code == 404


async def test_a_wrong_address_names_the_field(agent: httpx.AsyncClient, desk: Desk, ticket: Ticket) -> None:
    body = {"content": "Hello", "delivery": {"to": ["nobody"]}}
    answer = await agent.post(f"tickets/{ticket.ticket_number}/comments", json=body)
    assert answer.status_code == 422
    assert "to" in answer.text
    async with desk.aread(SYSTEM) as session:
        assert (await session.scalars(select(OutboundMail))).all() == []


async def test_what_each_role_may_do_with_mail(caller: Caller, cast: Cast, ticket: Ticket) -> None:
    agent = caller(cast.agent)
    await agent.post(f"tickets/{ticket.ticket_number}/comments", json={"content": "Hello"})
    (mail,) = (await agent.get("outbox")).json()["items"]
    reads = ("outbox", f"outbox/{mail['id']}", "mail-templates", "notifications", "notification-settings")
    for who, allowed in ((cast.customer, False), (cast.light_agent, True), (cast.team_agent, True)):
        for path in reads:
            assert (await caller(who).get(path)).status_code == (200 if allowed else 403), (who.email, path)
    for who, status in ((cast.customer, 403), (cast.light_agent, 403), (cast.agent, 200)):
        assert (await caller(who).post(f"outbox/{mail['id']}/attempt")).status_code == status
    template = {"body": "{{agent.name}}"}
    for who, status in ((cast.customer, 403), (cast.agent, 403), (cast.admin, 204)):
        assert (await caller(who).put("mail-templates/signature", json=template)).status_code == status
    wrong = await caller(cast.admin).put("mail-templates/signature", json={"body": "{{7*7}}"})
    assert wrong.status_code == 422
    assert (await caller(cast.admin).get("mail-templates")).json()["items"] == [
        {"kind": "signature", "team_id": None, "body": "{{agent.name}}"}
    ]


async def test_notifications_are_listed_read_and_set(caller: Caller, cast: Cast, ticket: Ticket) -> None:
    await caller(cast.agent).patch(
        f"tickets/{ticket.ticket_number}", json={"assignee_id": cast.other_agent.id}
    )
    other = caller(cast.other_agent)
    with counted() as log:
        (told,) = (await other.get("notifications?unread=true")).json()["items"]
    assert len(log) <= 6, str(log)  # three of them note the first use of the token
    assert (told["kind"], told["ticket_number"]) == ("assigned", ticket.ticket_number)
    assert (await caller(cast.agent).post(f"notifications/{told['id']}/reading")).status_code == 404
    assert (await other.post(f"notifications/{told['id']}/reading")).status_code == 204
    assert (await other.get("notifications?unread=true")).json()["items"] == []
    assert (await other.post("notifications/reading")).status_code == 204
    assert (await other.patch("notification-settings/mentioned", json={"by_mail": False})).status_code == 204
    kept = {one["kind"]: one for one in (await other.get("notification-settings")).json()["items"]}
    assert kept["mentioned"] == {"kind": "mentioned", "in_page": True, "by_mail": False}


async def test_addresses_that_take_no_mail_are_listed_and_cleared(
    agent: httpx.AsyncClient, customer: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    def bounce(session: DeskSession) -> None:
        for number in range(3):
            session.add(
                BouncedAddress(email=f"{number}@x.example", status="5.1.1", diagnostic="no such user")
            )

    await desk.arun(SYSTEM, bounce)
    first = await agent.get("bounced-addresses?limit=2")
    assert [one["email"] for one in first.json()["items"]] == ["0@x.example", "1@x.example"]
    rest = (await agent.get(f"bounced-addresses?limit=2&cursor={first.json()['next_cursor']}")).json()
    assert [(one["email"], one["status"]) for one in rest["items"]] == [("2@x.example", "5.1.1")]
    assert (await agent.delete("bounced-addresses/1@x.example")).status_code == 204
    assert (await agent.delete("bounced-addresses/1@x.example")).status_code == 404
    assert (await customer.get("bounced-addresses")).status_code == 403
    assert (await customer.delete("bounced-addresses/2@x.example")).status_code == 403


async def test_how_a_mailbox_sends_is_read_and_changed(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, customer: httpx.AsyncClient, ticket: Ticket
) -> None:
    (box,) = (await admin.get("mailboxes")).json()["items"]
    path = f"mailboxes/{box['id']}/sending"
    assert (await agent.get(path)).json() == {
        "is_paused": False, "quotes_history": False, "link_over": 10485760, "dkim_selector": "", "dkim_record": None,
    }  # fmt: skip
    changed = await admin.patch(path, json={"is_paused": True, "link_over": 0})
    assert (changed.json()["is_paused"], changed.json()["link_over"]) == (True, 0)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed = await admin.patch(path, json={"dkim_selector": "desk1", "dkim_key": key.decode()})
    assert signed.json()["dkim_record"].startswith("v=DKIM1; k=rsa; p=MII")
    assert "PRIVATE" not in signed.text
    shown = (await agent.get(path)).json()
    assert (shown["is_paused"], shown["dkim_selector"], shown["dkim_record"]) == (True, "desk1", None)
    for wrong in ({"link_over": -1}, {"dkim_key": "x"}, {"dkim_selector": "A B"}, {"dkim_selector": "other"}):
        assert (await admin.patch(path, json=wrong)).status_code == 422, wrong
    assert (await agent.patch(path, json={"is_paused": False})).status_code == 403
    assert (await customer.get(path)).status_code == 403
    assert (await admin.get("mailboxes/999999/sending")).status_code == 404
