"""What can be asked of a desk: each function makes a `Call` or a `Listing`, which a client sends. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from ombud.client.shapes import (
    Attachment,
    BulkResult,
    Comment,
    Export,
    Import,
    MergePreview,
    MergeResult,
    Ticket,
    UndoResult,
)

T = TypeVar("T")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request whose answer is a `T`. `key` is a key of the caller's own, to repeat it after a restart."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    file: tuple[str, bytes, str] | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_bytes: bool = False
    key: str | None = None

    def under(self, key: str) -> "Call[T]":
        """Return the same call under a key of one's own."""
        return replace(self, key=key)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list of `T`, which comes in pages. `params` are those of docs/api.md."""

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def page(self) -> Call[Json]:
        """Return the call of one page."""
        return Call("GET", self.path, self.params)

    def at(self, cursor: str) -> "Listing[T]":
        """Return the same list from a cursor on."""
        return replace(self, params={**self.params, "cursor": cursor})


def me() -> Call[Json]:
    """Read who calls."""
    return Call("GET", "me")


def tickets(**params: Any) -> Listing[Ticket]:
    """List tickets: `q="printer"`, `view="mine"`, `status=["open"]`, `sort="-priority"`, ..."""
    return Listing("tickets", params)


def open_ticket(*, title: str, **fields: Any) -> Call[Ticket]:
    """Open a ticket."""
    return Call("POST", "tickets", json={"title": title, **fields})


def ticket(number: str, *, as_of: str | None = None) -> Call[Ticket]:
    """Read a ticket; with `as_of` (RFC 3339), as it was then."""
    return Call("GET", _ticket(number), {"as_of": as_of} if as_of is not None else {})


def change_ticket(number: str, *, if_version: int | None = None, **fields: Any) -> Call[Ticket]:
    """Change a ticket; with `if_version`, only if that is still its version (else Problem `stale_version`)."""
    headers = {"If-Match": f'"{if_version}"'} if if_version is not None else {}
    return Call("PATCH", _ticket(number), json=fields, headers=headers)


def delete_ticket(number: str) -> Call[None]:
    """Delete a ticket so that it can come back."""
    return Call("DELETE", _ticket(number))


def restore_ticket(number: str) -> Call[Ticket]:
    """Bring a deleted ticket back."""
    return Call("POST", f"{_ticket(number)}/restoration")


def comments(number: str, **params: Any) -> Listing[Comment]:
    """List a ticket's comments, oldest first."""
    return Listing(f"{_ticket(number)}/comments", params)


def comment(
    number: str, content: str, *, is_internal: bool = False, status_after: str | None = None
) -> Call[Comment]:
    """Answer publicly, or write an internal note."""
    told: Json = {"content": content, "is_internal": is_internal}
    if status_after is not None:
        told["status_after"] = status_after
    return Call("POST", f"{_ticket(number)}/comments", json=told)


def attach(
    number: str, file_name: str, content: bytes, *, content_type: str = "application/octet-stream"
) -> Call[Attachment]:
    """Attach a file to a ticket."""
    return Call("POST", f"{_ticket(number)}/attachments", file=(file_name, content, content_type))


def download(attachment_id: int) -> Call[bytes]:
    """Fetch a file's bytes."""
    return Call("GET", f"attachments/{attachment_id}/content", is_bytes=True)


def tag(number: str, name: str) -> Call[Json]:
    """Put a tag on a ticket."""
    return Call("PUT", f"{_ticket(number)}/tags/{quote(name, safe='')}")


def untag(number: str, name: str) -> Call[None]:
    """Take a tag off a ticket."""
    return Call("DELETE", f"{_ticket(number)}/tags/{quote(name, safe='')}")


def change_tickets(
    numbers: Sequence[str],
    action: Literal["status", "assign", "tag", "delete", "restore"],
    **fields: Any,
) -> Call[BulkResult]:
    """Change up to 1,000 tickets at once; the answer says what became of each."""
    return Call("POST", "tickets/bulk", json={"numbers": list(numbers), "action": action, **fields})


def undo(request_id: str) -> Call[UndoResult]:
    """Take back what one request did to tickets."""
    return Call("POST", "undo", json={"request_id": request_id})


def merge_tickets(number: str, numbers: Sequence[str], **options: bool) -> Call[MergeResult]:
    """Let the conversations of other tickets go on in this one; `options` are those of docs/api.md."""
    return Call("POST", f"{_ticket(number)}/merges", json={"numbers": list(numbers), **options})


