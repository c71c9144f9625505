"""HTML from text that people wrote: Markdown rendered, and sanitised last. The only place that makes Markup.

Nothing here trusts its input: raw HTML in Markdown stays text, and nh3 (an allow-list) has the last word.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from ombud.kit.bare_links import bare_link

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

# Mail shows pictures that it carries.
_LETTER = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
_LETTER.enable(["table", "strikethrough", "linkify", "image"])
for _reader in (_MARKDOWN, _LETTER):
    _reader.inline.ruler.at("linkify", bare_link)
_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")

_QUOTE_LINE = re.compile(r"^\s*>")


def render_markdown(source: str) -> Markup:
    """Return sanitised HTML for a Markdown text."""
    return _remembered(source) if len(source) <= _CACHED_LENGTH else _rendered(source)


def render_letter(source: str, images: Mapping[str, str]) -> Markup:
    """Return sanitised HTML of a Markdown text for a mail.

    `images` maps a picture's name as the text has it (`![](shot.png)`) to its Content-ID; all other pictures
    become their words, so that a mail never fetches anything.
    """
    html = nh3.clean(
        _LETTER.render(source, {"images": images}),
        tags=_TAGS | {"img"},
        attributes={**_ATTRIBUTES, "img": {"src", "alt"}},
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(html)  # noqa: S704 -- sanitised above, last


def pictures_of(source: str) -> list[str]:
    """Return the names of the pictures that a Markdown text shows, in order."""
    tokens = (child for token in _LETTER.parse(source) for child in token.children or ())
    return [unquote(str(token.attrs["src"])) for token in tokens if token.type == "image"]


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is: no mark-up, and no link, whatever it says."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


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
def icon(sheet: str, name: str, label: str = "") -> SafeHtml:
    """Return an icon of the sheet at that address; `label` says what it means, where no word beside it does."""
    meaning = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    drawn = f'<svg class="icon" {meaning}><use href="{escape(sheet)}#{escape(name)}"></use></svg>'
    return Markup(drawn)  # noqa: S704 -- each part is escaped above


def _picture(
    _renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType
) -> str:
    """Show a picture that the mail carries; of others only the words (nh3 looks at both)."""
    token = tokens[at]
    words = escape(token.content)
    content_id = env.get("images", {}).get(unquote(str(token.attrs["src"])))
    return f'<img src="cid:{quote(content_id, safe="@.")}" alt="{words}">' if content_id else f"[{words}]"


_LETTER.add_render_rule("image", _picture)


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
