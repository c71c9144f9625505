"""Address lists (RFC 5322, 3.4) as people and programs write them: names, groups, comments, broken quoting.

One pass over the text with a tokenizer that cannot go back, so that no list is expensive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ombud.mail.parse import limits
from ombud.mail.parse.model import Address
from ombud.mail.parse.words import clean, decode_words, raw_text

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|<[^<>]*>|\\.|[(),;:<>"\\]|\s+|[^\s(),;:<>"\\]+', re.DOTALL)
_BARE = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>(),;:\"']+")
_NO_QUOTES = re.compile(r'<[^<>]*>|\\.|[(),;:<>"\\]|\s+|[^\s(),;:<>"\\]+')
_SPACED_DOTS = re.compile(r"[^\s@]+@[\w-]+(?:\s*\.\s*[\w-]+)+")
_PHRASE_CHARS = 500
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NAME_PIECE = re.compile(r'"((?:[^"\\]|\\.)*+)"|[^"]+|"')
_MAILTO = re.compile(r"(?i)^(?:mailto|smtp):")


def parse_addresses(values: list[bytes], hint: str | None = None) -> tuple[Address, ...]:
    """Read all addresses of the fields with one name, at most `limits.ADDRESSES`, in order. Never raises."""
    out: list[Address] = []
    for value in values:
        text = clean(raw_text(value[: limits.HEADER_VALUE_CHARS], hint))
        found = _list(text)
        if not any("@" in a.email for a in found) and "=?" in text:
            # the whole field was encoded, address and all
            decoded = _list(clean(decode_words(text)))
            found = decoded if any("@" in a.email for a in decoded) else found
        out += found
        if len(out) >= limits.ADDRESSES:
            break
    return tuple(out[: limits.ADDRESSES])


def _list(text: str) -> list[Address]:
    out: list[Address] = []
    current = _Mailbox()
    for token in _tokens(text):
        if current.takes_comment(token):
            continue
        if token in ",;":
            current.close(out)
            current = _Mailbox()
        elif token == ":" and not current.angle and "@" not in "".join(current.words):
            current = _Mailbox()  # the name of a group
        else:
            current.add(token)
        if len(out) >= limits.ADDRESSES:
            return out
    if current.depth:
        # a parenthesis that never closes must not hide the rest of the list
        return _list(text.replace("(", " "))
    current.close(out)
    return out


def _tokens(text: str) -> Iterator[str]:
    """Cut the text up. After a quote that never closes, quotes mean nothing: looking for their ends again
    and again would take quadratic time.
    """
    at, pattern = 0, _TOKEN
    while match := pattern.match(text, at):
        token, at = match[0], match.end()
        if token == '"':
            pattern = _NO_QUOTES
        yield token


class _Mailbox:
    """One entry of the list while it is read."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.angle: str | None = None
        self.comment: list[str] = []
        self.depth = 0

    def takes_comment(self, token: str) -> bool:
        """Keep what stands in parentheses, and say whether this token does."""
        if self.depth == 0 and token != "(":
            return False
        self.depth += (token == "(") - (token == ")")
        if self.depth and (self.depth > 1 or token != "("):
            self.comment.append(token)
        return True

    def add(self, token: str) -> None:
        if token[0] == "<" and len(token) > 1:
            inner = token[1:-1].strip()
            if self.angle is None or "@" not in self.angle:
                if self.angle:
                    self.words.append(self.angle)
                self.angle = inner
        else:
            self.words.append(token)

    def close(self, out: list[Address]) -> None:
        phrase = "".join(self.words)[:_PHRASE_CHARS].strip()
        if self.angle is None and not phrase:
            return
        if self.angle is not None:
            out.append(
                Address(
                    _name(phrase) or _name(_UNESCAPE.sub(r"\1", "".join(self.comment))), _email(self.angle)
                )
            )
            return
        if _SPACED_DOTS.fullmatch(phrase):
            phrase = re.sub(r"\s*\.\s*", ".", phrase)  # obsolete, but legal
        unclosed = re.search(r"<\s*([^\s<>]+@[^\s<>]+)", phrase)
        bare = None if phrase.startswith('"') else _BARE.search(phrase)
        if unclosed:
            out.append(Address(_name(phrase[: unclosed.start()]), _email(unclosed[1])))
        elif bare and bare[0] != phrase:
            name = phrase[: bare.start()] + phrase[bare.end() :]
            out.append(
                Address(_name(name) or _name(_UNESCAPE.sub(r"\1", "".join(self.comment))), _email(bare[0]))
            )
        elif "@" in phrase:
            out.append(Address(_name(_UNESCAPE.sub(r"\1", "".join(self.comment))), _email(phrase)))
        else:
            # no address at all: a bare word may be a local name
            word = " " not in phrase and not phrase.startswith('"')
            out.append(Address("" if word else _name(phrase), phrase if word else ""))


def _email(text: str) -> str:
    text = text[:_PHRASE_CHARS]
    if "(" in text:
        text = re.sub(r"\([^()]*\)", "", text)
    text = _MAILTO.sub("", decode_words(text.strip()).strip("<> \t"))
    if text.startswith("@") and ":" in text:
        text = text.rsplit(":", 1)[1]  # an obsolete route
    if '"' not in text:
        text = "".join(text.split())
    elif re.fullmatch(r'"[A-Za-z0-9.!#$%&*+/=?^_`{|}~-]+"@\S+', text):
        text = text.replace('"', "")
    elif text.startswith('"') and text.endswith('"'):
        text = text.strip('"')
    return text.strip("'")


def _name(text: str) -> str:
    """Take quotes and escapes off, then decode words: also inside quotes, where they should not be."""
    text = text.strip().strip("<>").strip()
    pieces = [
        _UNESCAPE.sub(r"\1", m[1]) if m[1] is not None else m[0].replace('"', "")
        for m in _NAME_PIECE.finditer(text[:_PHRASE_CHARS])
    ]
    name = clean(decode_words("".join(pieces)))
    name = " ".join(name.split()) if "  " in name or "\n" in name else name.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name
