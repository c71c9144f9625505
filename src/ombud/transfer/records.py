"""What readers hand to the loader: complete, checked field by field, and free of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ombud.models import TicketChannel, TicketPriority, TicketStatus, UserRole
from ombud.tickets import StoredFile


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person by mail address. Who is new to the desk joins with this name and role.

    Staff that an import makes cannot sign in (`is_active` false) until an administrator says so.
    """

    email: str
    full_name: str = ""
    role: UserRole = UserRole.CUSTOMER
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """Something said on a ticket, in Markdown."""

    author: PersonRecord
    body: str
    at: datetime
    is_internal: bool = False
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecord:
    """A ticket with its conversation. `key` is its name at the source; `line` says where it was read.

    `assignee` is a mail address and `team` a name: both must exist at the desk. `resolved_at` is set exactly
    when the status is resolved or closed. `aliases` are further keys that mean this ticket.
    """

    key: str
    line: int
    title: str
    description: str
    requester: PersonRecord
    created_at: datetime
    status: TicketStatus = TicketStatus.OPEN
    priority: TicketPriority = TicketPriority.MEDIUM
    channel: TicketChannel = TicketChannel.WEB
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    last_activity_at: datetime | None = None
    assignee: str | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    files: tuple[StoredFile, ...] = ()
    comments: tuple[CommentRecord, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def activity_at(self) -> datetime:
        """The last thing that is known to have happened."""
        moments = (self.last_activity_at, self.first_response_at, self.resolved_at)
        said = (comment.at for comment in self.comments)
        known = (moment for moment in moments if moment is not None)
        return max((self.created_at, *known, *said))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """A mail. `key` is its Message-ID; `references` are the ids that it answers, the nearest one last."""

    key: str
    line: int
    references: tuple[str, ...]
    sender: PersonRecord
    subject: str
    body: str
    at: datetime
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that was not imported, and why: field -> rule. `line` is where it begins (from 1)."""

    line: int
    key: str
    problems: Mapping[str, str] = field(default_factory=dict)
