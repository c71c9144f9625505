"""Searches by words, parts of words, tags, and conditions; each a capped or exact total and the newest fifty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.guide.bench import ME, Bench, capped
from benchmarks.guide.model import Status
from benchmarks.guide.timing import Case, Side, Target
from ombud import TicketStatus
from ombud.tickets import TicketFilter

RARE = Target(guide=200, best=3)
COMMON = Target(guide=20, best=2)
PART = Target(guide=20, best=3)
TAG = "tag-005"


def cases(bench: Bench) -> Iterator[Case]:
    """Yield the searches."""
    guide, ombud, best = bench.guide, bench.ombud, bench.best
    common, middling = bench.words[60], bench.words[1000]
    number = f"TKT-{bench.tickets // 8:08d}"

    def words(term: str, find: Side, name: str, target: Target) -> Case:
        return Case(
            f"search: {name}",
            _capped(lambda: guide.search(term=term)),
            _capped(lambda: ombud.search(TicketFilter(text=term))),
            _capped(find),
            target,
        )

    yield words(common, lambda: best.word(common), "common word", COMMON)
    yield words(middling, lambda: best.word(middling), "middling word", COMMON)
    yield words("yxuncommonal", lambda: best.word("yxuncommonal"), "1000-row term", RARE)
    yield words("xqzrarevorp", lambda: best.word("xqzrarevorp"), "rare word", RARE)
    yield words("qqnosuchword", lambda: best.word("qqnosuchword"), "no match", RARE)
    yield words(number, lambda: best.number(number), "by ticket number", RARE)
    for part, find, name in (
        ("zrarevo", best.substring, "substring inside a word"),
        (_part(common), best.common_substring, "common substring"),
    ):
        yield Case(
            f"search: {name}",
            _capped(lambda p=part: guide.search(term=p)),
            _capped(lambda p=part: ombud.search(TicketFilter(substring=p))),
            _capped(lambda p=part, f=find: f(p)),
            PART,
        )
    yield Case(
        "search: middling word + tag",
        _capped(lambda: guide.search(term=middling, tags=[TAG])),
        _capped(lambda: ombud.search(TicketFilter(text=middling, tags=(TAG,)))),
        _capped(lambda: best.word_and_tags(middling, [TAG])),
        COMMON,
        note="one tag: of several, the guide wants any and Ombud all",
    )
    yield Case(
        "search: tag alone",
        _capped(lambda: guide.search(tags=[TAG])),
        _capped(lambda: ombud.search(TicketFilter(tags=(TAG,)))),
        _capped(lambda: best.tagged([TAG])),
    )
    yield Case(
        "search: middling word + closed + assignee",
        _capped(lambda: guide.search(term=middling, statuses=[Status.CLOSED], assignee=ME)),
        _capped(
            lambda: ombud.search(
                TicketFilter(text=middling, statuses=(TicketStatus.CLOSED,), assignees=(ME,))
            )
        ),
        _capped(lambda: best.word_of(middling, "CLOSED", ME)),
        COMMON,
    )
    for status, assignee, name in (
        (Status.OPEN, ME, "open + assignee"),
        (Status.CLOSED, 1, "closed + busy assignee"),
    ):
        yield Case(
            f"search: {name}",
            _capped(lambda s=status, a=assignee: guide.search(statuses=[s], assignee=a)),
            _capped(
                lambda s=status, a=assignee: ombud.search(
                    TicketFilter(statuses=(TicketStatus(s.value),), assignees=(a,))
                )
            ),
            _capped(lambda s=status, a=assignee: best.of(s.name, a)),
        )


def _part(word: str) -> str:
    """Return the beginning of a word, as no word of a comment has it: there an x follows each vowel."""
    vowels = "aeiou"
    length = next(n for n in range(4, len(word) + 1) if word[n - 1] not in vowels)
    return word[:length]


def _capped(side: Any) -> Side:
    async def ask() -> tuple[int, list[int]]:
        return capped(await side())

    return ask
