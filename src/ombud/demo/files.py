"""Small generated files to attach: a log, a table, a picture, a document. No images or fonts are shipped."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from ombud.demo.records import DemoAttachment

_LINES = (
    "INFO  app started, build {build}",
    "INFO  bluetooth: adapter on, {n} devices known",
    "DEBUG pairing: sending hello to {serial}",
    "WARN  pairing: no answer after {n}00 ms, retrying",
    "ERROR {error}: peer closed the connection",
    "INFO  sync: {n} documents up, {n} down",
    "DEBUG http: POST /v2/events -> 202 in {n} ms",
    "WARN  http: POST /v2/payments -> 503 in {n}11 ms",
)


def attachment(kind: str, slots: Mapping[str, str], at: datetime, rng: Random) -> DemoAttachment:
    """Make a file of `kind` (log, csv, png or pdf) that speaks of the ticket's own numbers."""
    match kind:
        case "log":
            name = rng.choice(("register.log", f"tallybird-{at:%Y%m%d}.log", "diagnostics.txt"))
            return DemoAttachment(name, "text/plain", _log(slots, at, rng))
        case "csv":
            name = rng.choice(("export.csv", f"sales-{at:%Y-%m}.csv", f"payout-{slots['payout']}.csv"))
            return DemoAttachment(name, "text/csv", _csv(at, rng))
        case "png":
            name = rng.choice(("screenshot.png", f"IMG_{rng.randrange(1000, 9999)}.png", "photo.png"))
            return DemoAttachment(name, "image/png", _png(rng))
        case "pdf":
            name = rng.choice((f"{slots['invoice']}.pdf", "statement.pdf", "scan.pdf"))
            return DemoAttachment(name, "application/pdf", _pdf(slots))
    raise ValueError(f"no such kind of file: {kind}")


def _log(slots: Mapping[str, str], at: datetime, rng: Random) -> bytes:
    moment = at - timedelta(minutes=20)
    lines = []
    for _ in range(rng.randint(12, 60)):
        moment += timedelta(milliseconds=rng.randrange(40, 30000))
        text = rng.choice(_LINES).format(
            build=slots["version"], n=rng.randint(2, 90), serial=slots["serial"], error=slots["error"]
        )
        lines.append(f"{moment.isoformat(timespec='milliseconds')} {text}")
    return "\n".join(lines).encode() + b"\n"


def _csv(at: datetime, rng: Random) -> bytes:
    rows = ["date,sale,gross,fee,tip,method"]
    for day in range(rng.randint(8, 40)):
        gross = rng.randrange(250, 19000) / 100
        when = f"{at - timedelta(days=day // 3):%Y-%m-%d}"
        method = rng.choice(("chip", "contactless", "contactless", "offline"))
        rows.append(f"{when},#{rng.randrange(10**4, 10**5)},{gross:.2f},{gross * 0.014:.2f},0.00,{method}")
    return "\r\n".join(rows).encode() + b"\r\n"


def _png(rng: Random, width: int = 96, height: int = 64) -> bytes:
    """Draw a few bars on a light ground, as an uncompressed-filter RGB image (PNG, third edition)."""
    ground = bytes((rng.randrange(225, 250),) * 3)
    ink = bytes(rng.randrange(20, 200) for _ in range(3))
    bars = [rng.randrange(width // 6, width) for _ in range(height // 8)]
    rows = b"".join(
        b"\0" + (ink * bars[y // 8] + ground * (width - bars[y // 8]) if y % 8 < 5 else ground * width)
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pdf(slots: Mapping[str, str]) -> bytes:
    """Set three lines on one page, with a correct cross-reference table (ISO 32000-1, 7.5)."""
    lines = (f"Document {slots['invoice']}", f"Reference {slots['payout']}", f"Date {slots['date_dmy']}")
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 14 Tf 72 760 Td 20 TL {shown} ET".encode("latin-1")
    fonts = b"/Resources << /Font << /F1 4 0 R >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R %s >>" % fonts,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    out += (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            size,
            table,
            size,
            len(out),
        )
    )
    return bytes(out)
