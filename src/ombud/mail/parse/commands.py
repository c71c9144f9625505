"""What the commands `ombud mail parse`, `cut` and `thread` print, as JSON-ready dicts. Reads files, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ombud.mail.parse.charset import decode
from ombud.mail.parse.threads import group, read_envelope, split_mbox


def parse_file(path: str) -> dict[str, Any]:
    """Read one message file. A file that cannot be read gives an object that says so."""
    from ombud.mail.parse.reader import parse_message

    raw, defect = _bytes_of(path)
    row = parse_message(raw).as_json(path)
    if defect:
        row["defects"].insert(0, defect)
    return row


def cut_body(path: str, is_html: bool = False) -> dict[str, Any]:
    """Split the bare body in a file into reply, quoted text and signature."""
    from ombud.mail.parse.cutter import cut_lines, cut_text

    raw, defect = _bytes_of(path)
    text = decode(raw, "utf-8")[0]
    if is_html:
        from ombud.mail.parse.html_text import html_lines

        reply = cut_lines(html_lines(text)[0]).reply
    else:
        reply = cut_text(text).reply
    row = {"file": path, "reply_text": reply.text, "quoted_text": reply.quoted, "signature": reply.signature}
    return row | ({"defects": [defect]} if defect else {})


def thread_messages(messages: Iterable[bytes]) -> list[dict[str, Any]]:
    """Group messages into tickets; one row for each, in the order given."""
    envelopes = [read_envelope(raw) for raw in messages]
    labels = group(envelopes)
    return [{"message_id": e.message_id, "ticket": label} for e, label in zip(envelopes, labels, strict=True)]


def thread_files(paths: Sequence[str]) -> list[dict[str, Any]]:
    """Group the messages of mailbox and message files into tickets."""
    return thread_messages(raw for path in paths for raw in split_mbox(_bytes_of(path)[0]))


def _bytes_of(path: str) -> tuple[bytes, str | None]:
    try:
        return Path(path).read_bytes(), None
    except OSError as error:
        return b"", f"file cannot be read: {error.strerror}"
