"""Names, addresses, encoded words, dates, parameters and identifiers, right and wrong."""

from __future__ import annotations

import pytest

from ombud.mail.parse import parse_message
from ombud.mail.parse.addresses import parse_addresses
from ombud.mail.parse.charset import codec_for, decode
from ombud.mail.parse.dates import parse_date
from ombud.mail.parse.ids import message_ids
from ombud.mail.parse.params import file_name, parse_structured
from ombud.mail.parse.words import decode_words
from tests.mail.samples import mail


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Jane Roe <jane@example.com>", [("Jane Roe", "jane@example.com")]),
        ("jane@example.com", [("", "jane@example.com")]),
        ("jane@example.com (Jane Roe)", [("Jane Roe", "jane@example.com")]),
        ('"Roe, Jane" <jane@example.com>, '
        'bob@example.com', [("Roe, Jane", "jane@example.com"), ("", "bob@example.com")]),
        ("=?utf-8?Q?Roe=2C_J=C3=A4ne?= <jane@example.com>", [("Roe, Jäne", "jane@example.com")]),
        ('"=?utf-8?B?SsOkbmU=?=" <jane@example.com>', [("Jäne", "jane@example.com")]),
        ("=?utf-8?Q?J=C3=A4ne_=3Cjane=40example=2Ecom=3E?=", [("Jäne", "jane@example.com")]),
        ("Team: a@example.com, B <b@example.com>;, c@example.com",
         [("", "a@example.com"), ("B", "b@example.com"), ("", "c@example.com")]),
        ("Jane [Support] <jane@example.com>", [("Jane [Support]", "jane@example.com")]),
        ('"Jane \\"JJ\\" Roe" <jane@example.com>', [('Jane "JJ" Roe', "jane@example.com")]),
        ("Jane@Work <jane@example.com>", [("Jane@Work", "jane@example.com")]),
        ("'jane@example.com' <jane@example.com>", [("jane@example.com", "jane@example.com")]),
        ("Jane Roe jane@example.com", [("Jane Roe", "jane@example.com")]),
        ("Jane (work <jane@example.com>", [("Jane work", "jane@example.com")]),
        ("<jane@example.com", [("", "jane@example.com")]),
        ("jane @ example . com", [("", "jane@example.com")]),
        ("<@relay.example:jane@example.com>", [("", "jane@example.com")]),
        ("undisclosed-recipients:;", []),
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [("Pete", "pete@silly.test")]),
        ("A Group(Some people):Chris <c@(host)public.example>, joe@example.org; (the end)",
         [("Chris", "c@public.example"), ("", "joe@example.org")]),
        ("", []),
        (",,,", []),
        ("Jane <mailto:jane@example.com>", [("Jane", "jane@example.com")]),
        ("a@example.com; b@example.com", [("", "a@example.com"), ("", "b@example.com")]),
        ("Łukasz <łukasz@przykład.pl>", [("Łukasz", "łukasz@przykład.pl")]),
    ],
)  # fmt: skip
def test_addresses(field: str, expected: list[tuple[str, str]]) -> None:
    assert [(a.name, a.email) for a in parse_addresses([field.encode()])] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=?utf-8?Q?caf=C3=A9?=", "café"),
        ("=?UTF-8?b?Y2Fmw6k=?= now", "café now"),
        ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?= and =?utf-8?Q?b?=", "a and b"),
        ("=?utf-8?B?w?= =?utf-8?B?6Q==?=", "é"),
        ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"),
        ("=?utf-8*en?Q?hi?=", "hi"),
        ("=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト"),
        ("=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        ("=?no-such?Q?plain?=", "plain"),
        ("=?utf-8?Q?open end", "open end"),
        ("=?utf-8?Q?blank inside?=", "blank inside"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("a =? b", "a =? b"),
        ("=?utf-8?B?4pyT", "✓"),
        ("=?utf-8?Q?=E2=9C=93?=!", "✓!"),
    ],
)
def test_encoded_words(text: str, expected: str) -> None:
    assert decode_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 05 Mar 2024 09:41:00 +0100", "2024-03-05T09:41:00+01:00"),
        ("Tue, 5 Mar 2024 09:41:00 -0500 (EST)", "2024-03-05T09:41:00-05:00"),
        ("5 Mar 24 09:41 GMT", "2024-03-05T09:41:00+00:00"),
        ("Tue, 05 Mar 2024 09:41:00", "2024-03-05T09:41:00+00:00"),
        ("Tue, 05 Mar 2024 09:41:00 UTC+0200", "2024-03-05T09:41:00+02:00"),
        ("2024-03-05T09:41:00+01:00", "2024-03-05T09:41:00+01:00"),
        ("Tue, 05 Mar 2024 23:59:60 +0000", "2024-03-05T23:59:59+00:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"),
        ("yesterday", None),
        ("Tue, 99 Mar 2024 09:41:00 +0100", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: str | None) -> None:
    found = parse_date(text)
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("disposition", "content_type", "expected"),
    [
        ('attachment; filename="a b.pdf"', "", "a b.pdf"),
        ("attachment; filename=a b.pdf", "", "a b.pdf"),
        ("attachment; filename*=utf-8''Erkl%C3%A4rung.txt", "", "Erklärung.txt"),
        ("attachment; filename*0*=utf-8''Erkl%C3; filename*1*=%A4rung; filename*2=.txt", "", "Erklärung.txt"),
        ("attachment; filename*1=b.txt; filename*0=a", "", "ab.txt"),
        ('attachment; filename="=?utf-8?B?w6QucGRm?="', "", "ä.pdf"),
        ("attachment; filename==?utf-8?B?w6QucGRm?=", "", "ä.pdf"),
        ("attachment", 'application/pdf; name="x.pdf"', "x.pdf"),
        ('attachment; filename="open.pdf', "", "open.pdf"),
        ('attachment; filename=""', "", ""),
        ('attachment; filename="a\\"b.txt"', "", 'a"b.txt'),
        ("attachment; filename*=iso-8859-1'de'%E4.txt; filename=fallback.txt", "", "ä.txt"),
        ("attachment;;; ;filename=x.txt;", "", "x.txt"),
    ],
)
def test_file_names(disposition: str, content_type: str, expected: str) -> None:
    found = file_name(parse_structured(disposition.encode()), parse_structured(content_type.encode()))
    assert found == expected


