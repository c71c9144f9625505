"""Links to settings lead where one may go: whoever sees one is let in, and what one may not open is not shown."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.people.actions import change_user
from ombud.people.roles import create_role
from ombud.testing import Cast
from ombud.web.settings import PLACES
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
ALL = set(PLACES)
OPEN = {
    "admin": ALL,
    "agent": {"tags", "webhooks"},
    "team_agent": {"tags", "webhooks"},
    "light_agent": {"tags", "webhooks"},
    "customer": set[str](),
    "roles.keep": {"tags", "webhooks", "roles"},
    "webhooks.keep": {"tags", "webhooks"},
    "imports.make": {"tags", "webhooks", "transfers"},
    "exports.make": {"tags", "webhooks", "transfers"},
}
"""By persona, or by the one right that an agent's custom role gives."""
_LINK = re.compile(r'href="(/settings/[^"]*)"')


def limited(session: Session, user_id: int, right: str) -> None:
    role = create_role(session, name="Keeper", permissions=[right])
    change_user(session, user_id, {"custom_role_id": role.id})


@pytest.mark.parametrize("who", sorted(OPEN))
async def test_links_lead_where_one_may_go(web: Browser, cast: Cast, desk: Desk, who: str) -> None:
    persona = cast.agent if "." in who else getattr(cast, who)
    if "." in who:
        await desk.arun(SYSTEM, limited, cast.agent.id, who)
    await web.sign_in(persona)
    shown: set[str] = set()
    ahead = ["/tickets", "/me/security", "/mail", "/notifications", f"/customers/{cast.customer.id}"]
    seen = set(ahead)
    while ahead:
        page = await web.get(ahead.pop())
        links = set(_LINK.findall(page.text))
        shown |= links
        # lists of things lead to many pages of a kind: the first two parts tell which kind
        ahead += [link for link in sorted(links) if link not in seen and link.count("/") == 2]
        seen |= links
    for link in sorted(shown):
        assert (await web.get(link.replace("&amp;", "&"))).status_code == 200, (who, link)
    assert {key for key in ALL if f"/settings/{key}" in shown} == OPEN[who]
    for key in sorted(ALL - OPEN[who]):
        assert (await web.get(f"/settings/{key}")).status_code == 403, (who, key)
    first = await web.get("/settings")
    before_others = [f"/settings/{key}" for key in PLACES if key in OPEN[who]][:1]
    assert first.headers.get("location", "") == (before_others or [""])[0]
    assert first.status_code == (303 if before_others else 403)
