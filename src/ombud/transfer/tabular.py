"""CSV files, streamed: each row becomes a ticket, or a note about what is wrong with it.

Dialect as in RFC 4180 (quoted fields may span lines). Cells are text and stay text: what a spreadsheet would
take for a formula is stored as it is written. Memory holds one row at a time.
"""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import TextIOWrapper
from typing import BinaryIO
from zoneinfo import ZoneInfo

from ombud.clock import now
from ombud.errors import Invalid
from ombud.kit.text import MAX_BODY, clean_body, clean_line, clean_title, is_seen
from ombud.models import TicketChannel, TicketPriority, TicketStatus, UserRole
from ombud.people.addresses import clean_email
from ombud.transfer.cells import Problems, choice_of, moment_of, text_of
from ombud.transfer.mapping import Cell, CommentFields, CsvMapping
from ombud.transfer.records import CommentRecord, LeftOut, PersonRecord, TicketRecord

KEY_LIMIT = 255
TITLE_LIMIT = 500
FIELD_LIMIT = 4 * MAX_BODY
"""Characters in one cell, above which a row is left out: an open quotation mark swallows what follows."""
AHEAD = timedelta(days=1)
"""How far in the future a time may lie: clocks differ."""


class BadTable(Invalid):
    """The file as a whole is not what the mapping expects."""

    code = "bad_table"


def read_csv(stream: BinaryIO, mapping: CsvMapping) -> Iterator[TicketRecord | LeftOut]:
    """Yield a record for each row of the file. BadTable when columns are missing or it is not text at all."""
    lines = TextIOWrapper(stream, encoding=mapping.encoding, errors="surrogateescape", newline="")
    reader = _Rows(mapping)
    try:
        yield from reader.read(lines)
    except UnicodeError as error:  # of UTF-16 without its mark not a UnicodeDecodeError
        told = error.reason if isinstance(error, UnicodeDecodeError) else error
        raise BadTable(f"The file is not {mapping.encoding} text ({told}). Set `encoding`.") from error
    finally:
        if not stream.closed:
            lines.detach()


