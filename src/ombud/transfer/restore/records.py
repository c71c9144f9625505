"""What the lines of an export may say. Everything is checked here; names are resolved by the loader."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from ombud.db.permissions import Permission
from ombud.kit.text import MAX_BODY
from ombud.models import TicketChannel, TicketPriority, TicketStatus, UserRole
from ombud.people.addresses import as_stored

Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=255), AfterValidator(as_stored)
]
Body = Annotated[str, StringConstraints(max_length=2 * MAX_BODY)]
Checksum = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganizationLine(_Record):
    """An organization."""

    type: Literal["organization"]
    name: Name
    notes: Body = ""
    shares_tickets: bool = False
    domains: list[Name] = []
    created_at: AwareDatetime
    updated_at: AwareDatetime


class RoleLine(_Record):
    """A custom role: what some agents may do."""

    type: Literal["role"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    permissions: list[Permission] = []
    created_at: AwareDatetime
    updated_at: AwareDatetime


class UserLine(_Record):
    """A person."""

    type: Literal["user"]
    email: Email
    full_name: Annotated[str, StringConstraints(max_length=255)] = ""
    role: UserRole
    is_active: bool = True
    sees_all_teams: bool = True
    custom_role: Name | None = None
    theme: Literal["system", "light", "dark"] = "system"
    new_browser_letters: bool = True
    organization: Name | None = None
    last_login: AwareDatetime | None = None
    anonymised_at: AwareDatetime | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    merged_into: Email | None = None


class TeamLine(_Record):
    """A team with its members; readers only read."""

    type: Literal["team"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    members: list[Email] = []
    readers: list[Email] = []
    created_at: AwareDatetime
    updated_at: AwareDatetime


class TagLine(_Record):
    """A tag."""

    type: Literal["tag"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    color: Annotated[str, StringConstraints(pattern="^#[0-9A-Fa-f]{6}$")]
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    created_at: AwareDatetime


class FileLine(_Record):
    """A piece of a file, in base64; pieces of one file follow each other."""

    type: Literal["file"]
    checksum: Checksum
    size: Annotated[int, Field(ge=0)]
    start: Annotated[int, Field(ge=0)]
    data: Annotated[str, StringConstraints(max_length=1 << 20)]


class FilePart(_Record):
    """A file of a ticket or comment."""

    uploader: Email
    file_name: Name
    content_type: Annotated[str, StringConstraints(max_length=255)]
    size: Annotated[int, Field(ge=0)]
    checksum: Checksum
    created_at: AwareDatetime


class CommentPart(_Record):
    """A reply or note."""

    author: Email
    content: Annotated[str, StringConstraints(min_length=1, max_length=2 * MAX_BODY)]
    is_internal: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime
    files: list[FilePart] = []


class TagPart(_Record):
    """A tag on a ticket."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    created_at: AwareDatetime


class ParticipantPart(_Record):
    """Who follows a ticket."""

    email: Email
    created_at: AwareDatetime


class ReferencePart(_Record):
    """Where a ticket came from, at first."""

    source: Annotated[str, StringConstraints(max_length=100)]
    key: Annotated[str, StringConstraints(max_length=255)]
    created_at: AwareDatetime


class TicketLine(_Record):
    """A ticket with all that was said on it."""

    type: Literal["ticket"]
    number: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    title: Line
    description: Body = ""
    status: TicketStatus
    priority: TicketPriority
    channel: TicketChannel
    requester: Email
    creator: Email
    assignee: Email | None = None
    team: Name | None = None
    organization: Name | None = None
    version: Annotated[int, Field(ge=1)] = 1
    created_at: AwareDatetime
    updated_at: AwareDatetime
    last_activity_at: AwareDatetime
    first_response_at: AwareDatetime | None = None
    resolved_at: AwareDatetime | None = None
    deleted_at: AwareDatetime | None = None
    merged_into: str | None = None
    comments: list[CommentPart] = []
    files: list[FilePart] = []
    tags: list[TagPart] = []
    participants: list[ParticipantPart] = []
    references: list[ReferencePart] = []


class LinkLine(_Record):
    """A ticket that follows another."""

    type: Literal["link"]
    number: str
    follows: str
    created_at: AwareDatetime


class DistinctPeopleLine(_Record):
    """Two people who look alike and are two."""

    type: Literal["distinct_people"]
    one: Email
    other: Email
    created_at: AwareDatetime


class DistinctTicketsLine(_Record):
    """Two tickets that look alike and are two."""

    type: Literal["distinct_tickets"]
    one: str
    other: str
    created_at: AwareDatetime


class HeadLine(_Record):
    """The first line: what this file is."""

    type: Literal["ombud"]
    format: Literal[1]
    exported_at: AwareDatetime
    files: bool


class EndLine(_Record):
    """The last line: the file is whole."""

    type: Literal["end"]
    tickets: int


DistinctLine = DistinctPeopleLine | DistinctTicketsLine
Loadable = OrganizationLine | RoleLine | UserLine | TeamLine | TagLine | TicketLine | LinkLine | DistinctLine
AnyLine = Annotated[Loadable | FileLine | HeadLine | EndLine, Field(discriminator="type")]
