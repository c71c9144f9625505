"""What is easy to guess is named, what is random is not."""

import secrets

import pytest

from ombud.kit.strength import weakness_of, weakness_of_key


@pytest.mark.parametrize(
    ("secret", "word"),
    [
        ("", "empty"),
        ("changeme", "sample"),
        ("Change-Me-12345", "sample"),
        ("minioadmin", "sample"),
        ("a" * 40, "repeats"),
        ("0123abcd" * 4, "repeats"),
        ("abcdefghijklmnopqrstuvwxyz", "counts"),
        ("20261128153000", "bits"),
        ("deadbeefcafe0123", "bits"),
        ("correct horse", "bits"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "bits"),
    ],
)
def test_what_is_easy_to_guess_is_named(secret: str, word: str) -> None:
    assert word in weakness_of(secret)


@pytest.mark.parametrize(
    ("key", "word"),
    [
        (b"short", "5 bytes"),
        (bytes(32), "repeats"),
        (bytes(range(32)), "counts"),
        (b"0123456789abcdef" * 2, "repeats"),
        (b"this is my very own secret key!!", "text"),
        (bytes([7, 9] * 15 + [1, 2]), "few"),
    ],
)
def test_a_key_that_is_not_random_is_named(key: bytes, word: str) -> None:
    assert word in weakness_of_key(key)


def test_what_is_random_is_let_be() -> None:
    for _ in range(200):
        assert weakness_of(secrets.token_urlsafe(24)) == ""
        assert weakness_of(secrets.token_hex(32)) == ""
        assert weakness_of_key(secrets.token_bytes(32)) == ""