class _Rows:
    """One pass over a file."""

    def __init__(self, mapping: CsvMapping) -> None:
        self.mapping = mapping
        self.zone = ZoneInfo(mapping.time_zone)
        self.latest = now() + AHEAD

    def read(self, lines: TextIOWrapper) -> Iterator[TicketRecord | LeftOut]:
        csv.field_size_limit(FIELD_LIMIT)
        rows = csv.reader(lines, delimiter=self.mapping.delimiter, strict=True)
        header = self._header(rows)
        while True:
            line = rows.line_num + 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield LeftOut(line, "", {"row": f"is not valid CSV: {error}."})
                continue
            if cells:
                yield self._entry(line, header, cells)

    def _header(self, rows: Iterator[list[str]]) -> list[str]:
        try:
            header = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise BadTable(f"The first line is not valid CSV: {error}.") from error
        if not header:
            raise BadTable("The file is empty: its first line must name the columns.")
        missing = [name for name in self.mapping.columns() if name not in header]
        if missing:
            raise BadTable(
                f"The file has no column {_listed(missing)}. It has {_listed(header[:40])}."
                " Is `delimiter` or `encoding` in the mapping right?"
            )
        twice = sorted({name for name in self.mapping.columns() if header.count(name) > 1})
        if twice:
            raise BadTable(f"The file has more than one column {_listed(twice)}.")
        return header

    def _entry(self, line: int, header: list[str], cells: list[str]) -> TicketRecord | LeftOut:
        if len(cells) != len(header):
            return LeftOut(line, "", {"row": f"has {len(cells)} cells, not {len(header)}."})
        return self._ticket(line, dict(zip(header, cells, strict=True)))

    def _ticket(self, line: int, row: dict[str, str]) -> TicketRecord | LeftOut:
        fields, problems = self.mapping.ticket, Problems()
        key = problems.take("key", lambda: clean_line("key", text_of(fields.key, row), limit=KEY_LIMIT), "")
        title = problems.take("title", lambda: self._title(fields.title, row), "")
        description = problems.take(
            "description", lambda: self._body("description", fields.description, row), ""
        )
        requester = self._requester(row, problems)
        status = problems.take(
            "status",
            lambda: choice_of(fields.status, row, TicketStatus, TicketStatus.OPEN),
            TicketStatus.OPEN,
        )
        priority = problems.take(
            "priority",
            lambda: choice_of(fields.priority, row, TicketPriority, TicketPriority.MEDIUM),
            TicketPriority.MEDIUM,
        )
        channel = problems.take(
            "channel",
            lambda: choice_of(fields.channel, row, TicketChannel, TicketChannel.WEB),
            TicketChannel.WEB,
        )
        created_at = self._moment("created_at", row, problems) or now()
        answered_at = self._moment("first_response_at", row, problems, after=created_at)
        resolved_at = self._moment("resolved_at", row, problems, after=created_at)
        comments = self._comments(row, requester, created_at, resolved_at, problems)
        none: tuple[str, ...] = ()
        tags = problems.take("tags", lambda: self._tags(row), none)
        assignee = problems.take("assignee", lambda: self._line("assignee", fields.assignee, row, False), "")
        team = problems.take("team", lambda: self._line("team", fields.team, row, False), "")
        if problems:
            return LeftOut(line, key, problems)
        said_at = [comment.at for comment in comments]
        done_at = resolved_at or max([created_at, *said_at])
        return TicketRecord(
            key=key,
            line=line,
            title=title,
            description=description,
            requester=requester,
            created_at=created_at,
            status=status,
            priority=priority,
            channel=channel,
            first_response_at=answered_at,
            resolved_at=done_at if status.is_done else None,
            assignee=assignee or None,
            team=team or None,
            tags=tags,
            comments=comments,
        )

    def _requester(self, row: dict[str, str], problems: Problems) -> PersonRecord:
        fields = self.mapping.requester
        email = problems.take("requester.email", lambda: clean_email(text_of(fields.email, row)), "")
        name = problems.take("requester.name", lambda: self._name(fields.name, row), "")
        return PersonRecord(email, name)

    def _comments(
        self,
        row: dict[str, str],
        requester: PersonRecord,
        created_at: datetime,
        resolved_at: datetime | None,
        problems: Problems,
    ) -> tuple[CommentRecord, ...]:
        found = []
        for number, fields in enumerate(self.mapping.comment, 1):
            name = f"comment.{number}"
            body = problems.take(name, lambda fields=fields: self._body("body", fields.body, row), "")  # type: ignore[misc]
            if not is_seen(body):
                continue
            at = problems.take(f"{name}.at", lambda fields=fields: moment_of(fields.at, row, self.zone), None)  # type: ignore[misc]
            self._check_moment(f"{name}.at", at, problems, after=created_at)
            author = self._author(fields, requester)
            found.append(CommentRecord(author, body, at or resolved_at or created_at, fields.internal))
        return tuple(sorted(found, key=lambda comment: comment.at))

    def _author(self, fields: CommentFields, requester: PersonRecord) -> PersonRecord:
        agent = self.mapping.agent
        if fields.author == "requester" or agent is None:
            return requester
        return PersonRecord(agent.email, agent.name, UserRole.AGENT, is_active=False)

    def _tags(self, row: dict[str, str]) -> tuple[str, ...]:
        names = (
            clean_title("tags", text_of(cell, row), limit=100, required=False)
            for cell in self.mapping.ticket.tags
        )
        return tuple({name.lower(): name for name in names if name}.values())

    def _title(self, cell: Cell | None, row: dict[str, str]) -> str:
        return clean_title("title", text_of(cell, row) if cell else "", limit=TITLE_LIMIT)

    def _name(self, cell: Cell | None, row: dict[str, str]) -> str:
        return clean_title("name", text_of(cell, row) if cell else "", limit=255, required=False)

    def _line(
        self,
        field: str,
        cell: Cell | None,
        row: dict[str, str],
        required: bool = True,
        limit: int = TITLE_LIMIT,
    ) -> str:
        return clean_line(field, text_of(cell, row) if cell else "", limit=limit, required=required)

    def _body(self, field: str, cell: Cell | None, row: dict[str, str]) -> str:
        return clean_body(field, text_of(cell, row) if cell else "", required=False)

    def _moment(
        self, field: str, row: dict[str, str], problems: Problems, after: datetime | None = None
    ) -> datetime | None:
        cell = getattr(self.mapping.ticket, field)
        at = problems.take(field, lambda: moment_of(cell, row, self.zone), None)
        self._check_moment(field, at, problems, after)
        return at

    def _check_moment(
        self, field: str, at: datetime | None, problems: Problems, after: datetime | None
    ) -> None:
        if at is None:
            return
        if at > self.latest:
            problems[field] = f"{at:%Y-%m-%d %H:%M} lies in the future."
        elif after is not None and at < after and "created_at" not in problems:
            problems[field] = f"{at:%Y-%m-%d %H:%M} lies before the ticket was created."


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)
