"""Loads `samples/*.txt`: bodies as mail programs write them, written for these tests after the programs' habits."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "samples"


def sections(name: str) -> dict[str, str]:
    """Read a file of sections, each below a line `=== title`."""
    found: dict[str, str] = {}
    for section in (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("=== ")[1:]:
        title, _, body = section.partition("\n")
        found[title] = body.removesuffix("\n")
    return found


def rows(name: str) -> list[str]:
    """Read a file of one sample a line."""
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def mail(body: str, subject: str = "Question", **headers: str) -> bytes:
    """Make a plain message."""
    fields = {
        "From": "Jane Roe <jane@example.com>",
        "To": "team@example.org",
        "Subject": subject,
        "Message-ID": "<1@example.com>",
        "Date": "Tue, 05 Mar 2024 09:41:00 +0100",
        "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\n{body}".encode()
