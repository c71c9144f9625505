"""Rows of CSV files: what they become, and what is said of those that are wrong."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any

import pytest

from ombud.clock import frozen
from ombud.models import TicketChannel, TicketPriority, TicketStatus, UserRole
from ombud.transfer import CsvMapping, LeftOut, TicketRecord, read_csv
from ombud.transfer.tabular import BadTable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = "id,subject,text,mail,name,status,opened,done,answer,tags"
MAPPING: dict[str, Any] = {
    "source": "old",
    "time_zone": "Europe/Berlin",
    "ticket": {
        "key": "id",
        "title": "subject",
        "description": "text",
        "status": {"column": "status", "map": {"New": "open", "Done": "closed"}},
        "created_at": "opened",
        "resolved_at": "done",
        "tags": ["tags"],
    },
    "requester": {"email": "mail", "name": "name"},
    "agent": {"email": "desk@example.com", "name": "Desk"},
    "comment": [{"body": "answer"}],
}
GOOD = "7,Broken,It smokes,ann@example.com,Ann,New,2026-01-05 10:00,,,"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with frozen(NOW):
        yield


def _read(*rows: str, header: str = HEADER, **changes: Any) -> list[TicketRecord | LeftOut]:
    mapping = CsvMapping.model_validate(MAPPING | changes)
    return list(
        read_csv(BytesIO("\n".join([header, *rows]).encode(mapping.encoding, "surrogateescape")), mapping)
    )


def _one(row: str, **changes: Any) -> TicketRecord:
    [record] = _read(row, **changes)
    assert isinstance(record, TicketRecord), record
    return record


def _problems(row: str, **changes: Any) -> dict[str, str]:
    [entry] = _read(row, **changes)
    assert isinstance(entry, LeftOut), entry
    return dict(entry.problems)


def test_a_row_becomes_a_ticket() -> None:
    record = _one(
        '8,Late,"Where, please?\nI wait",Ann@Example.com,Ann  B,done,2026-01-05 10:00,2026-01-06 08:00,Sent,vip'
    )
    assert (record.key, record.line, record.title) == ("8", 2, "Late")
    assert record.description == "Where, please?\nI wait"
    assert (record.requester.email, record.requester.full_name) == ("Ann@Example.com", "Ann B")
    assert record.status is TicketStatus.CLOSED
    assert (record.priority, record.channel) == (TicketPriority.MEDIUM, TicketChannel.WEB)
    assert record.created_at == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert record.resolved_at == record.comments[0].at == datetime(2026, 1, 6, 7, tzinfo=UTC)
    assert record.comments[0].author.role is UserRole.AGENT
    assert not record.comments[0].author.is_active
    assert record.tags == ("vip",)


def test_lines_are_counted_where_rows_begin() -> None:
    rows = _read('1,A,"two\nlines",a@example.com,A,,,,,', "", "2,B,x,b@example,B,,oops,,,")
    assert [row.line for row in rows] == [2, 5]
    assert isinstance(rows[1], LeftOut)


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        (GOOD.replace("7,", ",", 1), "key", "must not be blank."),
        (GOOD.replace("Broken", " "), "title", "must not be blank."),
        (GOOD.replace("Broken", "B" * 501), "title", "must have at most 500 characters, not 501."),
        (GOOD.replace("It smokes", "a\0b"), "description", "must not contain NUL characters."),
        (GOOD.replace("It smokes", "x" * 1_000_001), "description", "must have at most 1,000,000 characters"),
        (GOOD.replace("It smokes", "caf\udce9"), "description", "is not text in the file's encoding"),
        (GOOD.replace("ann@example.com", "ann"), "requester.email", "must be an address"),
        (GOOD.replace("ann@example.com", ""), "requester.email", "must not be blank."),
        (GOOD.replace(",Ann,", f",{'A' * 256},"), "requester.name", "must have at most 255"),
        (GOOD.replace("New", "Odd"), "status", "'Odd' is not in the map."),
        (GOOD.replace("2026-01-05 10:00", "yesterday"), "created_at", "'yesterday' is not a time such as"),
        (GOOD.replace("2026-01-05", "2027-01-05"), "created_at", "lies in the future."),
        (GOOD.replace(",,,", ",2026-01-04,,", 1), "resolved_at", "lies before the ticket was created."),
        (GOOD[:-1], "row", "has 9 cells, not 10."),
        (GOOD + ",more", "row", "has 11 cells, not 10."),
        (GOOD + "t" * 101, "tags", "must have at most 100"),
        (GOOD.replace("It smokes", '"open'), "row", "is not valid CSV: unexpected end of data."),
    ],
)
def test_what_is_wrong_is_said_by_field(row: str, field: str, rule: str) -> None:
    problems = _problems(row)
    assert list(problems) == [field]
    assert rule in problems[field]


def test_all_problems_of_a_row_are_told_at_once() -> None:
    assert set(_problems(",,x,nobody,,Odd,soon,,,")) == {
        "key",
        "title",
        "requester.email",
        "status",
        "created_at",
    }


def test_a_bad_row_does_not_spoil_the_next() -> None:
    rows = _read("1,x", GOOD, '2,"a"b,x,a@example.com,A,,,,,', GOOD.replace("7", "8", 1))
    assert [type(row) for row in rows] == [LeftOut, TicketRecord, LeftOut, TicketRecord]


def test_cells_that_look_like_formulas_stay_as_they_are() -> None:
    record = _one('9,"=HYPERLINK(""http://evil.example"")",+1+cmd|calc,ann@example.com,@SUM(A1),,,,,')
    assert record.title == '=HYPERLINK("http://evil.example")'
    assert record.description == "+1+cmd|calc"
    assert record.requester.full_name == "@SUM(A1)"


def test_other_encodings_and_delimiters() -> None:
    row = GOOD.replace("Broken", "Käse für Łukasz").replace(",", ";")
    header = HEADER.replace(",", ";")
    assert _one(row, header=header, delimiter=";", encoding="utf-16").title == "Käse für Łukasz"
    western = GOOD.replace("Broken", "Käse")
    assert _one(western, encoding="windows-1252").title == "Käse"


def test_western_text_that_is_read_as_utf8_is_told_by_field() -> None:
    data = f"{HEADER}\n{GOOD.replace('Broken', 'Käse')}\n{GOOD}".encode("windows-1252")
    first, second = read_csv(BytesIO(data), CsvMapping.model_validate(MAPPING))
    assert isinstance(first, LeftOut)
    assert "encoding" in first.problems["title"]
    assert isinstance(second, TicketRecord)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "The file is empty"),
        (b"id;subject\n", "has no column 'id', 'subject', 'text'"),
        (HEADER.replace("status", "state").encode(), "has no column 'status'"),
        (f"{HEADER},id".encode(), "more than one column 'id'"),
        (HEADER.encode("utf-16"), "has no column"),
        (b'"open', "The first line is not valid CSV"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_as_a_whole(data: bytes, told: str) -> None:
    with pytest.raises(BadTable, match=told):
        list(read_csv(BytesIO(data), CsvMapping.model_validate(MAPPING)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "idna", "punycode"])
def test_an_encoding_that_is_not_the_files_is_told(encoding: str) -> None:
    """Whatever the codec raises: of UTF-16 without its mark it is no UnicodeDecodeError."""
    with pytest.raises(BadTable, match=f"The file is not {encoding} text"):
        list(
            read_csv(
                BytesIO(f"{HEADER}\n{GOOD}".encode()),
                CsvMapping.model_validate(MAPPING | {"encoding": encoding}),
            )
        )


def test_a_file_with_nothing_but_a_header_has_no_rows() -> None:
    assert _read() == []


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert _one(GOOD, encoding="utf-8-sig").key == "7"


def test_constants_defaults_templates_and_the_first_filled_column() -> None:
    fields = MAPPING["ticket"] | {
        "title": "{subject} #{id}",
        "channel": {"value": "phone"},
        "status": {"column": "status", "map": {"New": "open"}, "default": "in_progress"},
        "description": {"columns": ["answer", "text"]},
        "created_at": {"columns": ["done", "opened"], "pick": "earliest", "default": "2025-01-01"},
        "resolved_at": {"column": "done", "format": "%d.%m.%Y"},
    }
    record = _one("7,{id},It smokes,a@example.com,,Odd,,,,", ticket=fields, comment=[])
    assert record.title == "{id} #7"
    assert (record.channel, record.status) == (TicketChannel.PHONE, TicketStatus.IN_PROGRESS)
    assert record.description == "It smokes"
    assert record.created_at == datetime(2024, 12, 31, 23, tzinfo=UTC)


class _Endless(RawIOBase):
    """A file of a great many rows that exists nowhere."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.number = 0
        self.rest = (HEADER + "\n").encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self.rest) < len(buffer) and self.number < self.rows:
            self.number += 1
            self.rest += f"{self.number},T,{'x' * 2000},a{self.number}@example.com,A,,,,,\n".encode()
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


def test_memory_stays_flat() -> None:
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_csv(BufferedReader(_Endless(5000)), CsvMapping.model_validate(MAPPING)))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 5000
    assert peak < 2_000_000
