"""The content of the sample desk, read from the TOML files beside it.

Texts live there and only there. This module checks them as it reads them: a scenario with an unknown
key, tag or text is a mistake of ours and raises at once.

A scenario's texts do not all go with one another. Its `threads` say which do: six columns (titles, open,
ask, detail, note, fix), each with the positions of the texts that fit together, `*` for all and `-` for
none. Each thread becomes a Scenario of its own, under the same key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, cast

from ombud.demo.records import Priority, TeamKey

COLUMNS = ("titles", "open", "ask", "detail", "note", "fix")
TOPICS = ("billing", "payouts", "access", "bugs", "devices", "technical", "wishes", "languages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A kind of ticket. `ask` to `thanks` may be empty; `file` names what is attached, and by whom."""

    key: str
    team: TeamKey
    titles: tuple[str, ...]
    open: tuple[str, ...]
    ask: tuple[str, ...]
    detail: tuple[str, ...]
    note: tuple[str, ...]
    fix: tuple[str, ...]
    tags: tuple[str, ...]
    thanks: tuple[str, ...] = ()
    language: str = "en"
    priority: Priority = "medium"
    weight: float = 1
    """How often it happens beside others; 0 for outages, which have their own times."""
    file: str = ""
    file_by: str = "customer"
    reopens: bool = False
    lingers: bool = False
    angry: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Everything written: the company, its scenarios by language, and the phrases around them."""

    desk: dict[str, Any]
    names: dict[str, Any]
    phrases: dict[str, dict[str, tuple[str, ...]]]
    scenarios: tuple[Scenario, ...]
    specials: tuple[dict[str, Any], ...]

    def by_language(self, language: str) -> tuple[Scenario, ...]:
        return tuple(s for s in self.scenarios if s.language == language and s.weight)

    def by_key(self, key: str) -> Scenario:
        """Return the first thread of the scenario `key`."""
        return next(s for s in self.scenarios if s.key == key)


@cache
def load() -> Content:
    """Read the content once per process."""
    desk = _read("desk")
    phrases = {
        section: {manner: tuple(texts) for manner, texts in table.items()}
        for section, table in _read("phrases").items()
    }
    scenarios = tuple(
        thread
        for topic in TOPICS
        for raw in _read(topic)["scenario"]
        for thread in _threads(raw, desk["tags"], desk["aliases"])
    )
    return Content(desk, _read("names"), phrases, scenarios, tuple(_read("specials")["special"]))


def _threads(raw: dict[str, Any], tags: dict[str, Any], aliases: dict[str, str]) -> Iterator[Scenario]:
    named = tuple(dict.fromkeys(aliases.get(tag, tag) for tag in raw["tags"]))
    if unknown := set(named) - set(tags):
        raise ValueError(f"scenario {raw['key']}: unknown tags {unknown}")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()
    }
    threads = values.pop("threads", ("* * * * * *",))
    values |= {"tags": named, "weight": values.get("weight", 1) / len(threads)}
    for thread in threads:
        cells = zip(COLUMNS, thread.split(), strict=True)
        yield Scenario(
            **cast("Any", values | {column: _fitting(values[column], cell) for column, cell in cells})
        )


def _fitting(texts: tuple[str, ...], cell: str) -> tuple[str, ...]:
    match cell:
        case "*":
            return texts
        case "-":
            return ()
    return tuple(texts[int(position)] for position in cell)


def _read(name: str) -> dict[str, Any]:
    text = resources.files("ombud.demo").joinpath("content", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
