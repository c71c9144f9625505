"""Large files of a message are decoded piece by piece, to the same bytes as when they are decoded at once."""

import base64
import gc
import random
import tracemalloc
from mmap import mmap
from pathlib import Path

import pytest

from ombud.files import open_store
from ombud.mail.parse import parse_message
from ombud.mail.parse.model import Attachment
from ombud.mail.parse.stream import Raw, Streamed
from ombud.mail.parse.transfer import decode_transfer
from ombud.mail.prepared import prepare

MB = 2**20
BYTES = random.Random(5).randbytes(2 * MB + 1)
LINES = base64.encodebytes(BYTES)
FOOTER = b"\n_______________\nA list's footer, with words (and signs)!\n"


def message(
    body: bytes, encoding: str = "base64", kind: str = "application/zip", id_: str = "<1@c.example>"
) -> bytes:
    lines = (
        "From: eva@customer.example",
        f"Message-ID: {id_}" if id_ else "X-None: x",
        'Content-Type: multipart/mixed; boundary="cut"',
        "",
        "--cut",
        "",
        "See the file.",
        "--cut",
        f"Content-Type: {kind}",
        'Content-Disposition: attachment; filename="large.zip"',
        f"Content-Transfer-Encoding: {encoding}",
        "",
        "",
    )
    return "\n".join(lines).encode() + body + b"\n--cut--\n"


def file_of(raw: Raw) -> Attachment:
    parsed = parse_message(raw)
    assert parsed.text == "See the file."
    (file,) = parsed.attachments
    return file


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", LINES),
        ("base64", LINES.replace(b"\n", b"\r\n")),
        ("BASE64", LINES.replace(b"\n", b"\n \t")),
        ("base64", base64.b64encode(BYTES)),
        ("base64", base64.encodebytes(BYTES[:-1])),
        ("base64", base64.encodebytes(BYTES[:-2])),
        ("base64", LINES + FOOTER),
        ("8bit", BYTES.replace(b"\n", b"")),
        ("", BYTES.replace(b"\n", b"")),
    ],
)
def test_what_is_in_order_goes_in_pieces(encoding: str, body: bytes) -> None:
    file = file_of(message(body, encoding))
    assert isinstance(file.source, Streamed)
    whole = decode_transfer(body, encoding)[0]
    assert file.content == whole
    assert file.size == len(whole)
    assert file.as_json()["sha256"] == Attachment("", "", whole).sha256
    assert max(map(len, file.pieces())) <= MB


@pytest.mark.parametrize(
    "body",
    [
        LINES + LINES,  # two pieces, each with its own padding
        LINES[: 2 * MB] + b"*" + LINES[2 * MB :],
        LINES[:MB] + b"=" + LINES[MB:],
        base64.b64encode(BYTES).rstrip(b"=")[:-1],
        LINES + b"====\n",
    ],
)
def test_what_is_damaged_is_decoded_as_a_whole(body: bytes) -> None:
    file = file_of(message(body))
    assert file.content == decode_transfer(body, "base64")[0]
    assert len(file.content) > MB


def test_a_large_message_inside_is_kept_as_it_came() -> None:
    inner = (
        b"Subject: inner\nContent-Type: application/pdf\nContent-Disposition: attachment\n\n"
        + BYTES.replace(b"\n", b"")
    )
    files = parse_message(message(inner, "7bit", "message/rfc822")).attachments
    assert [file.content for file in files] == [inner]
    assert isinstance(files[0].source, Streamed)


@pytest.mark.parametrize("id_", ["<1@c.example>", ""])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_a_mapped_file_reads_like_bytes(tmp_path: Path, id_: str, ends: bytes) -> None:
    raw = b"\xef\xbb\xbfFrom eva\n" + message(base64.encodebytes(b"small"), id_=id_).replace(b"\n", ends)
    store = open_store(tmp_path / "files", limit=MB)
    mapped = store.map(store.put([raw]).storage_key)
    assert isinstance(mapped, mmap)
    assert parse_message(mapped) == parse_message(raw)
    assert store.map(store.put([b""]).storage_key) == b""


def test_a_file_of_50_mb_takes_no_room_of_its_own(tmp_path: Path) -> None:
    store = open_store(tmp_path / "files", limit=100 * MB)
    piece = base64.encodebytes(BYTES[:-1])[: MB // 76 // 4 * 4 * 77]
    head, end = message(b"").split(b"\n\n\n--cut--")[0] + b"\n\n", b"\n--cut--\n"
    key = store.put([head, *[piece] * 70, end]).storage_key
    parse_message(store.map(store.put([message(LINES)]).storage_key))
    gc.collect()
    tracemalloc.start()
    prepared = prepare(store.map(key), store.put)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (file,) = prepared.files
    assert file.size > 50 * MB
    assert peak < 12 * MB
    assert sum(map(len, store.open(file.storage_key)[1])) == file.size
