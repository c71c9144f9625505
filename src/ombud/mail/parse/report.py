"""Delivery reports (RFC 3464, 6522) and what other mail servers send instead of them."""

from __future__ import annotations

import re

from ombud.mail.parse.headers import read_headers
from ombud.mail.parse.model import DeliveryStatus
from ombud.mail.parse.tree import Part
from ombud.mail.parse.words import clean, raw_text

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
_RECIPIENTS = 100
_ADDRESS = re.compile(r"[^\s<>,;:\"]{1,64}@[^\s<>,;:\"]{1,200}")


def delivery_statuses(root: Part) -> tuple[DeliveryStatus, ...]:
    """Read the recipients of all delivery reports in a message, at most a hundred."""
    found: list[DeliveryStatus] = []
    for part in root.walk():
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            found += _recipients(part.content[:65_536])
        if len(found) >= _RECIPIENTS:
            break
    return tuple(found[:_RECIPIENTS])


def _recipients(data: bytes) -> list[DeliveryStatus]:
    out: list[DeliveryStatus] = []
    for group in _BLANK_LINE.split(data, maxsplit=_RECIPIENTS):
        headers, _ = read_headers(group, 0, len(group))
        recipient = headers.get("final-recipient") or headers.get("original-recipient")
        action = clean(headers.text("action").lower().split(" ", 1)[0])
        status = _STATUS.search(headers.text("status")) or _STATUS.search(headers.text("diagnostic-code"))
        if not recipient and not action:
            continue
        address = clean(raw_text(recipient or b"")).rsplit(";", 1)[-1].strip().strip("<>")
        diagnostic = clean(raw_text(headers.get("diagnostic-code") or b""))[:1_000]
        out.append(DeliveryStatus(address, action, status[1] if status else "", diagnostic))
    return out


def failed_recipients(root: Part) -> tuple[DeliveryStatus, ...]:
    """Read `X-Failed-Recipients` (Exim, Gmail) as failures without details."""
    text = root.headers.text("x-failed-recipients")[:4_000]
    status = _STATUS.search(root.headers.text("subject"))
    return tuple(
        DeliveryStatus(a, "failed", status[1] if status else "") for a in _ADDRESS.findall(text)[:_RECIPIENTS]
    )
