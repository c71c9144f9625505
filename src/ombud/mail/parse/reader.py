"""Reading one message from end to end: the tree, the headers, the body, and what they mean together."""

from __future__ import annotations

import re

from ombud.mail.parse import limits
from ombud.mail.parse.addresses import parse_addresses
from ombud.mail.parse.body import Block, Body, File, read_body
from ombud.mail.parse.classify import authentication_defects, classify
from ombud.mail.parse.cutter import Cut, cut_lines, cut_text
from ombud.mail.parse.dates import parse_date
from ombud.mail.parse.forward import announces_forward, attached_sender, original_sender
from ombud.mail.parse.headers import Headers
from ombud.mail.parse.html_clean import clean_html
from ombud.mail.parse.html_text import html_lines
from ombud.mail.parse.ids import message_ids, own_message_id, surrogate_id
from ombud.mail.parse.lines import INVISIBLE, Line, plain_lines
from ombud.mail.parse.model import Address, Attachment, ParsedMail, Protection
from ombud.mail.parse.report import delivery_statuses, failed_recipients
from ombud.mail.parse.stream import Raw
from ombud.mail.parse.tree import Part, count_parts, read_tree
from ombud.mail.parse.words import clean, decode_words, raw_text

_CID = re.compile(r"(?i)\bcid:([^\s\"'<>)]{1,400})")


def parse_message(raw: Raw) -> ParsedMail:
    """Read a message. Never raises; time and memory are bounded by `limits`.

    Whatever looks wrong is told in `defects`; the worst message still gives a result.
    """
    if raw.find(b"\n") < 0 <= raw.find(b"\r"):
        raw = raw[:].replace(b"\r", b"\n")
    root, found = read_tree(raw)
    defects = dict.fromkeys(found)
    headers = root.headers
    hint = root.params.get("charset")
    sender = _sender(headers, hint, defects)
    subject = _text(headers.get("subject"), hint)
    body = read_body(root)
    defects |= body.defects
    markup = body.markup
    attachments = _attachments(body.files, markup)
    cleaned = _clean(body, markup, attachments, defects)
    forwards = announces_forward(subject)
    text, cut = _readable(body, forwards)
    if not cut.reply.text and cut.reply.quoted and not _is_answer(headers, subject):
        # nothing but someone else's mail, and no answer to anything: passed on without a word
        text, cut = _readable(body, forwards=True)
    if body.truncated:
        defects["body too long, cut off; the whole is attached"] = None
    forwarded = original_sender(cut.forwarded) if cut.is_forward else None
    attached = attached_sender(root) if forwards and not cut.is_forward else None
    delivery = delivery_statuses(root) or failed_recipients(root)
    is_empty = not text.strip(INVISIBLE) and not attachments and not (cleaned and "<img" in cleaned)
    date = parse_date(headers.text("date"))
    if headers.get("date") and date is None:
        defects["unreadable date"] = None
    defects |= dict.fromkeys(authentication_defects(headers))
    return ParsedMail(
        message_id=_message_id(headers, raw, defects),
        in_reply_to=next(iter(message_ids(headers.get("in-reply-to"))), None),
        references=tuple(message_ids(headers.get("references")))[: limits.REFERENCES],
        date=date,
        subject=subject,
        sender=sender,
        to=parse_addresses(headers.get_all("to"), hint),
        cc=parse_addresses(headers.get_all("cc"), hint),
        reply_to=parse_addresses(headers.get_all("reply-to"), hint),
        text=text,
        html=cleaned,
        reply=cut.reply,
        classification=classify(
            root, sender, subject=subject, text=text, delivery=delivery, is_empty=is_empty
        ),
        is_forward=cut.is_forward or attached is not None,
        forwarded_from=forwarded or attached,
        attachments=attachments,
        parts=count_parts(root),
        defects=tuple(defects),
        protection=_protection(root, text),
        delivery=delivery,
        has_calendar=any(part.content_type == "text/calendar" for part in root.walk()),
        headers=tuple((name, _text(value, hint)) for name, value in headers.fields),
    )


def _text(value: bytes | None, hint: str | None) -> str:
    if not value:
        return ""
    return clean(decode_words(raw_text(value[: limits.HEADER_VALUE_CHARS], hint))).strip()


