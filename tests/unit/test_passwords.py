"""Passwords: what is acceptable, and that a comparison says yes to one only."""

import pytest

from ombud.errors import Invalid
from ombud.kit.passwords import hash_password, needs_rehash, rehash_password, verify_password
from tests.costs import least_seconds

GOOD = "correct horse battery"


@pytest.fixture(scope="module")
def stored() -> str:
    return hash_password(GOOD)


def test_only_the_password_matches(stored: str) -> None:
    assert stored.startswith("$argon2id$")
    assert verify_password(stored, GOOD)
    assert not verify_password(stored, GOOD + " ")
    assert not verify_password(stored, "")


def test_nobody_has_the_password_of_nobody() -> None:
    assert not verify_password(None, GOOD)


def test_the_stored_hash_is_no_password(stored: str) -> None:
    assert not verify_password(stored, stored)


@pytest.mark.parametrize("broken", ["", "plain", "$argon2id$v=19$m=1$x", "$2b$12$abc"])
def test_a_broken_hash_matches_nothing(broken: str) -> None:
    assert not verify_password(broken, GOOD)


@pytest.mark.parametrize("password", ["", "short", "123456789", "é" * 513, "x" * 1025])
def test_too_short_and_too_long_ones_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        hash_password(password)
    assert "password" in caught.value.fields


@pytest.mark.parametrize(
    "password",
    ["qwertyuiop", "Password123", "MANCHESTER", "dragon!!2024", "aaaaaaaaaaaaaaaa", "abcdefghijklmnop", "0987654321",
     "xyzwvxyzwvxyzwv", "1q2w3e4r5t"],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="guessed first"):
        hash_password(password)


@pytest.mark.parametrize("password", ["Agnes.Agent", "agnesagent12", "Ombud-agnes-1", "desk.example!"])
def test_what_everybody_knows_of_somebody_is_no_password(password: str) -> None:
    words = ("agnes@desk.example", "Agnes Agent")
    with pytest.raises(Invalid, match="more than your name"):
        hash_password(password, words)
    assert hash_password("agnes is fond of tickets", words)


def test_an_old_password_is_hashed_anew_whatever_the_rules_are_now() -> None:
    assert verify_password(rehash_password("qwertyuiop"), "qwertyuiop")


def test_long_passphrases_count_to_the_last_character() -> None:
    long = "ü" * 3 + "a long sentence that goes on. " * 33
    assert 900 < len(long.encode()) <= 1024
    stored = rehash_password(long)
    assert verify_password(stored, long)
    assert not verify_password(stored, long[:-1])


def test_ten_megabytes_are_refused_before_hashing(stored: str) -> None:
    assert not verify_password(stored, "x" * 10_000_000)
    refused = least_seconds(lambda: verify_password(stored, "x" * 10_000_000))
    hashed = least_seconds(lambda: verify_password(stored, "x" * 1_000))
    assert refused < hashed / 2, "nothing was hashed"


def test_an_unknown_person_takes_as_long_as_a_known_one(stored: str) -> None:
    known = least_seconds(lambda: verify_password(stored, "wrong password"))
    unknown = least_seconds(lambda: verify_password(None, "wrong password"))
    # An answer without hashing would be thousands of times quicker; the rest is the machine's noise.
    assert 0.2 < unknown / known < 5


def test_todays_hashes_are_current_and_weaker_ones_are_not(stored: str) -> None:
    assert not needs_rehash(stored)
    assert needs_rehash(stored.replace("m=19456", "m=8192"))


def test_a_hash_fits_its_column(stored: str) -> None:
    assert len(stored) <= 255
