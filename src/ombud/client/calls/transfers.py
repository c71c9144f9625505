"""What goes out and comes in as files."""

from typing import Any, Literal

from ombud.client.calls.making import Call, Json, Listing
from ombud.client.shapes import Export, Import


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
