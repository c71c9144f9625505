"""Links without mark-up are what markdown-it's own rule makes of them."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from ombud.kit import html
from ombud.kit.bare_links import LONGEST

OWN = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
OWN.enable(["table", "strikethrough", "linkify"]).disable(["image"])


@pytest.mark.parametrize(
    "text",
    [
        "see http://a_b_c.de/x_y_z and *http://a.bc/*", "**ftp://a.b/c**", "HTTPS://a.bc/_x_", ".http://a.b",
        "xhttp://a.bc", "(https://a.b/c)", "foo:http://a.b", "wwwhttp://x.y", "ahttps://x.y/_a_", "http\\://a.b",
        "[x http://a.b](http://c.d)", "<http://a.b>", "http://", "mailto://a@b.cc", "https://a.de?x=[1]",
        "http://a.b\\_c", "://a.b", "https://user:secret@a.b/_x", "javascript://a.b/_x",
    ],
)  # fmt: skip
def test_the_same_links_are_found(text: str) -> None:
    assert html._MARKDOWN.render(text) == OWN.render(text)


def test_an_address_beyond_the_limit_is_one_link_too() -> None:
    for length in (LONGEST - 20, LONGEST, 2 * LONGEST):
        rendered = html.render_markdown("https://a.bc/" + "x" * length)
        assert rendered.count("<a ") == 1
        assert rendered.count("x") == 2 * length, "in the address and in the text"
