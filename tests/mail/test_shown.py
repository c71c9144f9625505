"""A message's HTML for a frame: pictures of its own are part of it, others wait, notes say what it is."""

import base64
import re

import pytest

from ombud.mail.parse import parse_message
from ombud.mail.shown import PICTURE_BYTES, has_remote_pictures, html_document, notes_on

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def message(markup: str, picture: bytes = PNG, kind: str = "image/png") -> bytes:
    head = 'From: eva@c.example\nSubject: <b>&"\nContent-Type: multipart/related; boundary=x\n\n--x\n'
    body = f"Content-Type: text/html; charset=utf-8\n\n{markup}\n--x\n"
    file = f"Content-Type: {kind}\nContent-ID: <one>\nContent-Transfer-Encoding: base64\n\n"
    return (head + body + file).encode() + base64.encodebytes(picture) + b"--x--\n"


def test_an_inline_picture_is_part_of_the_document() -> None:
    document = html_document(parse_message(message('<p>See <img src="cid:one"></p>')))
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in document
    assert "attachment:" not in document
    assert "<title>&lt;b&gt;&amp;&quot;</title>" in document


@pytest.mark.parametrize(
    "picture",
    [b"<svg onload=alert(1)>", b"", b"\xff\xd8\xff" + b"x" * PICTURE_BYTES],
    ids=["svg", "empty", "large"],
)
def test_what_is_no_picture_or_too_large_is_left_out(picture: bytes) -> None:
    document = html_document(parse_message(message('<img src="cid:one">', picture)))
    assert "data:" not in document
    assert "<svg" not in document


def test_remote_pictures_wait_until_somebody_asks() -> None:
    parsed = parse_message(
        message(
            '<img src="https://t.example/a.png?x=1&amp;y=&quot;&gt;"><img src="//t.example/b"><p data-remote-src="x">'
        )
    )
    assert has_remote_pictures(parsed)
    assert not re.search(r'\ssrc="[^"]', html_document(parsed))
    shown = html_document(parsed, remote_pictures=True)
    assert re.findall(r'\ssrc="([^"]*)"', shown) == [
        "https://t.example/a.png?x=1&amp;y=&quot;&gt;",
        "https://t.example/b",
    ]
    assert not has_remote_pictures(parse_message(message("<p>data-remote-src=//x</p>")))


def test_notes_say_how_it_is_protected_and_what_is_damaged() -> None:
    kind = b'multipart/signed; protocol="application/pgp-signature"; boundary=x'
    signed = b"From: a@b.example\nContent-Type: " + kind + b"\n\n--x\n\nHi\n"
    notes = notes_on(parse_message(signed))
    assert notes[0] == "Signed with PGP; the signature is not checked here."
    assert "Multipart without an end." in notes
    calendar = b"From: a@b.example\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n"
    assert "An invitation to a calendar; it is among the files." in notes_on(parse_message(calendar))
