"""Whoever says what about the desk's host: letters link to its configured address, and nowhere else (T27)."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from ombud import Settings
from ombud.asgi import build_app
from ombud.kit.vault import open_vault
from ombud.worker.mail_out import Sender, write_requested_letters
from tests.mail_desk.conftest import CONNECT, OutTray

BASE_URL = "https://desk.example"
EVIL = "evil.example"
FORGED = (
    {"X-Forwarded-Host": EVIL},
    {"X-Forwarded-Host": f"{EVIL}, desk.example", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "81"},
    {"Forwarded": f"for=1.2.3.4;host={EVIL};proto=http"},
    {"X-Host": EVIL, "X-Original-Host": EVIL, "X-Forwarded-Server": EVIL, "X-HTTP-Host-Override": EVIL},
    {"X-Original-URL": f"https://{EVIL}/", "X-Rewrite-URL": f"//{EVIL}/", "Referer": f"{BASE_URL}@{EVIL}/"},
    {"Host": f"{EVIL}@desk.example"},
    {"Host": "desk.example:8081"},
    {"Host": "localhost"},
)
REFUSED = (EVIL, f"desk.example.{EVIL}", f"desk.example@{EVIL}", f"{EVIL}#desk.example", f"{EVIL}:443", "")
_LINK = re.compile(rb'https?://[^\s"<>]+')
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"base_url": BASE_URL, "sign_in_links": True})


@pytest.mark.usefixtures("built")
def test_letters_link_to_the_configured_address_whatever_a_request_says(
    tray: OutTray, settings: Settings, tmp_path: Path
) -> None:
    desk, cast = tray.desk, tray.cast
    assert settings.data_dir is not None
    vault = open_vault(settings.data_dir / "keys")
    tray.sender = Sender(
        desk,
        tray.files,
        tray.namer,
        connect=CONNECT,
        base_url=settings.base_url or "",
        secret=lambda sealed, place: vault.open(sealed, place) if sealed is not None else "",
    )
    customers = [cast.customer.email, cast.colleague.email, cast.other_customer.email]
    said = asyncio.run(_ask_for_letters(tray, settings, customers))
    assert EVIL not in said
    assert write_requested_letters(desk, settings) == 2 * len(customers) + 1
    letters = tray.send()
    assert len(letters) == 2 * len(customers) + 1
    for letter in letters:
        assert EVIL.encode() not in letter.raw
        links = _LINK.findall(letter.raw.replace(b"=\r\n", b""))
        assert links, letter.raw
        assert all(f"{link.decode()}/".startswith(f"{BASE_URL}/") for link in links), links


async def _ask_for_letters(tray: OutTray, settings: Settings, emails: list[str]) -> str:
    """Ask for every kind of letter with forged headers, and return all that was answered."""
    said = ""
    transport = httpx.ASGITransport(build_app(tray.desk, settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        for number, email in enumerate([*emails, *emails]):
            path = "/forgot" if number < len(emails) else "/sign-in/link"
            page = (await client.get(path)).text
            form = {"csrf": _token(page), "email": email}
            for host in REFUSED:
                refused = await client.post(path, data=form, headers={"Host": host})
                assert refused.status_code in (400, 421), host
            asked = await client.post(path, data=form, headers=FORGED[number])
            assert asked.status_code == 200, (FORGED[number], asked.text)
            said += page + asked.text + str(asked.headers)
        said += await _invite(client, tray)
        token = {"Authorization": f"Bearer {tray.cast.agent.token}"}
        for headers in FORGED:
            for path in ("openapi.json", "tickets?limit=1", "tickets/1"):
                answer = await client.get(f"/api/v1/{path}", headers={**token, **headers})
                said += answer.text + str(answer.headers)
    await tray.desk.aclose()
    return said


async def _invite(client: httpx.AsyncClient, tray: OutTray) -> str:
    admin, agent = tray.cast.admin, tray.cast.other_agent
    form = {"csrf": _token((await client.get("/sign-in")).text), "email": admin.email}
    assert (await client.post("/sign-in", data={**form, "password": admin.password})).status_code == 303
    page = (await client.get(f"/settings/people/{agent.id}")).text
    invited = await client.post(
        f"/settings/people/{agent.id}/reset", data={"csrf": _token(page)}, headers=FORGED[0]
    )
    assert invited.status_code == 303
    return page + str(invited.headers)


def _token(page: str) -> str:
    found = _TOKEN.search(page)
    assert found, page
    return found[1]
