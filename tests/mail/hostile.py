"""Messages that are made to hurt a reader: each is named and made on demand. Sizes as in TRUST.md, T70."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from functools import partial

HEAD = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n"
MB = 1024 * 1024
_HEADER, _BODY = 100_000, 250_000


def _text(body: bytes, kind: bytes = b"text/plain; charset=utf-8", more: bytes = b"") -> bytes:
    return HEAD + b"Content-Type: " + kind + b"\r\n" + more + b"\r\n" + body


def _html(markup: str) -> bytes:
    return _text(markup.encode(), b"text/html; charset=utf-8")


def _field(name: bytes, value: bytes) -> bytes:
    return name + b": " + value + b"\r\n" + HEAD + b"\r\nhello\r\n"


def _parts(count: int) -> bytes:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * count + b"--b--\r\n"


def _nested_multiparts(depth: int, filler: bytes = b"") -> bytes:
    out = [HEAD]
    opening = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    out += [opening % (level, level) for level in range(depth)]
    out.append(b"Content-Type: text/plain\r\n\r\ndeep\r\n" + filler)
    out += [b"--b%d--\r\n" % level for level in reversed(range(depth))]
    return b"".join(out)


def _nested_messages(depth: int) -> bytes:
    return (HEAD + b"Content-Type: message/rfc822\r\n\r\n") * depth + HEAD + b"\r\ndeep\r\n"


def _nested_base64(depth: int) -> bytes:
    message = HEAD + b"\r\n" + b"deep " * 2_000
    for _ in range(depth):
        encoded = base64.encodebytes(message)
        message = (
            HEAD + b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
        )
    return message


def _base64(size: int, kind: bytes, line: int = 76) -> bytes:
    row = b"QUJD" * (line // 4) + b"\r\n"
    return _text(row * (size // len(row)), kind, b"Content-Transfer-Encoding: base64\r\n")


def _noise(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _tnef(size: int) -> bytes:
    stream = b"\x78\x9f\x3e\x22\x01\x00" + _noise(size, 5)
    return _text(base64.encodebytes(stream), b"application/ms-tnef", b"Content-Transfer-Encoding: base64\r\n")


def _tnef_attributes(count: int) -> bytes:
    attribute = b"\x02\x02\x90\x06\x00\x00\x00\x00\x00\x00\x00"
    stream = b"\x78\x9f\x3e\x22\x01\x00" + attribute * count
    return _text(base64.encodebytes(stream), b"application/ms-tnef", b"Content-Transfer-Encoding: base64\r\n")


LARGE: dict[str, Callable[[], bytes]] = {
    "base64 attachment of 50 MB": lambda: _base64(50 * MB, b"application/pdf; name=a.pdf"),
    "base64 text of 50 MB": lambda: _base64(50 * MB, b"text/plain"),
    "base64 HTML of 50 MB on one line": lambda: _base64(50 * MB, b"text/html", 50 * MB - 4),
    "plain text of 50 MB": lambda: _text(b"hello world\r\n" * (50 * MB // 13)),
    "header line of 50 MB": lambda: _field(b"Subject", b"a" * (50 * MB)),
    "header lines, 2 million": lambda: b"X-A: b\r\n" * 2_000_000 + HEAD + b"\r\nhello",
    "folded header of 2 million lines": lambda: (
        b"Subject: a\r\n" + b" b\r\n" * 2_000_000 + HEAD + b"\r\nhello"
    ),
    "lines that are almost boundaries, 50 MB": lambda: (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bx\n" * (10 * MB)
    ),
    "short boundary and 50 MB of dashes": lambda: (
        HEAD + b"Content-Type: multipart/mixed; boundary=-\r\n\r\n" + b"---" * (16 * MB)
    ),
    "multiparts 500 deep around 20 MB": lambda: _nested_multiparts(500, b"filler line\r\n" * (20 * MB // 13)),
}

SMALL: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "only line ends": lambda: b"\r\n" * 200_000,
    "only NUL": lambda: b"\0" * 1_000_000,
    "only carriage returns": lambda: b"a: b\r" * 100_000,
    "noise": lambda: _noise(1_000_000, 1),
    "100,000 addresses": lambda: _field(
        b"Cc", b", ".join(b"n%d <u%d@example.com>" % (i, i) for i in range(100_000))
    ),
    "100,000 bare addresses": lambda: _field(
        b"To", b",".join(b"u%d@example.com" % i for i in range(100_000))
    ),
    "10,000 parts": lambda: _parts(10_000),
    "200,000 parts": lambda: _parts(200_000),
    "10,000 alternative parts": lambda: _parts(10_000).replace(b"multipart/mixed", b"multipart/alternative"),
    "multiparts 500 deep": lambda: _nested_multiparts(500),
    "multiparts 10,000 deep": lambda: _nested_multiparts(10_000),
    "messages 5,000 deep": lambda: _nested_messages(5_000),
    "base64 messages 16 deep": lambda: _nested_base64(16),
    "TNEF of noise": lambda: _tnef(500_000),
    "TNEF of 100,000 attributes": lambda: _tnef_attributes(100_000),
    "100,000 references": lambda: _field(
        b"References", b" ".join(b"<%d@example.com>" % i for i in range(100_000))
    ),
}

_HEADER_BOMBS = {
    "word starts": b"=?utf-8?q?",
    "half words": b"=?",
    "words": b"=?utf-8?q?a?= ",
    "base64 words": b"=?utf-8?b?4pyT?= ",
    "japanese words": b"=?iso-2022-jp?b?GyRCJCIbKEI=?= ",
    "unknown words": b"=?x-nothing?q?=ff?= ",
    "open parentheses": b"(",
    "parentheses": b"()",
    "open quotes": b'"\\',
    "escaped quotes": b'"\\"',
    "quotes": b'"a" ',
    "open angles": b"<a",
    "closed angles": b">",
    "ats": b"@",
    "commas": b",",
    "groups": b"a:b;",
    "dots": b"a@b . ",
    "backslashes": b"\\",
    "colons": b":",
    "high bytes": b"\xe9\xff",
    "escapes": b"\x1b$B",
    "semicolons": b";",
    "parameters": b"; a=b",
    "continuations": b"; name*0*=utf-8''%41",
    "percents": b"; filename*=utf-8''%",
}


def _header_bomb(name: bytes, unit: bytes) -> bytes:
    start = b"text/plain; name=x " if name == b"Content-Type" else b""
    return _field(name, start + unit * (_HEADER // len(unit)))


for _name, _unit in _HEADER_BOMBS.items():
    for _in in (b"Subject", b"From", b"Content-Type", b"In-Reply-To"):
        SMALL[f"{_in.decode()} of {_name}"] = partial(_header_bomb, _in, _unit)

_HTML_BOMBS = {
    "open divisions": "<div>",
    "open quotes": "<blockquote>",
    "open fonts": "<font color=1><font color=2>",
    "paragraphs of fonts": "<p><font color=1>x",
    "bold paragraphs": "<b><p>x",
    "tables": "<table><tr><td>",
    "lists": "<ul><li>",
    "links": "<a href=http://x>",
    "comments": "<!--",
    "less-than": "<",
    "ampersands": "&",
    "entities": "&lt;&amp;&#x41;",
    "end tags": "<p></div>",
    "attributes": " a=b",
    "styles": '<p style="color:red;;;;;;">',
    "images": '<img src="cid:x"><img src="http://x/y">',
    "pre": "<pre>\n",
    "breaks": "<br>",
    "select": "<select><option>",
    "svg": "<svg><style>",
    "titles": "<title>",
    "hidden": "<i style=display:none>",
    "gmail quotes": '<div class="gmail_quote">x<blockquote>y</blockquote>z',
    "cuts": '<div id="divRplyFwdMsg"></div>x',
    "no-break spaces": "&nbsp;",
    "conditional comments": "<![if !mso]>",
}
for _name, _markup in _HTML_BOMBS.items():
    SMALL[f"HTML of {_name}"] = partial(_html, _markup * (_BODY // len(_markup)))
SMALL["HTML element of 100,000 attributes"] = lambda: _html(
    "<p " + "".join(f"a{i}=1 " for i in range(100_000)) + ">x"
)
SMALL["HTML fonts, then paragraphs"] = lambda: _html(
    "".join(f"<font color={i}>" for i in range(20_000)) + "<p>x" * 20_000
)


def _text_bomb(unit: str) -> bytes:
    return _text((unit * (_BODY // len(unit))).encode())


_TEXT_BOMBS = {
    "quote marks": "> x\n",
    "empty quote marks": ">\n",
    "deep quotes": ">>>>>>>>>> x\n",
    "one line of quote marks": ">",
    "blank lines": " \n",
    "attributions": "On Mon, Jan 1, 2024 at 10:00 AM Bob <b@example.com> wrote:\n",
    "half attributions": "On Mon, Jan 1, 2024 at 10:00 AM Bob <b@example.com>\n",
    "verbs": "wrote:\n",
    "colons": "a:\n",
    "one line of verbs": "wrote ",
    "From lines": "From: a@example.com\n",
    "header blocks": "From: a@example.com\nSent: 1 May 2024 10:00\nTo: b\nSubject: c\n\n",
    "labels": "To: x\n\n",
    "original messages": "-----Original Message-----\n",
    "rules": "----------\n",
    "dashes": "-",
    "dashes and blanks": "- ",
    "dashes and letters": "--a",
    "underscores": "_",
    "signatures": "--\nx\n",
    "sent from": "Sent from my x\n",
    "digits": "0123456789",
    "digit groups": "12 34 ",
    "at signs": "@",
    "address halves": "a@b.",
    "slashes": "http://",
    "angles": "<",
    "brackets": "[(",
    "interleaved": "> a\nb\n",
    "uuencode": "begin 644 a\n#0V%T\nend\n",
    "uuencode without end": "begin 644 a\nM\n",
    "forward marks": "---------- Forwarded message ----------\n",
    "stars": "*",
    "flowed": "a \n",
    "high planes": "\U0001f389",
    "right-to-left": "\u200f\u202b",
    "long quoted words": "> " + "ACGT" * 500 + "\n",
    "long words": "ACGT" * 500 + "\n",
    "words": "abcd " * 500 + "\n",
    "almost signatures": "x\n\n-- \n",
    "capitals and colons": "Abc Def: x@y.z 10:30 2024\n",
}
for _name, _body in _TEXT_BOMBS.items():
    SMALL[f"text of {_name}"] = partial(_text_bomb, _body)
SMALL["flowed text"] = lambda: _text(b"a \n" * 300_000, b"text/plain; format=flowed; delsp=yes")
SMALL["reply under a long text"] = lambda: _text(
    b"x\n" * 100_000 + b"On Jan 1, 2024 at 10:00 Bob <b@x.y> wrote:\n> a\n"
)


def _labelled(body: bytes, charset: str) -> bytes:
    return _text(body, f"text/plain; charset={charset}".encode())


for _charset in (
    "utf-7 utf-8 utf-16 iso-2022-jp hz gb18030 big5 euc-kr idna punycode unicode_escape zlib no-such".split()
):
    SMALL[f"noise as {_charset}"] = partial(_labelled, _noise(1_000_000, 2), _charset)
    SMALL[f"letters as {_charset}"] = partial(_labelled, b"-abc+-" * 160_000, _charset)
SMALL["noise as nothing"] = lambda: _text(_noise(1_000_000, 3), b"text/plain")


def mutations(message: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Damage a message in many ways: bytes changed, cut, doubled, moved."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(message)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data) + 1)
            match chance.randrange(5):
                case 0:
                    data[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    del data[at : at + chance.randint(1, 200)]
                case 2:
                    data[at:at] = data[at : at + chance.randint(1, 300)]
                case 3:
                    data[at:at] = chance.choice(
                        [b"\0", b"\n\n", b"\r", b"--", b'"', b"(", b"<", b"=?", b"\xff", b";"]
                    )
                case _:
                    data = data[: max(at, 1)]
        yield bytes(data)
