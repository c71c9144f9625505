"""Pairs over HTTP: pages of them, saying that two are not one, taking it back; rights and costs."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.testing import Cast, counted, make_customer, make_ticket
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def test_pairs_are_paged_dismissed_and_compared_again(caller: Caller, cast: Cast, desk: Desk) -> None:
    def make(session: Session) -> tuple[list[int], list[str]]:
        people = [make_customer(session, email=f"ann+{n}@example.com", full_name="Ann Lee").id for n in "abc"]
        words = {"title": "Printer prints empty pages", "description": "Since this morning."}
        return people, [make_ticket(session, people[0], **words).ticket_number for _ in range(3)]

    people, numbers = desk.run(SYSTEM, make)
    agent = caller(cast.agent)
    for kind, field, ids, sides in (
        ("users", "user_ids", people, ("person", "id")),
        ("tickets", "numbers", numbers, ("ticket", "number")),
    ):
        here, name = f"duplicates/{kind}", sides[1]

        async def found(here: str = here, name: str = name, side: str = sides[0]) -> set[tuple[object, ...]]:
            pairs, cursor = [], ""
            while True:
                answer = (await agent.get(f"{here}?limit=2{cursor}")).json()
                pairs += [(one[side][name], one["other"][name]) for one in answer["items"]]
                if answer["next_cursor"] is None:
                    assert len(pairs) == len(set(pairs)), "no pair twice"
                    return set(pairs)
                cursor = f"&cursor={answer['next_cursor']}"

        assert len(await found()) == 3
        body = {field: [ids[2], ids[0]]}
        with counted() as statements:
            done = await agent.post(f"{here}/dismissals", json=body)
        assert (done.status_code, len(statements) <= 10) == (204, True), (done.text, len(statements))
        assert (await agent.post(f"{here}/dismissals", json=body)).status_code == 204
        assert await found() == {(ids[0], ids[1]), (ids[1], ids[2])}
        with counted() as statements:
            kept = (await agent.get(f"{here}/dismissals")).json()
        assert len(statements) <= 8
        assert [(one[sides[0]][name], one["other"][name]) for one in kept["items"]] == [(ids[0], ids[2])]
        taken_back = f"{here}/dismissals/{ids[2]}/{ids[0]}"
        assert (await agent.delete(taken_back)).status_code == 204
        assert (await agent.delete(taken_back)).status_code == 404
        assert len(await found()) == 3
        for wrong, status in (([ids[0]], 422), ([ids[0], ids[0]], 422)):
            assert (await agent.post(f"{here}/dismissals", json={field: wrong})).status_code == status
        assert (await agent.get(f"{here}?cursor=nonsense")).status_code == 422
        assert (await agent.get(f"{here}/dismissals?cursor=nonsense")).status_code == 422
        for who in (cast.customer, cast.light_agent):
            hidden = who is cast.customer and kind == "tickets"  # not theirs to see
            for answer in (
                await caller(who).post(f"{here}/dismissals", json=body),
                await caller(who).delete(taken_back),
            ):
                assert answer.status_code == (404 if hidden else 403)
        assert (await caller(cast.customer).get(f"{here}/dismissals")).status_code == 403
    missing = await agent.post("duplicates/tickets/dismissals", json={"numbers": [numbers[0], "999999"]})
    assert missing.status_code == 404
