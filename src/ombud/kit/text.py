"""Texts from outside: what may be stored, with clear words when it may not."""

import unicodedata

from ombud.errors import Invalid

MAX_BODY = 1_000_000

_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols by their category, which Unicode draws as nothing."""


def clean_line(field: str, value: str, *, limit: int, required: bool = True) -> str:
    """Return one line of text: trimmed, white space folded; Invalid when empty, too long or not text."""
    folded = " ".join(storable(field, value).split())
    return _bounded(field, folded, limit, required)


def clean_title(field: str, value: str, *, limit: int, required: bool = True) -> str:
    """Return a title or a name as `clean_line` does; Invalid also when nothing of it can be seen: lists link by it."""
    line = clean_line(field, value, limit=limit, required=required)
    if line and not is_seen(line):
        raise Invalid(fields={field: "must not be blank."})
    return line


def is_seen(text: str) -> bool:
    """Tell whether anything of a text is drawn: not only spaces, controls, joiners and blank letters."""
    return any(not _is_blank(char) for char in text)


def is_all_seen(text: str) -> bool:
    """Tell whether each character of a text is drawn, spaces not counted as that."""
    return text.isprintable() and not any(_is_blank(char) for char in text)


def clean_words(field: str, value: str, *, limit: int = MAX_BODY) -> str:
    """Return a text as `clean_body` does; Invalid also when nothing of it can be seen: somebody is told of it."""
    text = clean_body(field, value, limit=limit)
    if not is_seen(text):
        raise Invalid(fields={field: "must not be blank."})
    return text


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


def seen_line(value: str, length: int) -> str:
    """Return an excerpt as `excerpt` does, and nothing where nothing of it can be seen: of names from elsewhere."""
    line = excerpt(value, length)
    return line if is_seen(line) else ""


def initials(name: str) -> str:
    """Return one or two letters for an avatar."""
    words = [word for word in name.replace(".", " ").split() if word[0].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


def _is_blank(char: str) -> bool:
    return (
        char in _BLANK_LETTERS
        or unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp")
        or unicodedata.name(char, "").startswith(("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION SELECTOR"))
    )


def _bounded(field: str, value: str, limit: int, required: bool) -> str:
    if required and not value:
        raise Invalid(fields={field: "must not be blank."})
    if len(value) > limit:
        raise Invalid(fields={field: f"must have at most {limit:,} characters, not {len(value):,}."})
    return value
