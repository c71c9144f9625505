"""Browsers are named in words, and whatever somebody sends instead is no trouble."""

import pytest

from ombud.kit.browsers import UNKNOWN, name_of

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        (
            f"{MOZILLA} (iPhone; CPU iPhone OS 17_5 like Mac OS X) {WEBKIT} Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (f"{MOZILLA} (iPad; CPU OS 16_6 like Mac OS X) {WEBKIT} CriOS/120.0 Safari/604.1", "Chrome on iPad"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/17.4 Safari/605.1", "Safari on macOS"),
        (f"{MOZILLA} (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/125.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("", UNKNOWN),
        (MOZILLA, UNKNOWN),
        ("<script>alert(1)</script>", UNKNOWN),
        ("\x00" * 300, UNKNOWN),
    ],
)  # fmt: skip
def test_it_is_said_in_words(said: str, name: str) -> None:
    assert name_of(said) == name
