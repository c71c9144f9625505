"""The pages of webhooks: set up, told once what the secret is, tried, sent again, taken away."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from ombud import Actor, Desk
from ombud.db.statements import counted
from ombud.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from ombud.testing import Cast
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
HERE = "/settings/webhooks"
FORM = {
    "url": "https://203.0.113.7/hooks",
    "description": "Ours <b>",
    "ticket.created": "yes",
    "is_active": "yes",
}


async def set_up(web: Browser, **more: str) -> str:
    """Set one up and return its address."""
    await web.get(HERE)
    made = await web.post(HERE, {**FORM, "url": "https://hooks.example/in", **more})
    assert made.status_code == 200, made.text
    found = re.search(rf'action="({HERE}/\d+)"', made.text)
    assert found is not None
    return found[1]


@pytest.fixture(autouse=True)
def known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public address for the name, as if its owner had given it one."""
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: [(2, 1, 6, "", ("93.184.216.34", 443))])


async def test_one_is_set_up_and_its_secret_is_shown_once(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    assert "No webhook yet" in (await web.get(HERE)).text
    made = await web.post(HERE, {**FORM, "url": "https://hooks.example/in"})
    secrets = re.findall(r"whsec_[\w+/=]+", made.text)
    assert len(secrets) == 1
    assert "Ours &lt;b&gt;" in made.text
    where = re.search(rf'action="({HERE}/\d+)"', made.text)
    assert where is not None
    with counted() as log:
        again = await web.get(where[1])
    assert len(log) <= 6, str(log)
    assert secrets[0] not in again.text
    with desk.read(SYSTEM) as session:
        endpoint = session.scalars(select(WebhookEndpoint)).one()
        assert (endpoint.events, endpoint.owner_id) == (["ticket.created"], cast.agent.id)
    other = (await web.post(f"{where[1]}/secret")).text
    assert re.findall(r"whsec_[\w+/=]+", other) not in ([], secrets)
    changed = await web.post(where[1], {"url": "https://hooks.example/out", "includes_notes": "yes"})
    assert changed.status_code == 303
    text = (await web.get(HERE)).text
    assert "https://hooks.example/out" in text
    assert "Switched off" in text
    await web.post(f"{where[1]}/deletion")
    assert "No webhook yet" in (await web.get(HERE)).text


async def test_what_is_wrong_is_said_beside_its_field(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    await web.get(HERE)
    refused = await web.post(HERE, {**FORM, "url": "ftp://hooks.example/"})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert 'value="ftp://hooks.example/"' in refused.text
    assert "Ours &lt;b&gt;" in refused.text


async def test_messages_are_listed_and_sent_again(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    address = await set_up(web)
    assert "Nothing was sent there yet" in (await web.get(address)).text
    assert (await web.post(f"{address}/trial")).status_code == 303
    text = (await web.get(address)).text
    assert "webhook.test" in text
    assert "Waiting" in text
    failed = update(WebhookDelivery).values(
        state=DeliveryState.FAILED, log=[{"at": "2026-11-28T00:00:00Z", "status": 500, "milliseconds": 1234}]
    )
    with desk.begin(SYSTEM) as session:
        session.execute(failed)
    text = (await web.get(address)).text
    assert "Failed" in text
    assert "500 in 1,234 ms" in text
    again = re.search(rf'action="({address}/deliveries/\d+/attempt)"', text)
    assert again is not None
    assert (await web.post(again[1])).status_code == 303
    assert "Waiting" in (await web.get(address)).text


async def test_they_are_ones_own(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    address = await set_up(web)
    for who, status in ((cast.other_agent, 404), (cast.customer, 403), (cast.admin, 200)):
        web.client.cookies.clear()
        await web.sign_in(who)
        assert (await web.get(address)).status_code == status, who
    assert "hooks.example" in (await web.get(HERE)).text
