"""DKIM signatures (RFC 6376) of what we send, over headers that must not be changed or added on the way."""

from ombud.errors import Unavailable

_SIGNED = (b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
           b"mime-version", b"content-type", b"auto-submitted")  # fmt: skip
_OVERSIGNED = (b"from", b"to", b"subject", b"date", b"message-id")
"""Named once more than they occur: a second one, added later, breaks the signature."""


def signed(raw: bytes, *, domain: str, selector: str, key: bytes) -> bytes:
    """Return the message with a signature on top.

    `key` is a private RSA key in PEM. Raises Unavailable when it is none: the message waits until that is mended.
    """
    import dkim  # type: ignore[import-untyped]  # dkimpy ships no types

    present = {
        line.partition(b":")[0].strip().lower() for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    }
    names = [name for name in _SIGNED if name in present] + list(_OVERSIGNED)
    try:
        signature: bytes = dkim.sign(
            raw,
            selector.encode("ascii"),
            domain.encode("ascii"),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=names,
        )
    except Exception as error:
        raise Unavailable(f"The DKIM key of {domain} cannot be used.") from error
    return signature + raw
