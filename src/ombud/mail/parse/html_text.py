"""HTML to readable lines, with the quotes that mail programs mark by elements, classes and ids."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from ombud.mail.parse import limits
from ombud.mail.parse.html_tree import HIDDEN, name_of, parse_html
from ombud.mail.parse.lines import Line

_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody tfoot thead "
    "tr ul caption".split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 ul ol dl pre table blockquote".split())
_BLANKS = re.compile(r"[ \t\r\n\f\u00a0]+")
_HIDDEN_STYLE = re.compile(r"(?i)(?:^|;)\s*(?:display\s*:\s*none|mso-hide\s*:\s*all)")

# class or id (without the prefixes that programs add when they quote each other) -> the element holds a quote
_QUOTE_CONTAINERS = frozenset(
    "gmail_quote gmail_quote_container gmail_extra_quote yahoo_quoted yahoo-quoted-begin qtdseparatebr zmail_extra "
    "zmail_extra_hr protonmail_quote tutanota_quote olk_src_body_section moz-forward-container "
    "moz-cite-prefix mail-quote-collapse msg-quote hey_quote front-blockquote quoted-content "
    "ms-outlook-mobile-reference-message previousmessage cm_quote gmx_quote bloop_original_html "
    "mb_quote reply-intro isforwardcontent wisestamp_quote quotedmessage quotedreply skiff_quote".split()
)
_QUOTE_NAMES = frozenset({"messagereplysection", "quote", "quoted-text"})
# the point from which a program quotes down to the end
_QUOTE_STARTS = frozenset(
    "divrplyfwdmsg appendonsend replysplit replyseparator _mailoriginal maildivider "
    "mail-editor-reference-message-container reply_header ms-outlook-mobile-body-separator-line".split()
)
_PREFIX = re.compile(r"^(?:x_|m_[-0-9]+)+")


@dataclass(slots=True)
class _Open:
    """State to restore when an element ends."""

    element: etree._Element
    depth: int
    quoted: bool
    pre: bool
    soft: bool = False


class _Renderer:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.buffer: list[str] = []
        self.depth = 0
        self.quoted = False
        self.pre = False
        self.cut = False

    def text(self, text: str | None) -> None:
        if not text:
            return
        if self.pre:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.buffer.append(first)
            for line in rest:
                self.newline()
                self.buffer.append(line)
            return
        self.buffer.append(_BLANKS.sub(" ", text))

    def newline(self) -> None:
        """End the current line, also when it is empty."""
        text = "".join(self.buffer)
        text = text.rstrip() if self.pre else re.sub(" {2,}", " ", text).strip(" ")
        self.buffer.clear()
        marked = self.depth > 0 or self.quoted
        shown = f"{'>' * self.depth} {text}".rstrip() if self.depth else text
        self.lines.append(Line(shown, quoted=marked, strong=marked, cut=self.cut))
        self.cut = False

    def end_line(self) -> None:
        """End the current line if something is on it."""
        if self.cut or "".join(self.buffer).strip(" \n"):
            self.newline()
        else:
            self.buffer.clear()

    def blank(self) -> None:
        """Leave one blank line before what follows."""
        self.end_line()
        if self.lines and self.lines[-1].text.strip("> "):
            self.newline()


def html_lines(markup: str) -> tuple[list[Line], bool]:
    """Render HTML as lines; the second value says whether a bound cut it short. Never raises."""
    root = parse_html(markup[: limits.TEXT_BYTES])
    if root is None:
        return [], False
    out = _Renderer()
    truncated = _walk(root, out)
    out.end_line()
    return out.lines, truncated


def _walk(root: etree._Element, out: _Renderer) -> bool:
    walker = etree.iterwalk(root, events=("start", "end"))
    stack: list[_Open] = []
    count = 0
    for event, element in walker:
        name = name_of(element)
        if event == "start":
            count += 1
            if count > limits.HTML_ELEMENTS:
                return True
            if name in HIDDEN or _is_hidden(element):
                walker.skip_subtree()
                continue
            stack.append(_Open(element, out.depth, out.quoted, out.pre))
            _start(element, name, out, stack)
        else:
            if stack and stack[-1].element is element:
                _end(name, out, stack)
            out.text(element.tail)
    return False


def _is_hidden(element: etree._Element) -> bool:
    style = element.get("style")
    return bool(style and len(style) < 4_000 and _HIDDEN_STYLE.search(style))


def _start(element: etree._Element, name: str, out: _Renderer, stack: list[_Open]) -> None:
    attributes = element.attrib
    if attributes:
        _marks(element, name, out, stack)
    if name == "br":
        out.newline()
    elif name == "blockquote":
        out.blank()
        out.depth = min(out.depth + 1, 20)
    elif name in _SPACED and "MsoNormal" not in (attributes.get("class") or ""):
        out.blank()
    elif name in _BLOCKS:
        out.end_line()
    elif name in ("td", "th") and out.buffer:
        out.buffer.append(" ")
    if name == "li":
        out.buffer.append("- ")
    out.pre = out.pre or name == "pre"
    out.text(element.text)


def _end(name: str, out: _Renderer, stack: list[_Open]) -> None:
    opened = stack.pop()
    if name in _BLOCKS:
        out.end_line()
    if name == "blockquote" and stack and stack[-1].soft:
        out.quoted = stack[-1].quoted
    else:
        out.quoted = opened.quoted
    out.depth, out.pre = opened.depth, opened.pre
    if name in _SPACED:
        out.blank()


def _marks(element: etree._Element, name: str, out: _Renderer, stack: list[_Open]) -> None:
    words = {
        _PREFIX.sub("", w) for w in f"{element.get('class') or ''} {element.get('id') or ''}".lower().split()
    }
    label = (element.get("name") or "").lower()
    if words & _QUOTE_STARTS or label in _QUOTE_STARTS:
        out.end_line()
        out.cut = True
    elif (
        words & _QUOTE_CONTAINERS or label in _QUOTE_NAMES or element.get("data-marker") == "__QUOTED_TEXT__"
    ):
        out.end_line()
        # People answer between the quotes that Gmail puts into its container: after a quotation ends,
        # what stands there is theirs again.
        stack[-1].soft = "gmail_quote" in words and name != "blockquote"
        out.quoted = True
