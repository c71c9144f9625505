"""Which moves are legal, and where replies leave a ticket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombud import TicketStatus
from ombud.tickets import DONE, STATUS_MOVES, UNDONE, IllegalMove
from ombud.tickets.rules import check_move, status_after_reply

statuses = st.sampled_from(TicketStatus)


@given(old=statuses, new=statuses)
def test_exactly_the_moves_of_the_table_are_legal(old: TicketStatus, new: TicketStatus) -> None:
    if new is old or new in STATUS_MOVES[old]:
        check_move(old, new)
        return
    with pytest.raises(IllegalMove) as caught:
        check_move(old, new)
    assert old.value in caught.value.message
    assert new.value in caught.value.message
    assert caught.value.data["field"] == "status"


def test_every_status_can_be_left_and_every_status_is_done_or_not() -> None:
    assert set(STATUS_MOVES) == set(TicketStatus)
    assert all(STATUS_MOVES.values())
    assert {*DONE, *UNDONE} == set(TicketStatus)
    assert [status.is_done for status in (*UNDONE, *DONE)] == [False, False, False, True, True]


def test_a_closed_ticket_can_only_be_reopened() -> None:
    assert STATUS_MOVES[TicketStatus.CLOSED] == {TicketStatus.OPEN}


@pytest.mark.parametrize(
    ("current", "after"),
    [
        (TicketStatus.OPEN, TicketStatus.OPEN),
        (TicketStatus.IN_PROGRESS, TicketStatus.IN_PROGRESS),
        (TicketStatus.WAITING_ON_CUSTOMER, TicketStatus.OPEN),
        (TicketStatus.RESOLVED, TicketStatus.OPEN),
        (TicketStatus.CLOSED, TicketStatus.OPEN),
    ],
)
def test_a_customers_answer_brings_a_ticket_back(current: TicketStatus, after: TicketStatus) -> None:
    assert status_after_reply(current, by_customer=True) is after


@given(current=statuses)
def test_an_agents_answer_moves_nothing_by_itself(current: TicketStatus) -> None:
    assert status_after_reply(current, by_customer=False) is current


@given(current=statuses)
def test_where_an_answer_leads_is_a_legal_move(current: TicketStatus) -> None:
    check_move(current, status_after_reply(current, by_customer=True))
