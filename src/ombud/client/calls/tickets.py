"""Tickets, their conversations and files, and what is known about them."""

from collections.abc import Sequence
from typing import Any, Literal

from ombud.client.calls.making import Call, Json, Listing, chosen, given, part
from ombud.client.shapes import (
    Attachment,
    BulkResult,
    Comment,
    MergePreview,
    MergeResult,
    Ticket,
    UndoResult,
)


def tickets(**params: Any) -> Listing[Ticket]:
    """List tickets: `q="printer"`, `view="mine"`, `status=["open"]`, `sort="-priority"`, ..."""
    return Listing("tickets", params)


def open_ticket(*, title: str, **fields: Any) -> Call[Ticket]:
    """Open a ticket."""
    return Call("POST", "tickets", json={"title": title, **fields})


def ticket(number: str, *, as_of: str | None = None, include: Sequence[str] | None = None) -> Call[Ticket]:
    """Read a ticket; with `as_of` (RFC 3339), as it was then; with `include`, its `comments` and `attachments`."""
    return Call("GET", _ticket(number), given(as_of=as_of, include=include))


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


def attach_to_comment(
    number: str,
    comment_id: int,
    file_name: str,
    content: bytes,
    *,
    content_type: str = "application/octet-stream",
) -> Call[Attachment]:
    """Attach a file to a comment of one's own."""
    path = f"{_ticket(number)}/comments/{comment_id}/attachments"
    return Call("POST", path, file=(file_name, content, content_type))


def read_comment(number: str, comment_id: int) -> Call[Comment]:
    """Read one comment."""
    return Call("GET", f"{_ticket(number)}/comments/{comment_id}")


def retract_comment(number: str, comment_id: int) -> Call[None]:
    """Take a reply back that was not mailed yet."""
    return Call("POST", f"{_ticket(number)}/comments/{comment_id}/retraction")


def attachments(number: str) -> Listing[Attachment]:
    """List a ticket's files."""
    return Listing(f"{_ticket(number)}/attachments")


def attachment(attachment_id: int) -> Call[Attachment]:
    """Read a file's record."""
    return Call("GET", f"attachments/{attachment_id}")


def delete_attachment(attachment_id: int) -> Call[None]:
    """Delete a file."""
    return Call("DELETE", f"attachments/{attachment_id}")


def download(attachment_id: int) -> Call[bytes]:
    """Fetch a file's bytes."""
    return Call("GET", f"attachments/{attachment_id}/content", is_bytes=True)


def tag(number: str, name: str) -> Call[Json]:
    """Put a tag on a ticket."""
    return Call("PUT", f"{_ticket(number)}/tags/{part(name)}")


def untag(number: str, name: str) -> Call[None]:
    """Take a tag off a ticket."""
    return Call("DELETE", f"{_ticket(number)}/tags/{part(name)}")


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


def merge_preview(number: str, numbers: Sequence[str]) -> Call[MergePreview]:
    """Show what merging other tickets into this one would mean. Nothing is changed."""
    return Call("GET", f"{_ticket(number)}/merge-preview", params={"numbers": list(numbers)})


def merge_tickets(number: str, numbers: Sequence[str], **options: bool) -> Call[MergeResult]:
    """Let the conversations of other tickets go on in this one; `options` are those of docs/api.md."""
    return Call("POST", f"{_ticket(number)}/merges", json={"numbers": list(numbers), **options})


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


def read_all_of(number: str) -> Call[None]:
    """Note that one has seen a ticket as it is now."""
    return Call("POST", f"{_ticket(number)}/reading")


def draft(number: str) -> Call[Json]:
    """Read what one has begun to write about a ticket."""
    return Call("GET", f"{_ticket(number)}/draft")


def save_draft(number: str, content: str, *, is_internal: bool = False) -> Call[Json]:
    """Keep words that are not sent yet."""
    told = {"content": content, "is_internal": is_internal}
    return Call("PUT", f"{_ticket(number)}/draft", json=told)


def discard_draft(number: str) -> Call[None]:
    """Throw away what one has begun to write."""
    return Call("DELETE", f"{_ticket(number)}/draft")


def suggestions(q: str) -> Call[Json]:
    """Read what else to search for."""
    return Call("GET", "search/suggestions", {"q": q})


def events(
    cursor: str | None = None, *, types: Sequence[str] | None = None, tickets: Sequence[str] | None = None
) -> Call[Json]:
    """Read what happened since `cursor`, the `next_cursor` of the answer before; without, where to begin.

    Only events of these `types`, and of the tickets with these numbers, where they are given.
    """
    return Call("GET", "events", given(cursor=cursor, **chosen(types, tickets)))


def _ticket(number: str) -> str:
    return f"tickets/{part(number)}"
