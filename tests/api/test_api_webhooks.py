"""Webhooks over HTTP: who may, what comes out once, and what it costs."""

import asyncio

import httpx
import pytest

from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.kit.vault import open_vault
from ombud.testing import Cast
from ombud.worker.hooks import Courier, guard_of
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio
URL = "https://hooks.example/ombud"


async def test_a_webhook_from_beginning_to_end(agent: httpx.AsyncClient, desk: Desk) -> None:
    with counted() as log:
        made = await agent.post("webhooks", json={"url": URL, "events": ["ticket.created"]})
    assert made.status_code == 201, made.text
    assert len(log) <= 11, str(log)
    hook = made.json()
    path = f"webhooks/{hook['id']}"
    assert made.headers["Location"] == f"/api/v1/{path}"
    secret = hook.pop("secret")
    assert secret.startswith("whsec_")
    with counted() as log:
        assert (await agent.get(path)).json() == hook
    assert len(log) <= 4, str(log)
    listed = (await agent.get("webhooks")).json()
    assert listed == {"items": [hook], "next_cursor": None}
    changed = await agent.patch(path, json={"description": "Ours", "includes_notes": True})
    assert (changed.json()["description"], changed.json()["includes_notes"]) == ("Ours", True)
    rotated = (await agent.post(f"{path}/secret")).json()
    assert rotated["secret"] not in (None, secret)
    assert rotated["old_secret_until"] is not None
    tried = await agent.post(f"{path}/trial")
    assert (tried.json()["event"], tried.json()["state"]) == ("webhook.test", "waiting")
    with counted() as log:
        deliveries = (await agent.get(f"{path}/deliveries")).json()["items"]
    assert [one["message_id"] for one in deliveries] == [tried.json()["message_id"]]
    assert len(log) <= 5, str(log)
    again = await agent.post(f"{path}/deliveries/{deliveries[0]['id']}/attempt")
    assert again.json()["message_id"] == tried.json()["message_id"]
    assert (await agent.get(f"{path}/deliveries?state=failed")).json()["items"] == []
    assert (await agent.post(f"{path}/deliveries/999/attempt")).status_code == 404
    everything = str([listed, changed.text, tried.text, deliveries])
    assert secret not in everything
    assert rotated["secret"] not in everything
    assert (await agent.delete(path)).status_code == 204
    assert (await agent.get(path)).status_code == 404


async def test_a_repeated_call_does_not_tell_the_secret_again(agent: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "one-webhook"}
    first = await agent.post("webhooks", json={"url": URL}, headers=key)
    second = await agent.post("webhooks", json={"url": URL}, headers=key)
    assert first.json()["secret"].startswith("whsec_")
    assert second.json() == {**first.json(), "secret": None}
    assert len((await agent.get("webhooks")).json()["items"]) == 1


async def test_who_may(caller: Caller, cast: Cast) -> None:
    hook = (await caller(cast.agent).post("webhooks", json={"url": URL})).json()["id"]
    routes = [
        ("GET", "webhooks", None),
        ("POST", "webhooks", {"url": URL}),
        ("GET", f"webhooks/{hook}", None),
        ("PATCH", f"webhooks/{hook}", {"description": "x"}),
        ("POST", f"webhooks/{hook}/secret", None),
        ("POST", f"webhooks/{hook}/trial", None),
        ("GET", f"webhooks/{hook}/deliveries", None),
        ("POST", f"webhooks/{hook}/deliveries/1/attempt", None),
        ("DELETE", f"webhooks/{hook}", None),
    ]
    for method, path, body in routes:
        answer = await caller(cast.customer).request(method, path, json=body)
        assert answer.status_code == 403, (method, path)
        if method != "GET":
            answer = await caller(cast.light_agent).request(method, path, json=body)
            assert answer.status_code == 403, (method, path)
        if path != "webhooks":
            foreign = await caller(cast.other_agent).request(method, path, json=body)
            missing = await caller(cast.other_agent).request(
                method, path.replace(str(hook), "999"), json=body
            )
            assert (foreign.status_code, foreign.json()["detail"]) == (404, missing.json()["detail"])
    assert (await caller(cast.other_agent).get("webhooks")).json()["items"] == []
    assert len((await caller(cast.admin).get("webhooks")).json()["items"]) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://a:b@hooks.example/",
        "https://hooks.example:6379/",
        "file:///etc/passwd",
    ],
)
async def test_addresses_inside_are_refused_by_field(agent: httpx.AsyncClient, url: str) -> None:
    made = await agent.post("webhooks", json={"url": url})
    assert made.status_code == 422
    assert made.json()["errors"][0]["pointer"] == "#/url"
    hook = (await agent.post("webhooks", json={"url": URL})).json()["id"]
    assert (await agent.patch(f"webhooks/{hook}", json={"url": url})).status_code == 422


async def test_a_name_that_leads_inside_fails_without_a_word_about_it(
    agent: httpx.AsyncClient, desk: Desk
) -> None:
    hook = (await agent.post("webhooks", json={"url": "https://localhost/"})).json()["id"]
    await agent.post(f"webhooks/{hook}/trial")
    folder = desk.settings.data_dir
    assert folder is not None
    courier = Courier(desk, await asyncio.to_thread(open_vault, folder / "keys"), guard_of(desk.settings))
    await courier.run_until_idle()
    (tried,) = (await agent.get(f"webhooks/{hook}/deliveries")).json()["items"]
    assert (tried["state"], [one["status"] for one in tried["attempts"]]) == ("waiting", [None])
