"""Filters, places and views as values."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ombud import TicketStatus
from ombud.errors import Invalid
from ombud.tickets import ME, UNASSIGNED, UNDONE, Place, TicketFilter, TicketSort, View

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 -- what is refused


@pytest.mark.parametrize(
    "given",
    [
        {"created_from": NAIVE},
        {"created_to": NAIVE},
        {"updated_from": NAIVE},
        {"updated_to": NAIVE},
        {"text": "a\x00b"},
        {"requester_id": 0},
        {"requester_id": -1},
        {"organization_id": 2**63},
        {"team_ids": (2**63,)},
        {"team_ids": (0,)},
        {"assignees": (2**63,)},
        {"assignees": (-5,)},
        {"text": "\ud800"},
        {"tags": ("a\x00b",)},
    ],
)
def test_what_the_database_could_not_take_is_invalid(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        TicketFilter(**given)
    assert list(caught.value.fields) == list(given)


def test_an_order_that_is_none_is_invalid() -> None:
    assert Place("rank").sort is TicketSort.RANK  # type: ignore[arg-type] # of hosts without a type checker
    with pytest.raises(Invalid) as caught:
        Place("title")  # type: ignore[arg-type]
    assert list(caught.value.fields) == ["sort"]


def test_aware_times_are_taken() -> None:
    assert TicketFilter(created_from=datetime(2026, 1, 1, tzinfo=UTC)).created_from is not None


@pytest.mark.parametrize("limit", [0, -1, 101, 10**9])
def test_a_page_is_bounded(limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        Place(limit=limit)


def test_an_order_has_a_name_for_its_cursors() -> None:
    assert Place(sort=TicketSort.CREATED).order_name == "-created"
    assert Place(sort=TicketSort.CREATED, ascending=True).order_name == "created"


def test_a_view_narrows_and_what_was_chosen_wins() -> None:
    assert View.MINE.narrowed(TicketFilter()) == TicketFilter(statuses=UNDONE, assignees=(ME,))
    assert View.UNASSIGNED.narrowed(TicketFilter()).assignees == (UNASSIGNED,)
    assert View.ALL.narrowed(TicketFilter()) == TicketFilter()
    chosen = TicketFilter(statuses=(TicketStatus.CLOSED,), assignees=(7,))
    assert View.MINE.narrowed(chosen) == chosen
    assert View.OPEN.narrowed(TicketFilter(statuses=())).statuses == ()
