"""One verdict by every way: who sees which tickets, over the API, on pages, in searches, events and exports (T36).

The table is written by hand. Webhooks, mail and jobs have the same in `tests/webhooks`, `tests/mail_desk` and
`tests/transfer/jobs/test_sight.py`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI

from ombud.api.app import create_api
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.tickets import soft_delete_ticket
from ombud.transfer.export import csv_lines
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
CANARY = re.compile(r"zebra-([a-z]+)")
ALL = {"own", "mate", "foreign", "elsewhere", "loose"}
SEES = {
    "customer": {"own", "mate", "loose"},
    "other_customer": {"foreign", "elsewhere"},
    "team_agent": {"own", "foreign", "loose"},
    "light_agent": ALL,
    "admin": ALL,
}


async def made(desk: Desk, cast: Cast) -> dict[str, str]:
    """Open tickets whose titles tell them apart; return their numbers. One more is deleted, and nobody lists it."""
    of = {
        "own": (cast.customer, cast.team.id),
        "mate": (cast.colleague, cast.other_team.id),
        "foreign": (cast.other_customer, cast.team.id),
        "elsewhere": (cast.other_customer, cast.other_team.id),
        "loose": (cast.customer, None),
        "gone": (cast.customer, cast.team.id),
    }
    numbers = {}
    async with desk.abegin(SYSTEM) as session:
        for name, (who, team_id) in of.items():
            title = f"zebra-{name} striped"
            ticket = await session.run_sync(make_ticket, who.id, title=title, team_id=team_id)
            numbers[name] = ticket.ticket_number
            if name == "gone":
                await session.run_sync(soft_delete_ticket, ticket.id)
    return numbers


@pytest.mark.parametrize("who", sorted(SEES))
async def test_every_way_gives_the_same_verdict(
    web: Browser, runtime: Runtime, desk: Desk, cast: Cast, who: str
) -> None:
    persona, expected = getattr(cast, who), SEES[who]
    is_staff = persona.actor.is_staff
    app = FastAPI(openapi_url=None)
    app.mount("/api/v1", create_api(runtime))
    headers = {"Authorization": f"Bearer {persona.token}"}
    at = "http://desk.example/api/v1/"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=at, headers=headers) as api:
        cursor = (await api.get("events")).json()["next_cursor"] if is_staff else ""
        numbers = await made(desk, cast)
        await web.sign_in(persona)

        def by_number(path: str, get: Callable[[str], Awaitable[httpx.Response]]) -> Awaitable[set[str]]:
            async def ask() -> set[str]:
                answers = {name: await get(path.format(numbers[name])) for name in ALL}
                strange = {
                    n: (one.status_code, re.findall(r"<p>[^<]*</p>|<h1>[^<]*", one.text))
                    for n, one in answers.items()
                    if one.status_code not in {200, 404}
                }
                assert not strange, (path, strange)
                return {name for name, one in answers.items() if one.status_code == 200}

            return ask()

        async def told(path: str, get: Callable[[str], Awaitable[httpx.Response]]) -> set[str]:
            answer = await get(path)
            assert answer.status_code == 200, (path, answer.text[:300])
            return set(CANARY.findall(answer.text)) - {"gone"} if "gone" not in answer.text else {"gone"}

        verdicts = {
            "one": await by_number("tickets/{}", api.get),
            "its comments": await by_number("tickets/{}/comments", api.get),
            "its files": await by_number("tickets/{}/attachments", api.get),
            "with all": await by_number("tickets/{}?include=comments&fields=number", api.get),
            "list": await told("tickets", api.get),
            "fields": await told("tickets?fields=title", api.get),
            "search": await told("tickets?q=striped", api.get),
            "substring": await told("tickets?substring=zebra-", api.get),
            "page": await by_number("/tickets/{}", web.get),
            "what is live on it": await by_number("/tickets/{}/live", web.get),
            "list of pages": await told("/tickets?view=all", web.get),
            "search of pages": await told("/tickets?q=striped", web.get),
        }
        counted = (await api.get("tickets?count=true")).json()["total"]
        assert counted == len(expected)
        if is_staff:
            events = (await api.get(f"events?cursor={cursor}")).json()["items"]
            names = {number: name for name, number in numbers.items()}
            verdicts["events"] = {names[one["number"]] for one in events} - {"gone"}
            verdicts["history"] = await by_number("tickets/{}/history", api.get)
            verdicts["as it was"] = await by_number("tickets/{}?as_of=2100-01-01T00:00:00Z", api.get)
            total = (await api.get("statistics")).json()["total"]
            assert total == len(expected)
            with desk.read(persona.actor) as session:
                exported = "".join(line for line, _is_ticket in csv_lines(session))
            verdicts["export"] = set(CANARY.findall(exported)) - {"gone"}
    for way, verdict in verdicts.items():
        assert verdict == expected, way
