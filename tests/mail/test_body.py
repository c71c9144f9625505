"""Bodies and files: which part is what, and that nothing is lost."""

from __future__ import annotations

import base64
import struct

import pytest

from ombud.mail.parse import Protection, limits, parse_message
from ombud.mail.parse.flowed import unflow
from tests.mail.samples import mail

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def part(content: str | bytes, kind: str = "text/plain", *more: str) -> str:
    """Make one part; bytes are sent as base64."""
    fields = [f"Content-Type: {kind}", *more]
    if isinstance(content, bytes):
        fields.append("Content-Transfer-Encoding: base64")
        content = base64.encodebytes(content).decode()
    return "\r\n".join(fields) + "\r\n\r\n" + content


def multipart(kind: str, *parts: str, boundary: str = "b") -> bytes:
    """Make a message of parts."""
    body = "".join(f"--{boundary}\r\n{p}\r\n" for p in parts) + f"--{boundary}--\r\n"
    return mail(body, Content_Type=f"multipart/{kind}; boundary={boundary}")


def test_alternative_gives_text_and_html() -> None:
    found = parse_message(multipart("alternative", part("plain"), part("<b>rich</b>", "text/html")))
    assert (found.text, found.html, found.attachments, found.parts) == ("plain", "<b>rich</b>", (), 2)


def test_html_knows_a_quote_that_the_text_hides() -> None:
    quoted = '<p>Yes.</p><div id="divRplyFwdMsg">Xyz: Jane</div><p>older</p>'
    found = parse_message(
        multipart("alternative", part("Yes.\n\nXyz: Jane\n\nolder"), part(quoted, "text/html"))
    )
    assert found.reply_text == "Yes."
    indented = "<p>Look:</p><blockquote>my own words</blockquote>"
    found = parse_message(
        multipart("alternative", part("Look:\n\n  my own words"), part(indented, "text/html"))
    )
    assert found.reply_text == "Look:\n\n  my own words"


def test_html_alone_becomes_readable_text() -> None:
    markup = (
        "<style>p{}</style><h1>Title</h1><p>One<br>two &amp; three</p><ul><li>a</li><li>b</li></ul>"
        "<table><tr><td>x</td><td>y</td></tr></table><pre>  keep\n    this</pre><script>no()</script>"
        '<p style="display:none">hidden</p><blockquote>old</blockquote>'
    )
    found = parse_message(mail(markup, Content_Type="text/html; charset=utf-8"))
    assert found.text == ("Title\n\nOne\ntwo & three\n\n- a\n- b\n\nx y\n\n  keep\n    this\n\n> old")


def test_text_around_pictures_is_one_body() -> None:
    picture = part(PNG, "image/png; name=p.png", "Content-Disposition: inline; filename=p.png")
    found = parse_message(multipart("mixed", part("before"), picture, part("after")))
    assert found.text == "before\n\nafter"
    assert [(a.filename, a.content, a.inline) for a in found.attachments] == [("p.png", PNG, False)]


def test_inline_picture_is_known_by_its_use() -> None:
    picture = part(PNG, "image/png", "Content-ID: <pic@1>", "Content-Disposition: inline; filename=p.png")
    found = parse_message(multipart("related", part('<img src="cid:pic@1" alt="x">', "text/html"), picture))
    (attachment,) = found.attachments
    assert attachment.inline
    assert attachment.content_id == "pic@1"
    assert found.html == f'<img src="attachment:{attachment.sha256}" alt="x">'


def test_text_file_is_a_file() -> None:
    named = part("log line", "text/plain", "Content-Disposition: attachment; filename=log.txt")
    found = parse_message(multipart("mixed", part("see log"), named))
    assert found.text == "see log"
    assert [(a.filename, a.content) for a in found.attachments] == [("log.txt", b"log line")]


def test_nameless_files_get_names() -> None:
    found = parse_message(
        multipart(
            "mixed",
            part("x"),
            part(PNG, "image/png"),
            part("BEGIN:VCALENDAR", "text/calendar; method=REQUEST"),
            part(b"x", "application/x-odd"),
            part(b"x", "application/pdf", "Content-Description: Invoice 7"),
        )
    )
    assert [a.filename for a in found.attachments] == [
        "attachment-1.png", "invite.ics", "attachment-3.bin", "Invoice 7.pdf",
    ]  # fmt: skip
    assert found.has_calendar


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", "Y2Fmw6k=", "café"),
        ("BASE64 ", "Y2Fm\r\nw6k", "café"),
        ("base64", "Y2Fm\r\n\r\n____\r\na list's footer, not base64", "caf"),
        ("quoted-printable", "caf=C3=A9 =\r\nau lait=20", "café au lait"),
        ("quoted-printable", "broken =ZZ = end", "broken =ZZ = end"),
        ("x-uuencode", "begin 644 x\r\n&8V%Fc:EY\r\n`\r\nend", None),
        ("8bit", "café", "café"),
        ("unheard-of", "café", "café"),
    ],
)
def test_transfer_encodings(encoding: str, body: str, expected: str | None) -> None:
    found = parse_message(mail(body, Content_Transfer_Encoding=encoding))
    if expected is not None:
        assert found.text.rstrip() == expected


