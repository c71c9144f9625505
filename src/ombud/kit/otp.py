"""Codes of authenticator apps (TOTP, RFC 6238, by pyotp) and recovery codes. Nothing is stored here."""

import secrets
from datetime import datetime

STEP_SECONDS = 30
DIGITS = 6
DRIFT = 1
"""Steps that a clock may be off, either way."""
CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What is not mistaken for something else when it is copied by hand."""
_GROUPS, _GROUP = 4, 5


def new_totp_secret() -> str:
    """Return 160 random bits in base32, as authenticator apps take them."""
    import pyotp

    return pyotp.random_base32(32)


def totp_uri(secret: str, account: str, issuer: str) -> str:
    """Return the `otpauth:` address that apps read from a picture."""
    from pyotp.totp import TOTP

    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def picture_of(text: str) -> str:
    """Return a QR code as a `data:` address of an SVG."""
    import segno

    picture: str = segno.make(text, error="m").svg_data_uri(scale=5, border=4, light="#fff", dark="#000")
    return picture


def step_of(secret: str, code: str, moment: datetime) -> int | None:
    """Return the step (half minutes since 1970) whose code this is, None when it is none that counts now."""
    from pyotp.totp import TOTP

    plain = "".join(code.split())
    if len(plain) != DIGITS or not (plain.isascii() and plain.isdigit()):
        return None
    totp, now = TOTP(secret), int(moment.timestamp()) // STEP_SECONDS
    # All are compared, whichever matches: what takes longer tells nothing.
    found = [
        step
        for step in range(now - DRIFT, now + DRIFT + 1)
        if secrets.compare_digest(totp.generate_otp(step), plain)
    ]
    return found[-1] if found else None


def new_recovery_codes() -> list[str]:
    """Return fresh recovery codes, each `xxxxx-xxxxx-xxxxx-xxxxx`: 98 random bits, which need no slow hash."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(CODES)]


def clean_recovery_code(code: str) -> str | None:
    """Return a recovery code as it is hashed, whatever the case and the spaces; None when it cannot be one."""
    plain = "".join(letter for letter in code.lower() if letter not in " -\t")
    if len(plain) != _GROUPS * _GROUP or any(letter not in _LETTERS for letter in plain):
        return None
    return plain


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_GROUP))
