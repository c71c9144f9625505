"""What texts may be stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombud.errors import Invalid
from ombud.kit.text import MAX_BODY, clean_body, clean_line, clean_title, excerpt, initials, is_seen


def test_a_line_is_trimmed_and_folded() -> None:
    assert clean_line("title", "  My\tprinter\n is  down ", limit=100) == "My printer is down"


def test_a_body_keeps_its_lines_with_one_kind_of_ending() -> None:
    assert clean_body("content", "\r\none\r\ntwo\rthree\n  four\n\n") == "one\ntwo\nthree\n  four"
    assert clean_body("content", "one\rtwo") == "one\ntwo"
    assert clean_body("content", "one\r\ntwo\r") == "one\ntwo"


@pytest.mark.parametrize("clean", [lambda v: clean_line("f", v, limit=9), lambda v: clean_body("f", v)])
@pytest.mark.parametrize("bad", ["", " ", "\n\t", "a\x00b", "\ud800", "x\udfff", None, 7, b"x"])
def test_what_is_blank_or_no_text_is_invalid(clean: object, bad: str) -> None:
    with pytest.raises(Invalid) as caught:
        clean(bad)  # type: ignore[operator]
    assert list(caught.value.fields) == ["f"]


@pytest.mark.parametrize(
    "unseen",
    [
        "",
        " ",
        "\u200b",
        "\u2060 \ufeff",
        "\u202e\u2066",
        "\u00ad",
        "\u3164",
        "\u2800\ufe0f",
        "\U000e0041",
        "\u034f",
    ],
)
def test_a_title_must_be_seen(unseen: str) -> None:
    assert not is_seen(unseen)
    with pytest.raises(Invalid, match="must not be blank"):
        clean_title("title", unseen, limit=9)


@pytest.mark.parametrize(
    "seen", ["a", ".", "👩\u200d💻", "می\u200cخواهم", "\u200bx", "한", "❤\ufe0f", "\ue000", "°"]
)
def test_a_title_of_any_script_is_kept_as_it_is(seen: str) -> None:
    assert clean_title("title", seen, limit=9) == seen


def test_the_limit_counts_what_is_stored() -> None:
    assert clean_line("f", "  " + "x" * 5 + "  ", limit=5) == "xxxxx"
    with pytest.raises(Invalid, match="at most 5 characters, not 6"):
        clean_line("f", "x" * 6, limit=5)
    with pytest.raises(Invalid, match="1,000,000"):
        clean_body("f", "x" * (MAX_BODY + 1))


def test_an_optional_text_may_be_blank() -> None:
    assert clean_line("f", "  ", limit=5, required=False) == ""
    assert clean_body("f", "\n", required=False) == ""


def test_decomposed_letters_are_composed() -> None:
    assert clean_line("f", unicodedata.normalize("NFD", "Zoë Müller"), limit=50) == "Zoë Müller"


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_body("f", text, required=False)
    assert clean_body("f", once, required=False) == once
    line = clean_line("f", text, limit=10_000, required=False)
    assert clean_line("f", line, limit=10_000, required=False) == line


@given(text=st.text(max_size=300), length=st.integers(2, 50))
def test_an_excerpt_is_one_short_line(text: str, length: int) -> None:
    result = excerpt(text, length)
    assert len(result) <= length
    assert "\n" not in result


def test_an_excerpt_is_cut_at_a_word() -> None:
    assert excerpt("The printer in the hall is on fire", 20) == "The printer in the…"
    assert excerpt("short", 20) == "short"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("ada", "A"),
        ("Ada M. Lovelace", "AL"),
        ("a.lovelace", "AL"),
        ("", "?"),
        ("— —", "?"),
        ("李 小龙", "李小"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters
