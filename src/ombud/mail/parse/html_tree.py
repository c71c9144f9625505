"""HTML of any quality to a tree, by libxml2: linear time, no formatting elements copied into every paragraph."""

from __future__ import annotations

import re

from lxml import etree

from ombud.mail.parse import limits

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

HIDDEN = frozenset(
    "script style title meta link base template svg math object embed applet iframe frame frameset audio video "
    "canvas xml noembed noframes param source track map area".split()
)
"""Elements that say nothing to a reader; they go with their content."""


def parse_html(markup: str) -> etree._Element | None:
    """Build the tree of an HTML body, or None if there is nothing in it. Never raises."""
    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, huge_tree=True, remove_comments=True, remove_pis=True, no_network=True
    )
    data = _UNSAFE.sub("", markup).encode("utf-8", "replace")
    try:
        return etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def name_of(element: etree._Element) -> str:
    """The element's name in lower case without a namespace prefix that nobody declared."""
    tag = element.tag
    return tag.lower().rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def is_large(markup: str) -> bool:
    """Whether there is more markup than is read."""
    return len(markup) > limits.TEXT_BYTES or markup.count("<") > 2 * limits.HTML_ELEMENTS
