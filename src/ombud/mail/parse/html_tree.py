"""HTML of any quality to a tree, by libxml2: linear time, no formatting elements copied into every paragraph."""

from __future__ import annotations

import re

from lxml import etree

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

HIDDEN = frozenset(
    "script style title meta link base template svg math object embed applet iframe frame frameset audio video "
    "canvas xml noembed noframes param source track map area".split()
)
"""Elements that say nothing to a reader; they go with their content."""


_LONG_TAG = 20_000
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|title|textarea|xmp)\b.*?(?:</\1|\Z)"
    r"|<([a-z][a-z0-9:-]*+)((?:[^>=]|=\s*+(?:\"[^\"]*+\"|'[^']*+'|))*+)>?",
    re.IGNORECASE | re.DOTALL,
)
_DATA_URI = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,[a-z0-9+/=\s]*+", re.IGNORECASE)


def _without_long_tags(markup: str) -> str:
    """Take the attributes off tags that are thousands of attributes long: libxml2 needs quadratic time for them."""
    if len(markup) < _LONG_TAG:
        return markup

    def shorten(match: re.Match[str]) -> str:
        if match[2] is None or len(match[0]) < _LONG_TAG or len(_DATA_URI.sub("", match[0])) < _LONG_TAG:
            return match[0]
        return f"<{match[2]}>"

    return _MARKUP.sub(shorten, markup)


def parse_html(markup: str) -> etree._Element | None:
    """Build the tree of an HTML body, or None if there is nothing in it. Never raises."""
    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, huge_tree=True, remove_comments=True, remove_pis=True, no_network=True
    )
    data = _without_long_tags(_UNSAFE.sub("", markup)).encode("utf-8", "replace")
    try:
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def name_of(element: etree._Element) -> str:
    """The element's name in lower case without a namespace prefix that nobody declared."""
    tag: object = element.tag  # a comment's tag is a function, whatever the stubs say
    return tag.lower().rsplit("}", 1)[-1] if isinstance(tag, str) else ""
