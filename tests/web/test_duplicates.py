"""The page of duplicates: pairs side by side, why, merging, keeping apart, and taking that back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.testing import Cast, make_customer, make_ticket
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
HERE = "/duplicates"


async def test_pairs_are_shown_and_settled(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.admin)
    costs = []
    for of, said in (("people", "Nobody is here twice"), ("tickets", "No ticket is here twice")):
        with counted() as statements:
            assert said in (await web.get(f"{HERE}?of={of}")).text
        costs.append(len(statements))
        assert "Nothing is kept apart" in (await web.get(f"{HERE}/apart?of={of}")).text

    def make(session: Session) -> list[int]:
        anns = [
            make_customer(session, email=f"ann+{n}@example.com", full_name="Ann Lee").id for n in range(8)
        ]
        words = {"title": "Printer prints empty pages", "description": "Since this morning."}
        for _ in range(2):
            make_ticket(session, anns[0], **words)
        return anns

    one, two, *_ = await desk.arun(SYSTEM, make)
    for of, cost in zip(("people", "tickets"), costs, strict=True):
        with counted() as statements:
            shown = (await web.get(f"{HERE}?of={of}")).text
        assert len(statements) <= cost + 2, "as many pairs as there may be"
        assert cost <= 10
    assert re.search(r'href="/tickets/merge\?ticket=\d+&amp;into=\d+"', shown)
    assert "the same title, the same text, opened within a day" in shown
    people = (await web.get(HERE)).text
    assert f'href="/customers/{one}/merge?other={two}"' in people
    assert "the same inbox, the same name" in people
    further = re.search(r'href="(/duplicates\?[^"]+)" rel="next"', people)
    assert people.count('class="pair"') == 20
    assert further is not None
    assert (await web.get(further[1].replace("&amp;", "&"))).text.count('class="pair"') == 8
    kept = await web.post(f"{HERE}/apart", {"of": "people", "one": str(two), "other": str(one)})
    assert kept.status_code == 303, kept.text
    after = (await web.get(kept.headers["location"])).text
    assert f'href="/customers/{one}/merge?other={two}"' not in after
    assert "They are kept apart" in after
    apart = (await web.get(f"{HERE}/apart")).text
    assert "ann+0@example.com" in apart
    assert "ann+1@example.com" in apart
    pair = {"of": "people", "one": str(one), "other": str(two)}
    assert (await web.post(f"{HERE}/apart/removal", pair)).status_code == 303
    assert f'href="/customers/{one}/merge?other={two}"' in (await web.get(HERE)).text
    for path in (f"{HERE}?of=x", f"{HERE}?cursor=x", f"{HERE}/apart?cursor=x"):
        assert (await web.get(path)).status_code == 422, path
    assert (await web.get(f"{HERE}?kept=<b>")).status_code == 200
    assert (await web.post(f"{HERE}/apart", {"of": "people", "one": "1"})).status_code == 404
    web.client.cookies.clear()
    await web.sign_in(cast.light_agent)
    looks = (await web.get(HERE)).text
    assert "Not a duplicate" not in looks
    assert "/merge?other=" not in looks
    assert (await web.post(f"{HERE}/apart", pair)).status_code == 403