def test_raw_eight_bit_names() -> None:
    assert (
        file_name(parse_structured('attachment; filename="Ünï.txt"'.encode()), parse_structured(b""))
        == "Ünï.txt"
    )
    assert file_name(parse_structured(b'attachment; filename="\xdcn.txt"'), parse_structured(b"")) == "Ün.txt"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("gb18030", "关于机房环境的法规，请您查收附件。"),
        ("big5", "親愛的客戶您好，請查收附件"),
        ("euc_kr", "안녕하세요 문의드립니다"),
        ("shift_jis", "お世話になっております。添付をご確認ください"),
        ("euc_jp", "お世話になっております。"),
        ("iso2022_jp", "お世話になっております。"),
        ("cp1251", "Здравствуйте, у меня не работает вход в систему"),
        ("cp1252", "Grüße aus Köln, schöne Straße, für Ärger"),
        ("utf-8", "Grüße — ✓"),
    ],
)
@pytest.mark.parametrize("label", [None, "us-ascii", "x-unknown", "utf-8"])
def test_charset_is_found_without_a_right_label(charset: str, text: str, label: str | None) -> None:
    if charset == "iso2022_jp" and label == "utf-8":
        pytest.skip("seven-bit text is valid UTF-8: the label has to be believed")
    assert decode(text.encode(charset), label)[0] == text


def test_wrong_labels_are_told() -> None:
    assert decode("é".encode(), "iso-8859-1") == ("é", "text is not iso-8859-1")
    assert decode(b"abc", "x-nothing") == ("abc", "unknown charset 'x-nothing'")
    assert decode(b"", None) == ("", None)


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "unicode_escape", "zlib", "rot13", "base64", "hex", "", "a b", "ü"]
)
def test_codecs_that_are_no_charsets_are_refused(label: str) -> None:
    assert codec_for(label) is None


def test_message_ids() -> None:
    assert message_ids(b"<a@b>\r\n <c@d> <a@b>") == ["a@b", "c@d"]
    assert message_ids(b"a@b c@d") == ["a@b", "c@d"]
    assert message_ids(b'message of "Fri" from x <a@b>') == ["a@b"]
    assert message_ids(b"<a\r\n b@c> <not an id at all>") == ["ab@c"]
    assert message_ids(b"<1234   @   local(blah)  .machine .example>") == ["1234@local.machine.example"]
    assert message_ids(None) == []


def test_missing_message_id_is_stable() -> None:
    raw = mail("x", Message_ID="")
    assert parse_message(raw).message_id == parse_message(raw).message_id
    assert parse_message(raw).message_id != parse_message(raw + b"y").message_id


def test_broken_header_lines_do_not_end_the_headers() -> None:
    found = parse_message(
        b"From: a@example.com\nthis is no header\nSubject: still here\nTo: b@example.com\n\nBody"
    )
    assert (found.subject, found.text) == ("still here", "Body")


def test_body_without_blank_line() -> None:
    found = parse_message(b"From: a@example.com\nSubject: x\nHello there, no blank line.\nSecond line")
    assert found.text == "Hello there, no blank line.\nSecond line"


def test_mailbox_line_and_line_ends() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        lines = [
            b"From a@example.com Tue Mar  5 09:41:00 2024",
            b"From: a@example.com",
            b"Subject: x",
            b"",
            b"Body",
        ]
        found = parse_message(end.join(lines))
        assert (found.subject, found.text) == ("x", "Body")
