"""The short way of the API: what fails there is counted as what it is, and what it began to write is taken back.

Here and not with the data layer's tests, which run by drivers that have no short way, too.
"""

import pytest

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.detours import DETOURS
from ombud.db.plain import Seat
from ombud.people import queries as people
from ombud.testing import Cast, make_ticket
from ombud.tickets.queries.plain import new_ticket, ticket_json


@pytest.mark.asyncio
async def test_a_wrong_statement_is_a_fault_and_a_lacking_right_is_none(desk: Desk, cast: Cast) -> None:
    key_id = cast.agent.token.removeprefix("omb_live_").partition("_")[0]
    fields = await desk.arow(people.known_token(), {people.KEY_ID: key_id})
    assert fields is not None
    seat = Seat.of(key_id, fields["stamp"], Actor.agent(cast.agent.id))
    texts = ("A ticket", "", str(cast.agent.id), "low", "open", "api")
    before = DETOURS.counts.copy()
    assert await desk.answer(seat, "", (new_ticket(),), *texts) is None  # what reads writes nothing
    assert DETOURS.faults == []
    assert (
        await desk.answer(seat, "", (new_ticket(),), "A", "", "no number", "", "", "", does="writes") is None
    )
    (fault,) = DETOURS.faults
    assert fault.startswith("22P02: ")
    assert DETOURS.counts - before == {"25006": 1, "22P02": 1}
    DETOURS.faults.clear()


@pytest.mark.asyncio
async def test_what_writes_is_taken_back_when_a_later_step_has_no_answer(desk: Desk, cast: Cast) -> None:
    key_id = cast.agent.token.removeprefix("omb_live_").partition("_")[0]
    fields = await desk.arow(people.known_token(), {people.KEY_ID: key_id})
    assert fields is not None
    seat = Seat.of(key_id, fields["stamp"], Actor.agent(cast.agent.id))
    title = "Never here"
    texts = (title, "", str(cast.agent.id), "low", "open", "api")
    # The second step is given the ticket's JSON, which is the number of no ticket.
    steps = (new_ticket(), ticket_json(seat.actor, 0))
    assert await desk.answer(seat, "", steps, *texts, does="writes") is None

    def titles(session: DeskSession) -> list[str]:
        from ombud.models import Ticket

        return [ticket.title for ticket in session.query(Ticket)]

    there = desk.run(Actor.system("test"), make_ticket, cast.customer.id).title
    assert desk.run(Actor.system("test"), titles) == [there]