def _sender(headers: Headers, hint: str | None, defects: dict[str, None]) -> Address | None:
    found = parse_addresses(headers.get_all("from"), hint)
    if not found:
        defects["no From: sender unknown"] = None
        found = parse_addresses(headers.get_all("sender"), hint)
        return found[0] if found else None
    best = next((a for a in found if "@" in a.email), found[0])
    if "@" not in best.email:
        defects["From without an address"] = None
    return best


def _is_answer(headers: Headers, subject: str) -> bool:
    named = headers.get("in-reply-to") or headers.get("references")
    return (
        bool(named)
        or re.match(r"(?i)\s*(?:re|aw|antw|sv|vs|r|ref|res|回复|答复|odp)\s?[:：]", subject) is not None
    )


def _message_id(headers: Headers, raw: Raw, defects: dict[str, None]) -> str:
    found = own_message_id(headers)
    if not found:
        defects["no Message-ID: one was made from the message's digest"] = None
    return found or surrogate_id(raw)


def _attachments(files: list[File], markup: str | None) -> tuple[Attachment, ...]:
    shown = set(_CID.findall(markup)) if markup else set()
    out = []
    for file in files:
        inline = bool(file.content_id) and (
            file.content_id in shown
            or (file.disposition == "inline" and file.content_type.startswith("image/"))
        )
        out.append(Attachment(file.filename, file.content_type, file.source, file.content_id, inline))
    return tuple(out)


def _clean(
    body: Body, markup: str | None, attachments: tuple[Attachment, ...], defects: dict[str, None]
) -> str | None:
    if markup is None:
        return None
    inline = {a.content_id: a.sha256 for a in attachments if a.content_id}
    inline |= {f.location: a.sha256 for f, a in zip(body.files, attachments, strict=True) if f.location}
    cleaned, truncated = clean_html(markup, inline)
    if truncated and not body.truncated:
        # the source is larger than what is shown: nothing may be lost
        defects["HTML too large, cut off; see the original message"] = None
    return cleaned


def _readable(body: Body, forwards: bool) -> tuple[str, Cut]:
    """Give the whole text and its three pieces."""
    if all(block.text is not None for block in body.blocks):
        text = "\n\n".join(block.text.strip("\n") for block in body.blocks if block.text)
        return text, _best_cut(body, text, forwards)
    lines: list[Line] = []
    for block in body.blocks:
        lines += _block_lines(block)
    text = "\n".join(line.text for line in lines).strip("\n")
    return text, cut_lines(lines, forwards)


def _block_lines(block: Block) -> list[Line]:
    if block.text is not None:
        return plain_lines(block.text)
    return html_lines(block.html or "")[0]


def _best_cut(body: Body, text: str, forwards: bool) -> Cut:
    """Cut the plain text; if nothing was found there, the HTML form may know where the quote begins."""
    cut = cut_text(text, forwards)
    if cut.is_forward or cut.reply.quoted or len(body.blocks) != 1 or not body.blocks[0].html:
        return cut
    lines = html_lines(body.blocks[0].html)[0]
    if not any(line.cut or (line.strong and not line.text.startswith(">")) for line in lines):
        return cut  # an indented paragraph alone is no proof
    by_html = cut_lines(lines, forwards)
    return by_html if by_html.is_forward or (by_html.reply.quoted and by_html.reply.text) else cut


def _protection(root: Part, text: str) -> tuple[Protection, ...]:
    found: dict[Protection, None] = {}
    for part in root.walk():
        kind, protocol = part.content_type, part.params.get("protocol", "").lower()
        match kind:
            case "multipart/signed" if "pgp" in protocol:
                found[Protection.PGP_SIGNED] = None
            case "multipart/signed":
                found[Protection.SMIME_SIGNED] = None
            case "multipart/encrypted":
                found[Protection.PGP_ENCRYPTED] = None
            case "application/pkcs7-mime" | "application/x-pkcs7-mime":
                signed = "signed" in part.params.get("smime-type", "").lower()
                found[Protection.SMIME_SIGNED if signed else Protection.SMIME_ENCRYPTED] = None
    if "-----BEGIN PGP MESSAGE-----" in text:
        found[Protection.PGP_ENCRYPTED] = None
    if "-----BEGIN PGP SIGNED MESSAGE-----" in text:
        found[Protection.PGP_SIGNED] = None
    return tuple(found)
