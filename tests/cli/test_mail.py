"""`ombud mail parse`, `cut` and `thread`: one object a line, in order, exit 0 for any input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.mail.samples import mail

KEYS = (
    "file message_id in_reply_to references date subject from to cc reply_to text html reply_text "
    "classification is_forward "
    "forwarded_from attachments parts defects"
).split()


def run(*arguments: str | Path) -> list[dict[str, Any]]:
    """Run the command and read its lines."""
    command = [sys.executable, "-m", "ombud.cli.mail", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_parse_prints_one_object_a_file(tmp_path: Path) -> None:
    good, bad, missing = tmp_path / "good.eml", tmp_path / "bad.eml", tmp_path / "missing.eml"
    good.write_bytes(
        mail("Hällo\r\n\r\n> old\r\n", Cc="Bob <bob@example.com>", In_Reply_To="<0@example.com>")
    )
    bad.write_bytes(b"\x00\xff" * 100)
    rows = run("parse", good, bad, missing, tmp_path)
    assert [row["file"] for row in rows] == [str(p) for p in (good, bad, missing, tmp_path)]
    assert all(list(row) == KEYS for row in rows)
    first = rows[0]
    assert first["from"] == {"name": "Jane Roe", "email": "jane@example.com"}
    assert first["cc"] == [{"name": "Bob", "email": "bob@example.com"}]
    assert first["date"] == "2024-03-05T09:41:00+01:00"
    assert (first["in_reply_to"], first["reply_text"], first["html"]) == ("0@example.com", "Hällo", None)
    assert rows[2]["defects"][0].startswith("file cannot be read")
    assert rows[3]["classification"] == "empty"


def test_cut_prints_the_three_pieces(tmp_path: Path) -> None:
    body = tmp_path / "body.txt"
    body.write_text("Yes\n\n-- \nJane\n\nOn 5 Mar 2024, Al <al@example.com> wrote:\n> q\n")
    page = tmp_path / "body.html"
    page.write_text("<p>Yes</p><blockquote type=cite>q</blockquote>")
    assert run("cut", body) == [
        {"file": str(body), "reply_text": "Yes", "quoted_text": "On 5 Mar 2024, Al <al@example.com> wrote:\n> q",
         "signature": "-- \nJane"}
    ]  # fmt: skip
    assert run("cut", "--html", page)[0]["reply_text"] == "Yes"


def test_thread_prints_a_line_for_each_message(tmp_path: Path) -> None:
    box = tmp_path / "box.mbox"
    box.write_bytes(
        b"From a@b.c Tue Mar  5 09:41:00 2024\n" + mail("x") + b"\n\nFrom a@b.c Tue Mar  5 09:42:00 2024\n"
        b"From: bob@example.com\nTo: jane@example.com\nMessage-ID: <2@example.com>\nIn-Reply-To: "
        b"<1@example.com>\n\nx\n"
    )
    assert run("thread", box) == [
        {"message_id": "1@example.com", "ticket": "1@example.com"},
        {"message_id": "2@example.com", "ticket": "1@example.com"},
    ]
