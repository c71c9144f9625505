"""Which parts are the body and which are files (RFC 2046, 2387, 2183), and the body's text and HTML source."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from ombud.mail.parse import limits
from ombud.mail.parse.charset import decode
from ombud.mail.parse.flowed import unflow
from ombud.mail.parse.names import default_name, tidy_name
from ombud.mail.parse.params import Structured, file_name
from ombud.mail.parse.stream import Streamed
from ombud.mail.parse.tnef import read_tnef
from ombud.mail.parse.transfer import find_uuencoded
from ombud.mail.parse.tree import Part
from ombud.mail.parse.words import clean, decode_words, raw_text

_SHOWN = {"text/plain": "text", "text": "text", "text/html": "html", "application/xhtml+xml": "html"}
_OTHER_FORMS = {"text/enriched", "text/richtext", "text/watch-html", "text/x-amp-html", "text/x-watch-html"}
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef", "application/x-tnef"}
_META_CHARSET = re.compile(rb"(?i)<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})")
_CONTENT_ID = re.compile(r"<?\s*([^<>\s]+)\s*>?")


@dataclass(slots=True)
class Block:
    """One stretch of the body, in one form or in two that say the same."""

    text: str | None = None
    html: str | None = None


@dataclass(slots=True)
class File:
    """A part that is kept as a file."""

    filename: str
    content_type: str
    source: bytes | Streamed = field(repr=False)
    content_id: str | None = None
    location: str | None = None
    disposition: str = ""


@dataclass(slots=True)
class Body:
    """What `read_body` found."""

    blocks: list[Block] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    defects: dict[str, None] = field(default_factory=dict)
    truncated: bool = False

    @property
    def markup(self) -> str | None:
        """The HTML source of the whole body, or None when no part of it is HTML."""
        if not any(block.html is not None for block in self.blocks):
            return None
        return "<br>\n".join(
            block.html if block.html is not None else f"<div><pre>{html.escape(block.text or '')}</pre></div>"
            for block in self.blocks
        )


def read_body(root: Part) -> Body:
    """Sort the parts of a message into body and files. Never raises."""
    body = Body()
    hint = _charset_hint(root)
    _read(root, body, hint)
    return body


def _charset_hint(root: Part) -> str | None:
    for part in root.walk():
        charset = part.params.get("charset", "")
        if charset and charset.lower() not in ("us-ascii", "utf-8", "ascii"):
            return charset
    return None


def _read(part: Part, body: Body, hint: str | None) -> None:
    if part.is_multipart and part.children:
        if part.content_type == "multipart/alternative":
            _read_alternative(part, body, hint)
        else:
            for child in part.children:
                if child.is_cut_off and child.content_type == "text/plain" and body.blocks:
                    _keep(child, body)  # a fragment beside a whole body
                else:
                    _read(child, body, hint)
    elif part.is_multipart:
        # no boundary was found: better the raw text than nothing
        text = decode(part.raw_body(part.start, part.end), part.params.get("charset"), hint)[0]
        if text.strip():
            body.blocks.append(Block(text=text))
    elif _is_shown(part):
        _read_shown(part, body, hint)
    else:
        _keep(part, body)


def _is_shown(part: Part) -> bool:
    if part.content_type not in _SHOWN or part.disposition.value == "attachment":
        return False
    named = bool(file_name(part.disposition, Structured(part.content_type, part.params)))
    return not named or (part.parent is None and part.disposition.value != "attachment")


def _read_alternative(part: Part, body: Body, hint: str | None) -> None:
    """Take the first text and the last HTML among the forms; each form may be a tree of its own."""
    forms = []
    for child in part.children:
        if child.content_type in _OTHER_FORMS:
            continue
        form = Body(files=body.files, defects=body.defects)
        _read(child, form, hint)
        body.truncated |= form.truncated
        forms.append(form)
    texts = [f for f in forms if f.blocks and f.markup is None and _text_of(f).strip()]
    markups = [f for f in forms if f.markup is not None]
    if markups and len(markups[-1].blocks) > 1 and not texts:
        body.blocks += markups[-1].blocks
        return
    text = _text_of(texts[0]) if texts else None
    markup = markups[-1].markup if markups else None
    if text is not None or markup is not None:
        body.blocks.append(Block(text, markup))


def _text_of(form: Body) -> str:
    return "\n".join(block.text or "" for block in form.blocks)


def _read_shown(part: Part, body: Body, hint: str | None) -> None:
    data = part.content
    for defect in part.defects:
        body.defects.setdefault(defect)
    if len(data) > limits.TEXT_BYTES:
        body.truncated = True
        kind = part.content_type if "/" in part.content_type else "text/plain"
        body.files.append(File("message." + ("html" if "html" in kind else "txt"), kind, data))
    shown = data[: limits.TEXT_BYTES]
    is_html = _SHOWN[part.content_type] == "html"
    label = part.params.get("charset")
    if is_html and not label and (meta := _META_CHARSET.search(shown, 0, 4_096)):
        label = meta[1].decode("ascii")
    text, problem = decode(shown, label, hint)
    if problem:
        body.defects.setdefault(problem)
    if is_html:
        body.blocks.append(Block(html=text))
        return
    if b"\nbegin" in data or data.startswith(b"begin"):
        for name, content in find_uuencoded(data):
            body.files.append(File(tidy_name(name), "application/octet-stream", content))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, part.params.get("delsp", "").lower() == "yes")
    body.blocks.append(Block(text=text))


def _keep(part: Part, body: Body) -> None:
    source = part.source
    for defect in part.defects:
        body.defects.setdefault(defect)
    name = file_name(part.disposition, Structured(part.content_type, part.params))
    content_id = _content_id(part)
    disposition = part.disposition.value
    if (
        isinstance(source, bytes)
        and not source.strip()
        and disposition != "attachment"
        and (content_id or not name)
    ):
        if name or content_id:
            body.defects.setdefault("empty inline part, removed by the sender's system")
        return
    location = part.headers.text("content-location") or None
    title = _subject(part) or _header_text(part, "content-description")
    shown = tidy_name(name) or default_name(part.content_type, len(body.files) + 1, title)
    body.files.append(File(shown, part.content_type, source, content_id, location, disposition))
    if part.content_type in _TNEF or shown.lower() == "winmail.dat":
        _open_tnef(bytes(source), body)


def _subject(part: Part) -> str:
    return _header_text(part.children[0], "subject") if part.is_message and part.children else ""


def _header_text(part: Part, name: str) -> str:
    raw = part.headers.get(name)
    return clean(decode_words(raw_text(raw[:2_000]))).strip() if raw else ""


def _content_id(part: Part) -> str | None:
    match = _CONTENT_ID.match(part.headers.text("content-id"))
    return clean(match[1]) if match else None


def _open_tnef(content: bytes, body: Body) -> None:
    found = read_tnef(content)
    if found.is_damaged:
        body.defects.setdefault("damaged TNEF")
    for file in found.files:
        name = tidy_name(file.name) or default_name(file.content_type, len(body.files) + 1)
        kind = file.content_type or "application/octet-stream"
        body.files.append(File(name, kind, file.content, file.content_id or None))
    if not any((b.text or "").strip() or (b.html or "").strip() for b in body.blocks) and (
        found.text or found.html
    ):
        body.blocks.append(Block(found.text or None, found.html or None))
