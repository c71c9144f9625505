"""What customers write around the matter: greetings, anger, context, closings, titles.

`Casting` says who writes about what; how the conversation goes on is in `dialogue.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from ombud.demo.content import Scenario
from ombud.demo.records import Channel, DemoAgent, DemoCustomer
from ombud.demo.slots import Slots
from ombud.demo.wording import capitalize, hurry, render

Phrases = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """What is settled about a ticket before its first word is written."""

    scenario: Scenario
    customer: DemoCustomer
    agent: DemoAgent
    colleague: DemoAgent
    team: str
    first_team: str | None
    channel: Channel
    created_at: datetime
    now: datetime
    slots: Slots
    phrases: Phrases


def frame(text: str, cast: Casting, rng: Random, *, first: bool = False, greet: bool = True) -> str:
    """Put greeting and closing around a customer's `text`, in that customer's manner.

    The `first` message is addressed to the desk, later ones to the agent, and often without a greeting.
    """
    manner = cast.customer.manner
    greetings = cast.phrases["greeting"][manner if first else f"reply_{manner}"] if greet else ("",)
    closings = cast.phrases["closing"][manner] if first or rng.random() < 0.5 else ("",)
    greeting = render(rng.choice(greetings), cast.slots, rng)
    closing = render(rng.choice(closings), cast.slots, rng)
    body = hurry(text, rng) if manner == "terse" else text
    return "\n\n".join(part for part in (greeting, body, closing) if part)


def opening(cast: Casting, rng: Random) -> str:
    """Write the first message of a ticket."""
    scenario, phrases = cast.scenario, cast.phrases
    text = capitalize(render(rng.choice(scenario.open), cast.slots, rng))
    if scenario.language != "en":
        return text
    if scenario.angry or rng.random() < 0.03:
        before, after = rng.choice(phrases["angry"]["before"]), rng.choice(phrases["angry"]["after"])
        text = f"{render(before, cast.slots, rng)} {text}\n\n{render(after, cast.slots, rng)}"
    if context := capitalize(render(rng.choice(phrases["context"]["lines"]), cast.slots, rng)):
        text += (" " if rng.random() < 0.5 else "\n\n") + context
    return frame(text, cast, rng, first=True, greet=rng.random() < 0.9)


def headline(cast: Casting, rng: Random) -> str:
    """Write a ticket's title; some writers add who they are, a number, or how urgent it is."""
    scenario = cast.scenario
    title = capitalize(render(rng.choice(scenario.titles), cast.slots, rng))
    adorned = "titles" if scenario.language == "en" else "titles_anywhere"
    likely = 0.5 if scenario.language == "en" and len(scenario.titles) > 1 else 0.75
    template = rng.choice(cast.phrases["context"][adorned]) if rng.random() < likely else "$title"
    cast.slots["title"] = title
    title = render(template, cast.slots, rng)
    hasty = cast.customer.manner == "terse" and scenario.language == "en"
    return hurry(title, rng) if hasty else title
