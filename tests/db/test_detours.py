"""What the short way leaves to the usual one is counted, told now and then, and fails a test where it is a fault."""

import logging

import pytest

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.detours import DETOURS, SILENCE_SECONDS, Detours
from ombud.db.plain import Seat
from ombud.people import queries as people
from ombud.testing import Cast, make_ticket
from ombud.tickets.queries.plain import new_ticket, ticket_json


def test_a_cause_is_told_once_in_a_while_with_how_often(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    detours = Detours(lambda: now[0])
    for moment, error in ((0.0, TypeError("a")), (1.0, TypeError("b")), (2.0, ConnectionResetError("c"))):
        now[0] = moment
        detours.note(error)
    now[0] = SILENCE_SECONDS + 1
    detours.note(TypeError("d"))
    assert detours.counts == {"TypeError": 3, "ConnectionResetError": 1}
    assert detours.faults == ["TypeError: a", "TypeError: b", "TypeError: d"]
    told = [(record.levelno, record.msg.facts) for record in caplog.records]  # type: ignore[union-attr]  # an Event
    assert told == [
        (logging.ERROR, {"cause": "TypeError", "times": 1}),
        (logging.WARNING, {"cause": "ConnectionResetError", "times": 1}),
        (logging.ERROR, {"cause": "TypeError", "times": 2}),
    ]


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
    assert await desk.answer(seat, "", (new_ticket(),), "A", "", "no number", "", "", "", writes=True) is None
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
    assert await desk.answer(seat, "", steps, *texts, writes=True) is None

    def titles(session: DeskSession) -> list[str]:
        from ombud.models import Ticket

        return [ticket.title for ticket in session.query(Ticket)]

    there = desk.run(Actor.system("test"), make_ticket, cast.customer.id).title
    assert desk.run(Actor.system("test"), titles) == [there]
