"""What is made ready before a decision: the hash by which copies of a message are known."""

import hashlib
import random

from ombud.mail import prepared
from ombud.mail.prepared import body_hash


def _plainly(raw: bytes) -> str:
    body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return hashlib.sha256(body.rstrip(b"\n")).hexdigest()


def test_copies_have_one_hash_whatever_happened_on_the_way() -> None:
    body = b"Hello\r\n\r\nworld\r\n\r\n"
    same = {
        body_hash(b"A: b\r\n\r\n" + body),
        body_hash(b"Received: x\r\nA: b\r\n\r\n" + body),
        body_hash(b"A: b\n\n" + body.replace(b"\r\n", b"\n")),
        body_hash(b"A: b\r\n\r\n" + body.rstrip()),
    }
    assert len(same) == 1
    assert body_hash(b"A: b\r\n\r\nHello") not in same
    assert body_hash(b"A: b") == body_hash(b"A: b\r\n\r\n") == hashlib.sha256(b"").hexdigest()


def test_pieces_make_no_difference() -> None:
    chance, whole = random.Random(3), prepared._PIECE
    try:
        for _ in range(300):
            body = b"".join(chance.choice([b"\r\n", b"\n", b"a", b"bc", b"\r\n\r\n"]) for _ in range(40))
            prepared._PIECE = chance.randint(1, 9)
            assert body_hash(b"A: b\r\n\r\n" + body) == _plainly(b"A: b\r\n\r\n" + body)
    finally:
        prepared._PIECE = whole
