"""The tickets that every page must survive: very long, very short, many tags, hostile markup.

They stand among the most recent ones, a few numbers apart. What can be written down is in
`content/specials.toml`; what is too long for that is made here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from ombud.demo.content import Content
from ombud.demo.records import DemoTicket, Tagged
from ombud.demo.slots import Slots
from ombud.demo.wording import capitalize, render

SPACING = 9
WORDS = 10_000
TITLE_LENGTH = 500
TAGS = 20


def special_at(index: int, tickets: int, content: Content) -> dict[str, Any] | None:
    """Return the special that ticket `index` is, if it is one."""
    place, rest = divmod(tickets - 1 - index, SPACING)
    return content.specials[place] if rest == 4 and place < len(content.specials) else None


def opened_as(special: dict[str, Any], opened: DemoTicket, content: Content, slots: Slots) -> DemoTicket:
    """Return the ticket with the special's own title and text."""
    title, make = str(special["title"]), special.get("make")
    if make == "long_title":
        title = f"{title}, and again: {title}"[:TITLE_LENGTH]
    text = str(special.get("text", opened.description)).strip()
    if make == "long":
        text = _long_letter(content, slots)
    return replace(opened, title=title, description=text, channel="web")


def finished_as(special: dict[str, Any], ticket: DemoTicket, content: Content) -> DemoTicket:
    """Return the ticket with what the special adds after it was played."""
    if special.get("make") != "all_tags":
        return ticket
    names = tuple(content.desk["tags"])[:TAGS]
    at = ticket.events[-1].at if ticket.events else ticket.created_at
    missing = tuple(name for name in names if name not in ticket.tags)
    return replace(ticket, tags=ticket.tags + missing, events=(*ticket.events, Tagged(at, None, missing)))


def sent_again(first: DemoTicket, index: int, at: datetime) -> DemoTicket:
    """Return what somebody sent a second time because nobody had answered yet: a duplicate to be merged."""
    return replace(
        first,
        index=index,
        title=f"Again: {first.title}"[:TITLE_LENGTH],
        created_at=at,
        events=(),
        status="open",
        priority=first.opened_priority,
        team=first.opened_team,
        assignee=None,
        tags=(),
        resolved_at=None,
        closed_at=None,
    )


def _long_letter(content: Content, slots: Slots) -> str:
    """Write a letter of exactly WORDS words: all troubles that a customer may have, one after the other."""
    paragraphs: list[str] = ["I promised to write everything down, so here it is."]
    count = len(paragraphs[0].split())
    english = [s for s in content.scenarios if s.language == "en"]
    while count < WORDS:
        scenario = slots.rng.choice(english)
        told = (scenario.open, scenario.detail, scenario.open)
        texts = [render(slots.rng.choice(options), slots, slots.rng) for options in told if options]
        words = capitalize(" ".join(" ".join(texts).replace("```", "").split())).split(" ")
        words = words[: WORDS - count]
        count += len(words)
        paragraphs.append(" ".join(words))
    return "\n\n".join(paragraphs)
