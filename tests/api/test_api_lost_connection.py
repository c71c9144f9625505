"""A database connection that is lost under a call that only reads: the call is made again."""

from __future__ import annotations

import httpx
import pytest

from ombud import Desk
from tests.web.test_lost_connection import cut_under

pytestmark = pytest.mark.asyncio


async def test_a_read_is_made_again(agent: httpx.AsyncClient, desk: Desk) -> None:
    cuts = cut_under(desk, "FROM ombud.tickets", 1)
    assert (await agent.get("tickets?count=true")).status_code == 200
    assert cuts() == 1


async def test_once_only_and_then_it_is_told(agent: httpx.AsyncClient, desk: Desk) -> None:
    cuts = cut_under(desk, "FROM ombud.tickets", 5)
    answer = await agent.get("tickets?count=true")
    assert (answer.status_code, answer.json()["code"], cuts()) == (503, "unavailable", 2)
    assert answer.headers["retry-after"] == "1"
