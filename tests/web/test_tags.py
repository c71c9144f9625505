"""The page of tags: counts, one way of writing, merging, deleting, and the way back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import Tag
from ombud.testing import Cast, make_tag, make_ticket
from ombud.tickets import add_tags
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
HERE = "/settings/tags"


async def make_tags(desk: Desk, cast: Cast) -> dict[str, int]:
    async with desk.abegin(SYSTEM) as session:
        for names in (["Big_One", "big one"], ["big one"], ["vip"]):
            ticket = await session.run_sync(make_ticket, cast.customer.id)
            await session.run_sync(add_tags, ticket.id, names)
    return await tags(desk)


async def tags(desk: Desk) -> dict[str, int]:
    async with desk.aread(SYSTEM, fresh=True) as session:
        return {tag.name: tag.id for tag in await session.scalars(select(Tag))}


async def test_tags_are_counted_merged_deleted_and_come_back(web: Browser, cast: Cast, desk: Desk) -> None:
    made = await make_tags(desk, cast)
    await web.sign_in(cast.agent)
    shown = (await web.get(HERE)).text
    assert re.findall(r">(\d+ tickets?)<", shown) == ["2 tickets", "1 ticket", "1 ticket"]
    link = re.search(r'href="(/tickets\?view=all[^"]+)">2 tickets', shown)
    assert link is not None
    assert (await web.get(link[1].replace("&amp;", "&"))).text.count('class="row"') == 2
    for path, form, name in (
        (f"{made['vip']}/merge", {"into": "BIG ONE"}, "vip"),
        (f"{made['big one']}/deletion", {}, "big one"),
        (f"{made['vip']}", {"name": "very <b>important", "description": "x"}, "vip"),
        ("normalisation", {}, "Big_One"),
    ):
        done = await web.post(f"{HERE}/{path}", form)
        assert done.status_code == 200, (path, done.text)
        assert name not in await tags(desk), path
        request = re.search(r'name="request" value="([^"]+)"', done.text)
        assert request is not None, path
        assert (await web.post("/undo", {"request": request[1]})).status_code == 303
        assert await tags(desk) == made, path


async def test_what_is_wrong_is_said(web: Browser, cast: Cast, desk: Desk) -> None:
    made = await make_tags(desk, cast)
    await web.sign_in(cast.agent)
    for path, form, said in (
        (f"{made['vip']}/merge", {"into": "nothing"}, "The other tag must be the name of a tag."),
        (f"{made['vip']}/merge", {"into": "vip"}, "The other tag must be another tag."),
        (f"{made['vip']}", {"name": "BIG ONE"}, "already used"),
        (f"{made['vip']}", {"name": " "}, "The name "),
    ):
        answer = await web.post(f"{HERE}/{path}", form)
        assert (answer.status_code, said in answer.text) == (422, True), (path, form)
    for path in ("999999", "x", "999999/deletion"):
        assert (await web.post(f"{HERE}/{path}", {"name": "y"})).status_code == 404, path
    assert await tags(desk) == made


async def test_who_does_not_see_every_ticket_changes_no_tag(web: Browser, cast: Cast, desk: Desk) -> None:
    made = await make_tags(desk, cast)
    for who in (cast.team_agent, cast.light_agent):
        await web.sign_in(who)
        shown = (await web.get(HERE)).text
        assert "/deletion" not in shown
        for path in (f"{made['vip']}", f"{made['vip']}/deletion", f"{made['vip']}/merge", "normalisation"):
            answer = await web.post(f"{HERE}/{path}", {"name": "y", "into": "big one"})
            assert answer.status_code == 403, (who.email, path)
        await web.post("/sign-out")
    assert await tags(desk) == made


async def test_many_tags_are_paged_at_one_price(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    await web.get(HERE)
    with counted() as log:
        assert "No tag yet" in (await web.get(HERE)).text
    few = len(log.statements)
    async with desk.abegin(SYSTEM) as session:
        for number in range(60):
            await session.run_sync(make_tag, f"T&g {number:02d}")
    with counted() as log:
        shown = (await web.get(f"{HERE}?q=t%26g")).text
    assert len(log.statements) == few <= 5, log.statements
    more = re.search(r'href="([^"]+)" rel="next"', shown)
    assert more is not None
    last = (await web.get(more[1].replace("&amp;", "&"))).text
    found = [re.findall(r"<bdi>T&amp;g (\d+)</bdi>", one) for one in (shown, last)]
    assert found == [[f"{one:02d}" for one in range(50)], [f"{one:02d}" for one in range(50, 60)]]
