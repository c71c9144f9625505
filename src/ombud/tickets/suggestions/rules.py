"""Which words were typed, which others are near, and what the text would be with those. No session here."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from ombud.tickets.grammar import without_terms

MAX_WORDS = 6
EACH = 3
_TOKEN = re.compile(r"\S+")
_LETTERS = re.compile(r"[^\W\d_]{3,40}")


@dataclass(frozen=True, slots=True)
class TypedWord:
    """A word and where it stands."""

    text: str
    start: int
    end: int


class Candidate(NamedTuple):
    """A word that documents have, like the typed word number `place`, which is searched for as `folded`."""

    place: int
    folded: str
    word: str
    seen: int


class _Choice(NamedTuple):
    slips: int
    rarity: int
    word: str | None


def typed_words(typed: str) -> list[TypedWord]:
    """Return the first words of a text that may be mistyped: no terms, nothing excluded by `-`, no `or`."""
    return list(_typed_words(without_terms(typed)))[:MAX_WORDS]


def alternatives(typed: str, words: Sequence[TypedWord], candidates: Sequence[Candidate]) -> list[str]:
    """Return the text with one or more words replaced by near ones: fewest slips first, then common words."""
    last = len(words) - 1
    choices = [_choices(n, candidates, unfinished=n == last) for n in range(len(words))]
    found = sorted(
        (sum(one.slips for one in chosen), sum(one.rarity for one in chosen), _written(typed, words, chosen))
        for chosen in product(*choices)
        if any(one.word for one in chosen)
    )
    return [text for _slips, _rarity, text in found]


def slips(one: str, other: str) -> int:
    """Return how many letters were left out, added, exchanged or swapped with their neighbour.

    The optimal string alignment distance, by dynamic programming over three rows.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, before_above = row, before
        row = [i]
        for j, expected in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != expected))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == expected:
                cost = min(cost, before_above[j - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]


def forgiven(length: int) -> int:
    """Return how many slips a word of this length may have."""
    return 1 if length <= 4 else 2 if length <= 8 else 3


def _typed_words(text: str) -> Iterator[TypedWord]:
    for token in _TOKEN.finditer(text):
        if token[0].startswith("-") or token[0].lower() == "or":
            continue
        for word in _LETTERS.finditer(token[0]):
            yield TypedWord(word[0], token.start() + word.start(), token.start() + word.end())


def _choices(place: int, candidates: Sequence[Candidate], *, unfinished: bool) -> list[_Choice]:
    near = []
    for candidate in candidates:
        if candidate.place != place or candidate.word == candidate.folded:
            continue
        made = slips(candidate.folded, candidate.word)
        if unfinished:  # the last word typed may be the beginning of one
            made = min(made, slips(candidate.folded, candidate.word[: len(candidate.folded)]) or made)
        if made <= forgiven(len(candidate.folded)):
            near.append(_Choice(made, -candidate.seen, candidate.word))
    return [_Choice(0, 0, None), *sorted(near)[:EACH]]


def _written(typed: str, words: Sequence[TypedWord], chosen: Sequence[_Choice]) -> str:
    text = typed
    for word, one in reversed(list(zip(words, chosen, strict=True))):
        if one.word is not None:
            text = f"{text[: word.start]}{one.word}{text[word.end :]}"
    return text
