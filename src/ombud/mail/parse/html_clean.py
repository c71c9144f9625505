"""HTML to HTML that is safe to show: rebuilt from an allow-list, then sanitised by nh3, which has the last word.

The rebuilding bounds depth and the number of open formatting elements, takes remote images out, and points
inline images at attachments. Styles are reduced to colours and text decoration: nothing that moves, covers,
loads or hides.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import unquote

import nh3
from lxml import etree

from ombud.mail.parse import limits
from ombud.mail.parse.html_tree import HIDDEN, name_of, parse_html

_BLOCK = frozenset(
    "blockquote caption center col colgroup dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody td tfoot th "
    "thead tr ul".split()
)
_INLINE = frozenset(
    "a abbr b bdi bdo big br cite code del dfn em font i img ins kbd mark q s samp small span strike strong sub sup "
    "tt u var wbr".split()
)
_VOID = frozenset("br col hr img wbr".split())
_ALIAS = {
    "header": "div",
    "footer": "div",
    "section": "div",
    "article": "div",
    "main": "div",
    "address": "div",
}
_PASSES = 4
_PIECE = 4_000
_TAGS = _BLOCK | _INLINE

_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir", "lang", "style", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "data-remote-src"},
    "font": {"color", "size"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "tr": {"align", "valign"},
    "table": {"align", "cellpadding", "cellspacing"},
    "ol": {"start", "type"},
    "div": {"align"},
    "p": {"align"},
    "blockquote": {"type"},
}
_STYLES = {
    "color",
    "background-color",
    "font-weight",
    "font-style",
    "text-decoration",
    "text-align",
    "white-space",
}
_STYLE_VALUE = re.compile(r"[#a-zA-Z0-9 ,.%-]{1,60}|rgba?\([0-9 ,.%]{1,40}\)")
_LINK = re.compile(r"(?i)\s*(?:https?://|mailto:|tel:)[^\s]")
_REMOTE = re.compile(r"(?i)\s*(?:https?:)?//[^\s]")
_DATA_IMAGE = re.compile(r"(?i)data:image/(?:png|gif|jpe?g|webp);base64,[a-z0-9+/=\s]{1,200000}")
_ATTACHED = re.compile(r"attachment:[0-9a-f]{64}")


def clean_html(markup: str, inline: Mapping[str, str]) -> tuple[str, bool]:
    """Give safe HTML and whether a bound cut it short.

    `inline` maps Content-IDs (and Content-Locations) to digests: such an image becomes `attachment:<sha256>`.
    Remote images lose their address to `data-remote-src`. Sanitising again changes nothing.
    """
    root = parse_html(markup[: limits.TEXT_BYTES])
    if root is None:
        return "", False
    rebuilt, truncated = _rebuild(root, inline)
    cleaned = sanitise(rebuilt).strip()
    for _ in range(_PASSES):
        again = sanitise(cleaned)
        if again == cleaned:
            break
        cleaned = again  # what was moved out of a table, say, may nest in another way when read again
    return cleaned, truncated or len(markup) > limits.TEXT_BYTES


def sanitise(markup: str) -> str:
    """Apply the allow-list; idempotent. Always the last step before HTML is shown."""
    return nh3.clean(
        markup,
        tags=set(_TAGS),
        clean_content_tags=set(
            HIDDEN - {"meta", "link", "base", "param", "source", "track", "area", "embed", "frame"}
        ),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_filter,
        url_schemes={"http", "https", "mailto", "tel", "attachment", "data"},
        filter_style_properties=set(_STYLES),
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _filter(_tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if _LINK.match(value) else None
    if name == "src":
        return value if _ATTACHED.fullmatch(value) or _DATA_IMAGE.fullmatch(value) else None
    if name == "data-remote-src":
        return value if _REMOTE.match(value) else None
    return value


class _Builder:
    """Writes the allowed part of a tree as markup, within the bounds."""

    def __init__(self, inline: Mapping[str, str]) -> None:
        self.inline = inline
        self.out: list[str] = []
        self.opened: list[tuple[etree._Element, str]] = []  # with its end tag, "" for one that is not shown
        self.formatting = self.elements = self.size = 0
        self.truncated = False

    def write(self, markup: str) -> None:
        self.out.append(markup)
        self.size += len(markup)

    def start(self, element: etree._Element) -> bool:
        """Begin an element; False when it is left out with all that is in it."""
        name = _shown_name(element)
        self.elements += 1
        if self.elements > limits.HTML_ELEMENTS or self.size > limits.HTML_OUTPUT_CHARS:
            self.truncated = True
        if self.truncated or name in HIDDEN:
            return False
        inner = name in _INLINE and name not in _VOID
        shown = name in _TAGS and len(self.opened) < limits.HTML_OPEN_ELEMENTS
        shown = shown and not (inner and self.formatting >= limits.HTML_OPEN_INLINE)
        if shown:
            self.write(f"<{name}{_attributes(element, name, self.inline)}>")
        self.formatting += inner and shown
        self.opened.append((element, f"</{name}>" if shown and name not in _VOID else ""))
        if element.text:
            self.write(_escaped(element.text))
        return True

    def end(self, element: etree._Element) -> None:
        """End an element, also one that was left out: the text behind it is not its own."""
        if self.opened and self.opened[-1][0] is element:
            closing = self.opened.pop()[1]
            self.write(closing)
            self.formatting -= bool(closing) and _shown_name(element) in _INLINE
        if element.tail and not self.truncated:
            self.write(_escaped(element.tail))


def _rebuild(root: etree._Element, inline: Mapping[str, str]) -> tuple[str, bool]:
    builder = _Builder(inline)
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            builder.end(element)
        elif not builder.start(element):
            walker.skip_subtree()
    return "".join(builder.out), builder.truncated


def _shown_name(element: etree._Element) -> str:
    name = name_of(element)
    return _ALIAS.get(name, name)


def _escaped(text: str) -> str:
    """Escape text. A text full of special characters is put in pieces: the sanitiser needs quadratic time for it."""
    if len(text) <= _PIECE or text.count("&") + text.count("<") + text.count(">") <= _PIECE:
        return html.escape(text, quote=False)
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return "".join(f"<span>{html.escape(piece, quote=False)}</span>" for piece in pieces)


def _attributes(element: etree._Element, name: str, inline: Mapping[str, str]) -> str:
    if not element.attrib:
        return ""
    allowed = _ATTRIBUTES["*"] | _ATTRIBUTES.get(name, set())
    kept: list[tuple[str, str]] = []
    for attribute, value in list(element.attrib.items())[:60]:
        key, text = str(attribute).lower(), str(value)
        if name == "img" and key in ("src", "data-remote-src"):
            kept += _image_source(text, inline)
        elif key == "style":
            style = _style(text[:4_000])
            if style:
                kept.append((key, style))
        elif key in allowed:
            kept.append((key, text[:4_000]))
    return "".join(f' {key}="{html.escape(value)}"' for key, value in kept)


def _image_source(source: str, inline: Mapping[str, str]) -> list[tuple[str, str]]:
    source = source.strip()
    if source[:4].lower() == "cid:":
        wanted = source[4:].strip("<>")
        digest = inline.get(wanted) or inline.get(unquote(wanted))
        return [("src", f"attachment:{digest}")] if digest else []
    if _ATTACHED.fullmatch(source) or _DATA_IMAGE.fullmatch(source):
        return [("src", source)]
    if source in inline:
        return [("src", f"attachment:{inline[source]}")]
    return [("data-remote-src", source[:4_000])] if _REMOTE.match(source) else []


def _style(text: str) -> str:
    kept = []
    for declaration in text.split(";"):
        key, _, value = declaration.partition(":")
        key, value = key.strip().lower(), value.strip()
        if key in _STYLES and _STYLE_VALUE.fullmatch(value):
            kept.append(f"{key}: {value}")
    return "; ".join(kept)
