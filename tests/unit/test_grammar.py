from datetime import UTC, datetime

import pytest

from ombud import clock
from ombud.errors import Invalid
from ombud.models import TicketPriority, TicketStatus
from ombud.tickets.filters import ME, UNASSIGNED, TicketFilter, View
from ombud.tickets.grammar import understand

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def read(text: str) -> TicketFilter:
    with clock.frozen(NOON):
        return understand(TicketFilter(text=text))


def test_words_alone_stay_words() -> None:
    for text in (
        "printer on fire",
        '"exact phrase" -not',
        "error: disk full",
        "https://example.com/a:b",
        "10:30",
    ):
        assert read(text) == TicketFilter(text=text)


def test_terms_become_conditions_and_leave_the_words() -> None:
    found = read(
        'refund status:open STATUS:in-progress priority:urgent team:"Second line" tag:vip tag:Late order'
    )
    assert found.text == "refund order"
    assert found.statuses == (TicketStatus.OPEN, TicketStatus.IN_PROGRESS)
    assert found.priorities == (TicketPriority.URGENT,)
    assert found.team_names == ("Second line",)
    assert found.tags == ("vip", "Late")


def test_terms_add_to_what_the_filter_had() -> None:
    wanted = TicketFilter(text="status:closed", statuses=(TicketStatus.OPEN,))
    assert understand(wanted).statuses == (TicketStatus.OPEN, TicketStatus.CLOSED)
    assert understand(wanted).text is None


def test_assignees() -> None:
    assert read("assignee:me is:unassigned").assignees == (ME, UNASSIGNED)
    assert read("assignee:none").assignees == (UNASSIGNED,)
    assert read("assignee:anna").assignee_names == ("anna",)


def test_kinds() -> None:
    found = read("is:overdue has:attachment is:deleted")
    assert (found.overdue, found.has_attachment, found.deleted, found.text) == (True, True, True, None)
    assert set(read("is:open").statuses or ()) == {
        TicketStatus.OPEN,
        TicketStatus.IN_PROGRESS,
        TicketStatus.WAITING_ON_CUSTOMER,
    }


@pytest.mark.parametrize(
    ("term", "start", "end"),
    [
        ("created:2026", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("created:2026-12", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("created:2026-02-28", datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        ("created:>2026-02-28", datetime(2026, 3, 1, tzinfo=UTC), None),
        ("created:>=2026-02-28", datetime(2026, 2, 28, tzinfo=UTC), None),
        ("created:<2026-02-28", None, datetime(2026, 2, 28, tzinfo=UTC)),
        ("created:<=2026-02-28", None, datetime(2026, 3, 1, tzinfo=UTC)),
        ("created:2026-01..2026-02", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        ("created:..2026-02", None, datetime(2026, 3, 1, tzinfo=UTC)),
        ("created:7d", datetime(2026, 3, 8, 12, tzinfo=UTC), None),
    ],
)
def test_periods_include_the_days_they_name(term: str, start: datetime | None, end: datetime | None) -> None:
    found = read(term)
    assert (found.created_from, found.created_to) == (start, end)


def test_of_several_times_all_hold() -> None:
    found = read("created:>=2026-01-03 created:<2026-02 created:2025..2026-01-20")
    assert (found.created_from, found.created_to) == (
        datetime(2026, 1, 3, tzinfo=UTC),
        datetime(2026, 1, 21, tzinfo=UTC),
    )


def test_a_view_gives_way_to_whose_name_was_typed() -> None:
    """As it does to who was chosen: mine, and of these Anna's, would be nothing at all."""
    assert View.MINE.narrowed(read("assignee:anna")).assignees is None
    assert View.MINE.narrowed(read("assignee:anna assignee:me")).assignees == (ME,)
    assert View.MINE.narrowed(read("team:anna")).assignees == (ME,)


def test_days_are_those_of_the_zone() -> None:
    """Berlin's clocks change on March 29th, 2026, which has 23 hours; a term that leaves out knows the zone, too."""
    found = understand(TicketFilter(text="created:2026-03-29 -updated:2026-07", time_zone="Europe/Berlin"))
    assert (found.created_from, found.created_to) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),
    )
    start, end = datetime(2026, 6, 30, 22, tzinfo=UTC), datetime(2026, 7, 31, 22, tzinfo=UTC)
    assert found.without == (TicketFilter(updated_from=start, updated_to=end),)
    with pytest.raises(Invalid) as caught:
        TicketFilter(text="created:2026", time_zone="Mars/Phobos")
    assert list(caught.value.fields) == ["time_zone"]


def test_a_dash_leaves_out_what_a_term_finds() -> None:
    found = read('-status:open refund -STATUS:closed -team:"Second line" tag:vip -tag:spam -is:deleted -x:y')
    assert (found.text, found.tags, found.statuses) == ("refund -x:y", ("vip",), None)
    assert found.without == (
        TicketFilter(statuses=(TicketStatus.OPEN,)),
        TicketFilter(statuses=(TicketStatus.CLOSED,)),
        TicketFilter(team_names=("Second line",)),
        TicketFilter(tags=("spam",)),
    )
    assert not found.deleted
    assert read("-has:attachment").is_search


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('-contains:"50 %"', "contains"),
        ("-status:broken", "status"),
        ("status:broken", "status"),
        ("priority:9", "priority"),
        ("is:funny", "is"),
        ("has:legs", "has"),
        ("created:yesterday", "created"),
        ("created:2026-13", "created"),
        ("created:0000", "created"),
        ("updated:9999", "updated"),
        ("resolved:1-2-3-4", "resolved"),
    ],
)
def test_a_value_that_a_term_does_not_have_is_named(text: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(text)
    assert list(caught.value.fields) == [field]
