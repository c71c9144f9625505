"""Tickets as records: plain values that need no session, as `quick_tickets` returns them.

The first fields of each are the columns that `queries.RECORDED` names, in that order.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from ombud.db.records import columns_told, fields_read
from ombud.models import Comment, Ticket, TicketChannel, TicketPriority, TicketStatus
from ombud.tickets.reads.queries import Extent

T = TypeVar("T")


class PersonRecord(NamedTuple):
    """Somebody in a ticket."""

    id: int
    full_name: str
    email: str
    is_staff: bool


class NamedRecord(NamedTuple):
    """A team or an organization."""

    id: int
    name: str


class TagRecord(NamedTuple):
    """A tag."""

    id: int
    name: str
    color: str


class CommentRecord(NamedTuple):
    """What was said on a ticket."""

    id: int
    content: str
    is_internal: bool
    created_at: datetime
    updated_at: datetime
    author: PersonRecord | None


class FileRecord(NamedTuple):
    """A file of a ticket; `comment_id` says with what it came."""

    id: int
    file_name: str
    content_type: str
    size: int
    checksum: str
    created_at: datetime
    comment_id: int | None


class TicketRecord(NamedTuple):
    """A ticket with its people, team, organization and tags; comments and files where they were asked for.

    What is out of the actor's sight is None, or left out.
    """

    id: int
    ticket_number: str
    title: str
    description: str
    status: TicketStatus
    priority: TicketPriority
    channel: TicketChannel
    version: int
    created_at: datetime
    updated_at: datetime
    last_activity_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    deleted_at: datetime | None
    merged_into_id: int | None
    requester: PersonRecord | None
    creator: PersonRecord | None
    assignee: PersonRecord | None
    team: NamedRecord | None
    organization: NamedRecord | None
    tags: tuple[TagRecord, ...] = ()
    comments: tuple[CommentRecord, ...] = ()
    attachments: tuple[FileRecord, ...] = ()

    @property
    def priority_rank(self) -> int:
        """1 for low to 4 for urgent."""
        return self.priority.rank


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """One page. `total` stops at 1,000; `is_more` says that there are more than that."""

    tickets: tuple[TicketRecord, ...]
    total: int
    is_more: bool
    next_cursor: str | None


_OWN = TicketRecord._fields.index("requester")
"""How many fields of a ticket are columns."""


def records_told(told: Sequence[str | None], kinds: Iterable[str]) -> dict[int, TicketRecord]:
    """Return the tickets by id of what `queries.page_of_records` tells of `kinds`."""
    columns = {kind: columns_told(text) for kind, text in zip(kinds, told, strict=True)}
    if not columns["tickets"]:
        return {}
    people: dict[Any, Any] = {row[0]: PersonRecord._make(row) for row in zip(*columns["people"], strict=True)}
    teams: dict[Any, Any] = {row[0]: NamedRecord._make(row) for row in zip(*columns["teams"], strict=True)}
    homes: dict[Any, Any] = {
        row[0]: NamedRecord._make(row) for row in zip(*columns["organizations"], strict=True)
    }
    tags = _grouped((key, TagRecord(*row)) for *row, key in zip(*columns["tags"], strict=True))
    comments = _grouped(_comments(columns.get("comments", []), people))
    files = _grouped(_files(columns.get("files", [])))
    found = {}
    own = fields_read(TicketRecord, columns["tickets"][:_OWN])
    for row, keys in zip(zip(*own, strict=True), zip(*columns["tickets"][_OWN:], strict=True), strict=True):
        requester, creator, assignee, team, organization = keys
        one = row[0]
        found[one] = TicketRecord._make(
            (
                *row,
                people.get(requester),
                people.get(creator),
                people.get(assignee),
                teams.get(team),
                homes.get(organization),
                tags.get(one, ()),
                comments.get(one, ()),
                files.get(one, ()),
            )
        )
    return found


def record_of(ticket: Ticket, extent: Extent, *, tagged: bool) -> TicketRecord:
    """Return the record of a ticket whose people, team, organization, and what else `extent` says, are loaded."""
    return TicketRecord._make(
        (
            *(getattr(ticket, name) for name in TicketRecord._fields[:_OWN]),
            _person(ticket.requester),
            _person(ticket.creator),
            _person(ticket.assignee),
            _named(ticket.team),
            _named(ticket.organization),
            tuple(_record(TagRecord, tag) for tag in ticket.tags) if tagged else (),
            tuple(map(_comment, ticket.comments)) if extent.comments else (),
            tuple(_record(FileRecord, file) for file in ticket.attachments) if extent.files else (),
        )
    )


def _grouped(parts: Iterable[tuple[int, T]]) -> dict[int, tuple[T, ...]]:
    found: dict[int, list[T]] = defaultdict(list)
    for key, part in parts:
        found[key].append(part)
    return {key: tuple(some) for key, some in found.items()}


def _comments(
    columns: Sequence[Sequence[Any]], people: dict[Any, Any]
) -> Iterable[tuple[int, CommentRecord]]:
    if columns:
        for *row, ticket_id, author_id in zip(
            *fields_read(CommentRecord, columns[:-2]), *columns[-2:], strict=True
        ):
            yield ticket_id, CommentRecord._make((*row, people.get(author_id)))


def _files(columns: Sequence[Sequence[Any]]) -> Iterable[tuple[int, FileRecord]]:
    if columns:
        for *row, ticket_id in zip(*fields_read(FileRecord, columns[:-1]), columns[-1], strict=True):
            yield ticket_id, FileRecord(*row)


def _person(one: Any) -> PersonRecord | None:
    return None if one is None else _record(PersonRecord, one)


def _named(one: Any) -> NamedRecord | None:
    return None if one is None else _record(NamedRecord, one)


def _comment(one: Comment) -> CommentRecord:
    own = (getattr(one, name) for name in CommentRecord._fields[:-1])
    return CommentRecord._make((*own, _person(one.author)))


def _record(kind: Any, thing: Any) -> Any:
    return kind._make(getattr(thing, name) for name in kind._fields)
