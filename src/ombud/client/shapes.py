"""What the desk answers, as types only: the answers are plain dictionaries. docs/api.md has all of it."""

from typing import Any, TypedDict


class Person(TypedDict, total=False):
    """A person, as far as the caller may know them."""

    id: int
    name: str
    email: str
    is_staff: bool


class Ticket(TypedDict, total=False):
    """A ticket, or a row of a list. Customers get fewer fields."""

    id: int
    number: str
    title: str
    description: str
    status: str
    priority: str
    channel: str
    requester: Person
    assignee: Person | None
    team: dict[str, Any] | None
    tags: list[dict[str, Any]]
    created_at: str
    resolved_at: str | None
    deleted_at: str | None
    merged_into: str | None
    version: int


class Attachment(TypedDict):
    """A file's record."""

    id: int
    file_name: str
    content_type: str
    size: int
    sha256: str
    comment_id: int | None
    created_at: str


class Comment(TypedDict):
    """A public reply or an internal note."""

    id: int
    content: str
    is_internal: bool
    author: Person
    attachments: list[Attachment]
    created_at: str
    updated_at: str


class Event(TypedDict):
    """Something that happened to a ticket. `changes` has plain values by field: `[before, after]`."""

    type: str
    at: str
    ticket_id: int
    number: str
    comment_id: int | None
    actor: str
    changed: list[str]
    changes: dict[str, Any]


class BulkItem(TypedDict):
    """What became of one ticket."""

    number: str
    outcome: str


class BulkResult(TypedDict):
    """What became of each ticket of a bulk change."""

    request_id: str
    changed: int
    items: list[BulkItem]


class MergeResult(TypedDict):
    """A merge; undo the request to have them apart again."""

    request_id: str


class MergePreview(TypedDict):
    """What merging would move, and whether it can be. docs/api.md has the sides."""

    target: dict[str, Any]
    sources: list[dict[str, Any]]
    problem: str


class UndoResult(TypedDict):
    """What was taken back."""

    request_id: str
    tickets: int
    links: int
    files: int
    skipped: list[str]


class Progress(TypedDict):
    """How far a job is, in tickets or bytes."""

    done: int
    total: int | None
    unit: str


class Export(TypedDict):
    """An export, made by the desk's worker."""

    id: int
    format: str
    state: str
    progress: Progress
    problem: str
    file_name: str
    has_file: bool
    size: int | None
    checksum: str
    expires_at: str | None


class Import(TypedDict):
    """An import, done by the desk's worker. `counts` has `read`, `tickets`, `known`, `left_out`, ..."""

    id: int
    format: str
    dry_run: bool
    state: str
    progress: Progress
    counts: dict[str, int]
    problem: str
    file_name: str
    has_file: bool


class WebSession(TypedDict):
    """A signed-in browser."""

    id: int
    created_at: str
    last_seen_at: str
    expires_at: str
    ip: str
    browser: str
    user_agent: str


class Token(TypedDict):
    """A key for programs, without its secret."""

    id: int
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class TokenMade(Token):
    """A token with its secret, which is null where the answer is a repetition."""

    token: str | None


class Passkey(TypedDict):
    """A passkey, without anything that opens."""

    id: int
    name: str
    created_at: str
    last_used_at: str | None
    is_synced: bool


class Factors(TypedDict):
    """What somebody has besides the password."""

    totp_since: str | None
    recovery_codes_left: int
    passkeys: list[Passkey]


class TotpBegun(TypedDict):
    """A secret for an authenticator app: null where the answer is a repetition."""

    secret: str | None
    uri: str | None


class FactorAdded(TypedDict):
    """What came of a new factor: recovery codes with the first one, once."""

    recovery_codes: list[str] | None


class PasskeyAdded(FactorAdded):
    """What came of a new passkey."""

    passkey: Passkey


class RecoveryCodes(TypedDict):
    """New recovery codes, once."""

    recovery_codes: list[str] | None


class Notice(TypedDict):
    """Something that happened to one's account."""

    id: int
    kind: str
    detail: str
    by_other: bool
    created_at: str
    read_at: str | None
