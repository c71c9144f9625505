"""HTML from text that people wrote: Markdown rendered, and sanitised last. The only place that makes Markup.

Nothing here trusts its input: raw HTML in Markdown stays text, and nh3 (an allow-list) has the last word.
"""

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

SafeHtml = Markup
"""Text that is safe to show as HTML; only this module makes it, others name it in their types."""

# Search marks a hit with two private characters, so that its text can be escaped like any other.
HIT_START, HIT_END = "\ue000", "\ue001"

_TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol",
    "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}
_CACHED_LENGTH = 20_000

# Customers press Enter where they want a new line; pictures would be fetched from elsewhere.
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
_MARKDOWN.enable(["table", "strikethrough", "linkify"]).disable(["image"])

_QUOTE_LINE = re.compile(r"^\s*>")


def render_markdown(source: str) -> Markup:
    """Return sanitised HTML for a Markdown text."""
    return _remembered(source) if len(source) <= _CACHED_LENGTH else _rendered(source)


def split_quote(source: str) -> tuple[str, str]:
    """Split the quotation at the end of a message from what its author wrote; the quotation may be empty.

    A quotation is a last block of lines that begin with `>`, with the line before it when that ends in a
    colon ("On Monday Ann wrote:"). A message of nothing else is not split.
    """
    lines = source.rstrip().split("\n")
    start = len(lines)
    while start > 0 and (_QUOTE_LINE.match(lines[start - 1]) or not lines[start - 1].strip()):
        start -= 1
    if not any(_QUOTE_LINE.match(line) for line in lines[start:]):
        return source, ""
    if start > 0 and lines[start - 1].rstrip().endswith(":"):
        start -= 1
    own = "\n".join(lines[:start]).rstrip()
    return (own, "\n".join(lines[start:])) if own else (source, "")


def mark_hits(snippet: str) -> Markup:
    """Return the line of a search hit as HTML, its hits in `<mark>`."""
    marked = str(escape(snippet)).replace(HIT_START, "<mark>").replace(HIT_END, "</mark>")
    return Markup(nh3.clean(marked, tags={"mark"}, attributes={}))  # noqa: S704 -- sanitised on this line


@lru_cache(maxsize=2048)
def _remembered(source: str) -> Markup:
    return _rendered(source)


def _rendered(source: str) -> Markup:
    html = nh3.clean(
        _MARKDOWN.render(source),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(html)  # noqa: S704 -- sanitised above, last