def test_base64_in_pieces() -> None:
    found = parse_message(mail("aGVsbG8=\r\nIHdvcmxk\r\n", Content_Transfer_Encoding="base64"))
    assert found.text == "hello world"


def test_uuencoded_files_in_the_text() -> None:
    found = parse_message(mail("see\n\nbegin 644 a.txt\n#0V%T\n`\nend\n\nbye"))
    assert [(a.filename, a.content) for a in found.attachments] == [("a.txt", b"Cat")]
    assert "begin 644" in found.text, "the text stays as it came"


def test_removed_inline_part_is_no_attachment() -> None:
    empty = part(
        "", "image/jpeg; name=x.jpg", "Content-ID: <x>", "Content-Disposition: inline; filename=x.jpg"
    )
    found = parse_message(multipart("related", part("<p>hi</p>", "text/html"), empty))
    assert found.attachments == ()
    assert any("empty inline part" in d for d in found.defects)


def test_embedded_message_stays_whole() -> None:
    inner = "From: x@example.com\r\nSubject: In: side/out\r\n\r\ninner"
    found = parse_message(multipart("mixed", part("outer"), part(inner, "message/rfc822")))
    assert found.text == "outer"
    assert [(a.filename, a.content) for a in found.attachments] == [("In: side out.eml", inner.encode())]


@pytest.mark.parametrize("closed", [True, False])
def test_missing_end_loses_nothing(closed: bool) -> None:
    raw = multipart("alternative", part("plain"), part("<p>rich</p>", "text/html"))
    found = parse_message(raw if closed else raw.removesuffix(b"--b--\r\n"))
    assert (found.text, (found.html or "").strip()) == ("plain", "<p>rich</p>")


def test_wrong_boundary_shows_the_source() -> None:
    found = parse_message(
        mail(
            "--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--",
            Content_Type="multipart/mixed; boundary=y",
        )
    )
    assert "hello" in found.text
    assert "multipart without parts" in found.defects


def test_lost_boundary_is_guessed() -> None:
    found = parse_message(
        mail("--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--", Content_Type="multipart/mixed")
    )
    assert found.text == "hello"


def test_long_body_is_attached_whole() -> None:
    body = "word " * (limits.TEXT_BYTES // 4)
    found = parse_message(mail(body))
    assert len(found.text) <= limits.TEXT_BYTES
    assert [a.content for a in found.attachments] == [body.encode()]


@pytest.mark.parametrize(
    ("text", "delete_space", "expected"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("> one \n> two\n>> three", False, "> one two\n>> three"),
        ("ab \ncd", True, "abcd"),
        ("hi\n-- \nJane", False, "hi\n-- \nJane"),
        (" >not quoted", False, ">not quoted"),
    ],
)
def test_flowed(text: str, delete_space: bool, expected: str) -> None:
    assert unflow(text, delete_space) == expected


def test_signed_and_encrypted_are_shown_as_such() -> None:
    signed = mail(
        f"--b\r\n{part('hi')}\r\n--b\r\n{part('sig', 'application/pgp-signature')}\r\n--b--",
        Content_Type='multipart/signed; boundary=b; protocol="application/pgp-signature"',
    )
    assert parse_message(signed).protection == (Protection.PGP_SIGNED,)
    smime = mail("MIAG", Content_Type="application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m")
    found = parse_message(smime)
    assert found.protection == (Protection.SMIME_ENCRYPTED,)
    assert [a.filename for a in found.attachments] == ["smime.p7m"]
    assert parse_message(mail("-----BEGIN PGP MESSAGE-----\nx")).protection == (Protection.PGP_ENCRYPTED,)


def tnef_attribute(level: int, identifier: int, value: bytes) -> bytes:
    """Make one attribute of a TNEF stream."""
    return struct.pack("<BII", level, identifier, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def test_winmail_dat_is_opened() -> None:
    name = "Ünicode.txt".encode("utf-16-le") + b"\0\0"
    properties = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(name)) + name + b"\0" * (-len(name) % 4)
    stream = struct.pack("<IH", 0x223E9F78, 1) + b"".join(
        [
            tnef_attribute(1, 0x0002800C, b"the body\0"),
            tnef_attribute(2, 0x00069002, b"\0" * 14),
            tnef_attribute(2, 0x00018010, b"UNICOD~1.TXT\0"),
            tnef_attribute(2, 0x0006800F, b"content"),
            tnef_attribute(2, 0x00069005, properties),
        ]
    )
    found = parse_message(
        multipart("mixed", part("", "text/plain"), part(stream, "application/ms-tnef; name=winmail.dat"))
    )
    assert [(a.filename, a.content) for a in found.attachments] == [
        ("winmail.dat", stream),
        ("Ünicode.txt", b"content"),
    ]
    assert found.text.strip() == "the body"


def test_damaged_winmail_dat_is_kept() -> None:
    found = parse_message(multipart("mixed", part(b"\x78\x9f\x3e\x22junk", "application/ms-tnef")))
    assert [a.filename for a in found.attachments] == ["winmail.dat"]