def merge_preview(number: str, numbers: Sequence[str]) -> Call[MergePreview]:
    """Show what merging other tickets into this one would mean. Nothing is changed."""
    return Call("GET", f"{_ticket(number)}/merge-preview", params={"numbers": list(numbers)})


def duplicates(kind: Literal["users", "tickets"]) -> Listing[Json]:
    """List pairs that may be one, the likeliest first."""
    return Listing(f"duplicates/{kind}")


def views() -> Call[Json]:
    """Count what each view holds."""
    return Call("GET", "views")


def statistics(**params: Any) -> Call[Json]:
    """Read what tickets add up to."""
    return Call("GET", "statistics", params)


def history(number: str, **params: Any) -> Listing[Json]:
    """List what was done to a ticket, newest first."""
    return Listing(f"{_ticket(number)}/history", params)


def audit(**params: Any) -> Listing[Json]:
    """List who changed what, newest first."""
    return Listing("audit", params)


def users(**params: Any) -> Listing[Json]:
    """List people."""
    return Listing("users", params)


def organizations(**params: Any) -> Listing[Json]:
    """List organizations."""
    return Listing("organizations", params)


def teams(**params: Any) -> Listing[Json]:
    """List teams."""
    return Listing("teams", params)


def tags(**params: Any) -> Listing[Json]:
    """List tags."""
    return Listing("tags", params)


def export(format: Literal["jsonl", "csv"], *, includes_files: bool = True) -> Call[Export]:  # noqa: A002 - as in the API
    """Ask for an export of all that the caller sees; read it again to see how far it is."""
    return Call("POST", "exports", json={"format": format, "includes_files": includes_files})


def exports(**params: Any) -> Listing[Export]:
    """List exports, newest first."""
    return Listing("exports", params)


def read_export(export_id: int) -> Call[Export]:
    """Read how far an export is."""
    return Call("GET", f"exports/{export_id}")


def export_file(export_id: int, *, part: tuple[int, int] | None = None) -> Call[bytes]:
    """Fetch the file of an export; with `part` (first and last byte) a part of it, where it is large."""
    headers = {"Range": f"bytes={part[0]}-{part[1]}"} if part is not None else {}
    return Call("GET", f"exports/{export_id}/file", headers=headers, is_bytes=True)


def delete_export(export_id: int) -> Call[None]:
    """Cancel an export that is under way, or remove one that is over."""
    return Call("DELETE", f"exports/{export_id}")


def bring(
    file_name: str,
    content: bytes,
    *,
    format: Literal["jsonl", "csv"],  # noqa: A002 - as in the API
    mapping: str = "",
    dry_run: bool = False,
) -> Call[Import]:
    """Import a file, or with `dry_run` only check it; read it again to see what became of its rows."""
    form = {"format": format, "mapping": mapping, "dry_run": "true" if dry_run else "false"}
    return Call("POST", "imports", file=(file_name, content, "application/octet-stream"), form=form)


def imports(**params: Any) -> Listing[Import]:
    """List imports, newest first."""
    return Listing("imports", params)


def read_import(import_id: int) -> Call[Import]:
    """Read how far an import is, and what came of it."""
    return Call("GET", f"imports/{import_id}")


def import_errors(import_id: int, **params: Any) -> Listing[Json]:
    """List the rows that do not come in: `line`, `key`, `problems`."""
    return Listing(f"imports/{import_id}/errors", params)


def repeat_import(import_id: int) -> Call[Import]:
    """Import the same file in earnest: after a dry run, or one that failed."""
    return Call("POST", f"imports/{import_id}/repetition")


def delete_import(import_id: int) -> Call[None]:
    """Cancel an import that is under way, or remove the record of one that is over."""
    return Call("DELETE", f"imports/{import_id}")


def settings() -> Call[Json]:
    """Read all settings, who set them and which are chosen in the desk; without secrets."""
    return Call("GET", "settings")


def change_settings(*, if_version: int | None = None, **values: str | float | bool | None) -> Call[Json]:
    """Choose settings by their keys, None to choose nothing any more; with `if_version` only while it is that."""
    headers = {"If-Match": f'"{if_version}"'} if if_version is not None else {}
    return Call("PATCH", "settings", json=values, headers=headers)


def _ticket(number: str) -> str:
    return f"tickets/{quote(number, safe='')}"
