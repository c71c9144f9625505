"""Texts from outside: what may be stored, with clear words when it may not."""

import unicodedata

from ombud.errors import Invalid

MAX_BODY = 1_000_000


def clean_line(field: str, value: str, *, limit: int, required: bool = True) -> str:
    """Return one line of text: trimmed, white space folded; Invalid when empty, too long or not text."""
    folded = " ".join(storable(field, value).split())
    return _bounded(field, folded, limit, required)


def clean_body(field: str, value: str, *, limit: int = MAX_BODY, required: bool = True) -> str:
    """Return a text of several lines with LF line ends; Invalid as in `clean_line`. `limit` in characters."""
    text = storable(field, value).strip()
    if "\r" in text:  # looking is a tenth of replacing
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _bounded(field, text, limit, required)


def storable(field: str, value: str) -> str:
    """Return a text in composed form (NFC); Invalid for what PostgreSQL cannot keep: NUL, lone surrogates."""
    if not isinstance(value, str):  # of hosts without a type checker: None, most of all
        raise Invalid(fields={field: "must be text."})
    if "\x00" in value:
        raise Invalid(fields={field: "must not contain NUL characters."})
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid(fields={field: "must be valid Unicode text."}) from None
    return unicodedata.normalize("NFC", value)


def excerpt(value: str, length: int) -> str:
    """Return the beginning of `value` on one line, at most `length` characters, cut at a word."""
    line = " ".join(value.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    head = cut.rsplit(" ", 1)[0]
    return (head if len(head) > length // 2 else cut).rstrip(" ,.;:") + "…"


def initials(name: str) -> str:
    """Return one or two letters for an avatar."""
    words = [word for word in name.replace(".", " ").split() if word[0].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


def _bounded(field: str, value: str, limit: int, required: bool) -> str:
    if required and not value:
        raise Invalid(fields={field: "must not be blank."})
    if len(value) > limit:
        raise Invalid(fields={field: f"must have at most {limit:,} characters, not {len(value):,}."})
    return value
