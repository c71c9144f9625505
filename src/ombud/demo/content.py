"""The content of the sample desk, read from the TOML files beside it.

Texts live there and only there. This module checks them as it reads them: a scenario with an unknown
key, tag or team is a mistake of ours and raises at once.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, cast

from ombud.demo.records import Priority, TeamKey

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
    weight: int = 1
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
        _scenario(raw, desk["tags"], desk["aliases"]) for topic in TOPICS for raw in _read(topic)["scenario"]
    )
    return Content(desk, _read("names"), phrases, scenarios, tuple(_read("specials")["special"]))


def _scenario(raw: dict[str, Any], tags: dict[str, Any], aliases: dict[str, str]) -> Scenario:
    named = tuple(dict.fromkeys(aliases.get(tag, tag) for tag in raw["tags"]))
    if unknown := set(named) - set(tags):
        raise ValueError(f"scenario {raw['key']}: unknown tags {unknown}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    return Scenario(**cast(Any, values | {"tags": named}))


def _read(name: str) -> dict[str, Any]:
    text = resources.files("ombud.demo").joinpath("content", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
