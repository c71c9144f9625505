"""Codes of authenticator apps and recovery codes: RFC 6238's numbers, clocks that drift, what people type."""

import base64
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from ombud.kit.otp import (
    CODES,
    clean_recovery_code,
    new_recovery_codes,
    new_totp_secret,
    picture_of,
    step_of,
    totp_uri,
)

# RFC 6238, appendix B, SHA-1: eight digits there; authenticator apps show the last six.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "digits"), RFC)
def test_the_numbers_of_the_rfc(seconds: int, digits: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert step_of(RFC_SECRET, digits[-6:], moment) == seconds // 30
    assert step_of(RFC_SECRET, f"{digits[2:5]} {digits[5:]}", moment) == seconds // 30, "as apps show it"


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    now = datetime(2026, 11, 28, 12, 0, 10, tzinfo=UTC)
    app, secret = pyotp.TOTP(RFC_SECRET), RFC_SECRET
    step = int(now.timestamp()) // 30
    for off in (-1, 0, 1):
        assert step_of(secret, app.at(now + timedelta(seconds=30 * off)), now) == step + off
    for off in (-3, -2, 2, 3):
        assert step_of(secret, app.at(now + timedelta(seconds=30 * off)), now) is None


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34", "-12345", "1" * 10_000]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert step_of(RFC_SECRET, typed, datetime(2026, 11, 28, tzinfo=UTC)) is None


def test_secrets_are_long_and_fresh() -> None:
    assert len({new_totp_secret() for _ in range(50)}) == 50
    assert len(base64.b32decode(new_totp_secret())) == 20


def test_the_address_that_apps_read() -> None:
    address = totp_uri("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "ann@desk.example", "Ombud (desk.example)")
    parsed = pyotp.parse_uri(address)
    assert isinstance(parsed, pyotp.TOTP)
    assert (parsed.secret, parsed.name, parsed.issuer) == (
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "ann@desk.example",
        "Ombud (desk.example)",
    )
    assert picture_of(address).startswith("data:image/svg+xml")


def test_recovery_codes_are_taken_as_people_copy_them() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == CODES
    for code in codes:
        plain = code.replace("-", "")
        assert len(plain) == 20
        assert clean_recovery_code(code) == plain
        assert clean_recovery_code(f"  {code.upper().replace('-', ' ')} ") == plain
    for typed in ("", "123456", codes[0][:-1], codes[0] + "a", codes[0].replace("-", "_"), "0" * 20):
        assert clean_recovery_code(typed) is None
