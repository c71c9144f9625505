"""What pages about merging show: both sides, what moves, and who would read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ombud.curation.preview import COUNTED, PersonSide, TicketSide
from ombud.web.place import at
from ombud.web.views.people import PersonView
from ombud.web.wording import STATUS_LABELS

REASONS = {
    "same_inbox": "the same inbox",
    "same_name": "the same name",
    "similar_name": "a similar name",
    "same_organization": "the same company",
    "same_domain": "the same domain",
    "same_local_part": "the same name before the @",
    "same_title": "the same title",
    "similar_title": "a similar title",
    "same_text": "the same text",
    "similar_text": "a similar text",
    "same_day": "opened within a day",
}
"""Why two look alike, in words (`ombud.curation.rules`)."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of what is compared. `facts` are (name, value); `href` leads to it."""

    title: str
    href: str
    person: PersonView
    at: datetime
    facts: tuple[tuple[str, str], ...]
    number: str = ""
    status: str = ""
    status_label: str = ""


def ticket_side(one: TicketSide) -> Side:
    """Show a ticket of a merge."""
    facts = [
        (
            "Has",
            f"{counted(one.messages, 'message')}, {counted(one.notes, 'note')}, {counted(one.files, 'file')}",
        ),
    ]
    if one.followers:
        facts.append(("Followed by", ", ".join(one.followers)))
    return Side(
        title=one.title,
        href=at(f"/tickets/{one.number}"),
        person=PersonView.of(one.requester_name, one.requester_email),
        at=one.created_at,
        facts=tuple(facts),
        number=one.number,
        status=one.status.value,
        status_label=STATUS_LABELS[one.status.value],
    )


def person_side(one: PersonSide) -> Side:
    """Show a customer of a merge."""
    facts = [("Address", one.email)]
    if one.organization:
        facts.append(("Company", one.organization))
    facts.append(("Has", f"{counted(one.tickets, 'ticket')}, {counted(one.comments, 'message')}"))
    if one.followed:
        facts.append(("Follows", counted(one.followed, "ticket")))
    if not one.is_active:
        facts.append(("State", "deactivated"))
    return Side(
        title=one.name,
        href=at(f"/customers/{one.id}"),
        person=PersonView.of(one.full_name, one.email, active=one.is_active),
        at=one.created_at,
        facts=tuple(facts),
    )


def counted(count: int, noun: str) -> str:
    """Say how many there are, up to where was counted."""
    if count >= COUNTED:
        return f"{COUNTED - 1}+ {noun}s"
    return f"1 {noun}" if count == 1 else f"{count or 'no'} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Put names into words: `Ann`, `Ann and Bob`, `Ann, Bob and 3 others`."""
    names = list(dict.fromkeys(names))
    if len(names) < 2:
        return "".join(names)
    if len(names) > 3:
        return f"{names[0]}, {names[1]} and {len(names) - 2} others"
    return f"{', '.join(names[:-1])} and {names[-1]}"
