"""Mail over HTTP: who brings it, who sees it, who moves it; what is set and never shown."""

import httpx
import pytest

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import Mailbox, UserRole
from ombud.people.accounts import create_token
from ombud.people.actions import add_team_member
from ombud.runtime import Runtime
from ombud.testing.factories import make_user
from ombud.testing.personas import Cast, Persona, persona
from ombud.worker.intake import open_intake
from tests.api.conftest import Caller
from tests.mail_desk.conftest import SUPPORT, letter

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
RAW = {"Content-Type": "message/rfc822"}


@pytest.fixture
def mailbox(desk: Desk, cast: Cast) -> int:
    def make(session: object) -> int:
        made = Mailbox(name="Support", address=SUPPORT, team_id=cast.team.id)
        session.add(made)  # type: ignore[attr-defined]
        session.flush()  # type: ignore[attr-defined]
        return made.id

    return desk.run(SYSTEM, make)


@pytest.fixture
def bringer(desk: Desk, cast: Cast, caller: Caller, mailbox: int) -> httpx.AsyncClient:
    """A client whose token brings mail and does nothing else."""
    token, _ = desk.run(SYSTEM, create_token, cast.admin.id, "gateway", scopes=("mail",))
    client = caller(None)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


@pytest.fixture
def elsewhere(desk: Desk, cast: Cast) -> Persona:
    """An agent of another team."""
    with desk.begin(SYSTEM) as session:
        user = make_user(session, role=UserRole.AGENT, sees_all_teams=False)
        add_team_member(session, cast.other_team.id, user.id)
        return persona(session, user, actor=Actor.agent(user.id, teams=frozenset({cast.other_team.id})))


async def _bring(bringer: httpx.AsyncClient, runtime: Runtime, message: bytes) -> int:
    answer = await bringer.post("mail/inbound", content=message, headers=RAW)
    assert answer.status_code == 202, answer.text
    open_intake(runtime.desk, runtime.settings).decide_waiting()
    return int(answer.json()["id"])


async def test_a_message_is_brought_once(bringer: httpx.AsyncClient, mailbox: int, runtime: Runtime) -> None:
    first = await bringer.post("mail/inbound", content=letter().as_bytes(), headers=RAW)
    again = await bringer.post(f"mail/inbound?mailbox={SUPPORT}", content=letter().as_bytes(), headers=RAW)
    assert (first.json()["is_new"], again.json()) == (
        True,
        {"id": None, "mailbox_id": mailbox, "is_new": False},
    )


async def test_only_a_token_that_was_made_for_it_brings_mail(
    bringer: httpx.AsyncClient, caller: Caller, cast: Cast, mailbox: int, desk: Desk
) -> None:
    message = letter().as_bytes()
    for who in (None, cast.customer, cast.agent, cast.admin):
        refused = await caller(who).post("mail/inbound", content=message, headers=RAW)
        assert refused.status_code == (401 if who is None else 403)
    token, _ = desk.run(SYSTEM, create_token, cast.agent.id, "x", scopes=("mail",))
    client = caller(None)
    client.headers["Authorization"] = f"Bearer {token}"
    assert (await client.post("mail/inbound", content=message, headers=RAW)).status_code == 403
    for path in ("tickets", "mail/inbound", "mailboxes", "me"):
        assert (await bringer.get(path)).status_code == 403, path
    assert (await bringer.post("tickets", json={"title": "x"})).status_code == 403


async def test_what_is_no_mail_for_us_is_refused(
    bringer: httpx.AsyncClient, mailbox: int, runtime: Runtime
) -> None:
    unknown = letter(to="nobody@desk.example").as_bytes()
    assert (await bringer.post("mail/inbound", content=unknown, headers=RAW)).status_code == 404
    assert (
        await bringer.post("mail/inbound?mailbox=a@b.example", content=unknown, headers=RAW)
    ).status_code == 404
    assert (await bringer.post("mail/inbound", json={"raw": "x"})).status_code == 415
    big = {**RAW, "Content-Length": str(runtime.settings.mail_limit + 1)}
    assert (await bringer.post("mail/inbound", content=b"x", headers=big)).status_code == 413


