"""Mailboxes: mails are split, unquoted and read; broken ones are told, never lost."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from io import BytesIO

import pytest

from ombud.errors import Invalid
from ombud.files import StoredBytes
from ombud.transfer import LeftOut, MessageRecord, read_mbox
from ombud.transfer.mailbox import raw_messages

ENVELOPE = "From ann@example.com Mon Jan  5 10:00:00 2026\n"
FIRST = f"""{ENVELOPE}From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.com>
Subject: =?utf-8?q?Caf=C3=A9_printer?=
Message-ID: <1@example.com>
Date: Mon, 05 Jan 2026 11:00:00 +0100
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

It prints caf\xe9.
>From now on.
>>From then on.
"""
REPLY = f"""{ENVELOPE}From: Desk <desk@example.com>
Subject: Re: printer
Message-ID: <2@example.com>
In-Reply-To: <1@example.com>
References: <0@example.com> <1@example.com>
Date: Mon, 05 Jan 2026 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>Try <b>this</b> &amp; that.</p><script>alert(1)</script>
--b
Content-Type: text/csv; name=log.csv
Content-Disposition: attachment; filename="../log.csv"

a,b
--b--
"""


def _keep(data: bytes) -> StoredBytes:
    checksum = hashlib.sha256(data).hexdigest()
    return StoredBytes(len(data), checksum, f"sha256/{checksum[:2]}/{checksum}")


def _read(*mails: str) -> list[MessageRecord | LeftOut]:
    return list(read_mbox(BytesIO("\n".join(mails).encode("latin-1")), _keep))


def test_mails_are_read() -> None:
    first, reply = _read(FIRST, REPLY)
    assert isinstance(first, MessageRecord)
    assert (first.key, first.line, first.references) == ("<1@example.com>", 1, ())
    assert (first.sender.email, first.sender.full_name) == ("ann@example.com", "Ann Müller")
    assert first.subject == "Café printer"
    assert first.body == "It prints café.\nFrom now on.\n>From then on."
    assert first.at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert isinstance(reply, MessageRecord)
    assert reply.references == ("<0@example.com>", "<1@example.com>")
    assert "Try this & that." in reply.body
    assert "<" not in reply.body
    assert [(file.file_name, file.content_type) for file in reply.files] == [("../log.csv", "text/csv")]
    assert reply.files[0].size == len(b"a,b")


def test_what_a_mail_lacks() -> None:
    bare = f"{ENVELOPE}From: ann@example.com\n\nHello\n"
    [record] = _read(bare)
    assert isinstance(record, MessageRecord)
    assert record.key.startswith("sha256:")
    assert record.subject == "(no subject)"
    assert record.at == datetime(2026, 1, 5, 10, tzinfo=UTC), "the date of the envelope"
    assert _read(bare)[0] == record, "its key is the same each time"
    [unseen] = _read(bare.replace("From: ann", "Subject: =?utf-8?q?=E2=80=8B?=\nFrom: ann"))
    assert isinstance(unseen, MessageRecord)
    assert unseen.subject == "(no subject)"


@pytest.mark.parametrize(
    ("mail", "field"),
    [
        (f"{ENVELOPE}Subject: x\n\nHello\n", "from"),
        (f"{ENVELOPE}From: undisclosed\n\nHello\n", "from"),
        ("From x\nFrom: ann@example.com\nDate: soon\n\nHello\n", "date"),
        (FIRST.replace("2026 11", "2199 11"), "date"),
    ],
)
def test_a_mail_that_cannot_come_in_is_told(mail: str, field: str) -> None:
    entry, after = _read(mail, REPLY)
    assert isinstance(entry, LeftOut)
    assert list(entry.problems) == [field]
    assert isinstance(after, MessageRecord)


def test_broken_mails_do_not_stop_the_rest() -> None:
    nasty = [
        f"{ENVELOPE}From: ann@example.com\nContent-Type: text/plain; charset=nonsense\n\nc\xe9\n",
        f"{ENVELOPE}From: ann@example.com\nContent-Type: multipart/mixed\n\nno boundary\n",
        f"{ENVELOPE}From: ann@example.com\nSubject: =?utf-8?b?////?=\nMessage-ID: <<>>\n\nx\0y\n",
        f'{ENVELOPE}From: "a\\" <ann@example.com>\nSubject: caf\xe9\n\n\n',
    ]
    entries = _read(*nasty, REPLY)
    assert len(entries) == 5
    for entry in entries:
        if isinstance(entry, MessageRecord):
            (entry.subject + entry.body + entry.sender.full_name + entry.key).encode("utf-8")
            assert "\0" not in entry.body
    assert isinstance(entries[-1], MessageRecord)


@pytest.mark.parametrize(
    "nested",
    [
        f"From: {'(' * 3000} ann@example.com\n\nx\n",
        f"From: ann@example.com\nContent-Type: text/plain {'(' * 3000}\n\nx\n",
        f"From: ann@example.com\n{'Content-Type: message/rfc822' + 2 * chr(10)}" * 1500,
    ],
)
def test_a_mail_nested_without_end_stops_nothing_but_itself(nested: str) -> None:
    bad, good = _read(f"{ENVELOPE}{nested}", REPLY)
    assert isinstance(bad, LeftOut)
    assert bad.problems == {"message": "is nested too deeply."}
    assert isinstance(good, MessageRecord)


def test_a_mail_larger_than_the_limit_is_dropped_as_it_is_read() -> None:
    data = (FIRST + "x" * 5000 + "\n\n" + REPLY).encode("latin-1")
    first, reply = raw_messages(BytesIO(data), limit=2000)
    assert first.data is None
    assert reply.data is not None
    assert reply.line == FIRST.count("\n") + 3


def test_from_in_the_middle_of_a_paragraph_begins_no_mail() -> None:
    [raw] = raw_messages(BytesIO((FIRST + "said\nFrom here on\n").encode("latin-1")))
    assert raw.data is not None
    assert raw.data.endswith(b"From here on\n")


def test_an_empty_mailbox_and_no_mailbox() -> None:
    assert _read("") == []
    with pytest.raises(Invalid, match="not a mailbox"):
        _read("id,subject\n1,2\n")