async def test_the_log_says_what_was_decided_and_why(
    bringer: httpx.AsyncClient, caller: Caller, cast: Cast, runtime: Runtime, elsewhere: Persona
) -> None:
    ids = [
        await _bring(bringer, runtime, letter(str(n), message_id=f"<{n}@customer.example>").as_bytes())
        for n in range(3)
    ]
    agent = caller(cast.agent)
    await agent.get("me")  # the first use of a token is noted
    with counted() as log:
        found = (await agent.get("mail/inbound")).json()["items"]
    assert len(log.statements) <= 3
    assert [mail["id"] for mail in found] == ids[::-1]
    assert found[0]["decision"] == "new_conversation"
    assert [step["step"] for step in found[0]["steps"]][:2] == ["kind", "conversation"]
    assert found[0]["ticket"]
    page = (await agent.get("mail/inbound?limit=2")).json()
    rest = (await agent.get(f"mail/inbound?limit=2&cursor={page['next_cursor']}")).json()
    assert [mail["id"] for mail in page["items"] + rest["items"]] == ids[::-1]
    assert len((await agent.get("mail/inbound?q=1@customer.example")).json()["items"]) == 1
    assert (await agent.get("mail/inbound?state=quarantined")).json()["items"] == []
    assert len((await agent.get(f"mail/inbound?ticket={found[0]['ticket']}")).json()["items"]) == 1
    raw = await agent.get(f"mail/inbound/{ids[0]}/content")
    assert raw.content == letter("0", message_id="<0@customer.example>").as_bytes()
    assert raw.headers["content-disposition"].startswith("attachment")
    known = await agent.get(f"mail/inbound/{ids[0]}/content", headers={"If-None-Match": raw.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    for asked, status, content in (
        ("bytes=2-7", 206, raw.content[2:8]),
        (f"bytes={len(raw.content)}-", 416, None),
    ):
        part = await agent.get(f"mail/inbound/{ids[0]}/content", headers={"Range": asked})
        assert part.status_code == status
        assert content is None or part.content == content
    for who in (cast.customer, elsewhere):
        client = caller(who)
        assert not (listed := await client.get("mail/inbound")).is_success or listed.json()["items"] == []
        for path in (f"mail/inbound/{ids[0]}", f"mail/inbound/{ids[0]}/content"):
            assert (await client.get(path)).status_code in {403, 404}
        moved = await client.put(f"mail/inbound/{ids[0]}/ticket", json={"ticket": None})
        assert moved.status_code in {403, 404}


async def test_a_message_is_moved_split_and_put_back(
    bringer: httpx.AsyncClient, caller: Caller, cast: Cast, mailbox: int, runtime: Runtime
) -> None:
    agent = caller(cast.agent)
    first = await _bring(bringer, runtime, letter().as_bytes())
    reply = letter("Another thing", message_id="<2@c.example>", In_Reply_To="<first@customer.example>")
    second = await _bring(bringer, runtime, reply.as_bytes())
    ticket = (await agent.get(f"mail/inbound/{first}")).json()["ticket"]
    split = await agent.put(f"mail/inbound/{second}/ticket", json={"ticket": None})
    assert split.status_code == 200, split.text
    assert split.json()["ticket"] not in (None, ticket)
    undone = await agent.delete(f"mail/moves/{split.json()['request_id']}")
    assert undone.json() == {"messages": 1, "tickets": 1}
    assert (await agent.get(f"mail/inbound/{second}")).json()["ticket"] == ticket
    assert (
        await caller(cast.light_agent).put(f"mail/inbound/{second}/ticket", json={"ticket": None})
    ).status_code == 403
    assert (await agent.put(f"mail/inbound/{second}/ticket", json={"ticket": ticket})).status_code == 409
    assert (await agent.delete(f"mail/inbound/{second}/quarantine")).status_code == 409


async def test_quarantine_is_released_and_discarded(
    bringer: httpx.AsyncClient, caller: Caller, cast: Cast, mailbox: int, runtime: Runtime
) -> None:
    agent = caller(cast.agent)
    name = f"<ombud.1.{'0' * 16}.{'a' * 16}@desk.example>"
    caught = await _bring(bringer, runtime, letter(In_Reply_To=name).as_bytes())
    assert (await agent.get(f"mail/inbound/{caught}")).json()["state"] == "quarantined"
    anew = await agent.post(f"mail/inbound/{caught}/decision")
    assert (anew.status_code, anew.json()["state"]) == (200, "quarantined"), "nothing has changed"
    gone = await agent.delete(f"mail/inbound/{caught}/quarantine")
    assert (await agent.get(f"mail/inbound/{caught}")).json()["state"] == "ignored"
    await agent.delete(f"mail/moves/{gone.json()['request_id']}")
    released = await agent.put(f"mail/inbound/{caught}/ticket", json={"ticket": None})
    assert (await agent.get(f"tickets/{released.json()['ticket']}")).status_code == 200
    assert (await agent.post(f"mail/inbound/{caught}/decision")).status_code == 409, "it is on a ticket"
    light = await caller(cast.light_agent).post(f"mail/inbound/{caught}/decision")
    assert light.status_code == 403


async def test_mailboxes_are_set_up_and_their_secrets_never_shown(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, customer: httpx.AsyncClient
) -> None:
    secret = "canary-secret-4711"
    body = {
        "name": "Sales",
        "address": "Sales@Desk.Example",
        "imap_host": "imap.desk.example",
        "imap_password": secret,
    }
    made = await admin.post("mailboxes", json=body)
    assert made.status_code == 201, made.text
    path = made.headers["location"].removeprefix("/api/v1/")
    assert (made.json()["address"], made.json()["has_imap_secret"]) == ("sales@desk.example", True)
    texts = [made.text, (await admin.get(path)).text, (await agent.get("mailboxes")).text]
    assert not any(secret in text or "v1:" in text for text in texts)
    changed = await admin.patch(path, json={"imap_host": "other.example"})
    assert (changed.json()["imap_host"], changed.json()["has_imap_secret"]) == ("other.example", False)
    token = await admin.patch(
        path, json={"auth": "oauth", "oauth_refresh_token": "r", "oauth_client_secret": "s"}
    )
    assert token.json()["has_oauth_secret"]
    for wrong in ({"address": "x"}, {"address": "a+b@c.example"}, {"team_id": 10**9}, {"imap_port": 0},
                  {"imap_host": "a b"}, {"imap_secret": "x"}, {"unknown": 1}, {"imap_password": "a\nb"}):  # fmt: skip
        assert (await admin.patch(path, json=wrong)).status_code == 422, wrong
    assert (await admin.post("mailboxes", json=body)).status_code == 409
    assert (await agent.patch(path, json={"name": "x"})).status_code == 403
    assert (await agent.post(f"{path}/trial")).status_code == 403
    assert (await customer.get("mailboxes")).status_code == 403
    inside = await admin.patch(
        path, json={"imap_host": "127.0.0.1", "imap_password": "x", "auth": "password"}
    )
    assert inside.status_code == 200
    trial = (await admin.post(f"{path}/trial")).json()["items"]
    assert not trial[-1]["is_good"]
    assert "inside this network" in trial[-1]["text"]


async def test_rules_are_for_administrators(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast
) -> None:
    rule = {"name": "Noise", "field": "subject", "pattern": "win a prize", "ignores": True}
    made = await admin.post("mail/rules", json=rule)
    assert made.status_code == 201, made.text
    path = made.headers["location"].removeprefix("/api/v1/")
    assert (await admin.patch(path, json={"tag": "noise", "team_id": cast.team.id})).json()["tag"] == "noise"
    assert [one["name"] for one in (await admin.get("mail/rules")).json()["items"]] == ["Noise"]
    assert (await admin.post("mail/rules", json={**rule, "field": "header"})).status_code == 422
    for method, path_ in (("GET", "mail/rules"), ("POST", "mail/rules"), ("PATCH", path), ("DELETE", path)):
        body = rule if method in ("POST", "PATCH") else None
        assert (await agent.request(method, path_, json=body)).status_code == 403, method
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).status_code == 404
