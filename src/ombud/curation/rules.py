"""How alike two records are, and why; what a tag's name should be. Pure decisions."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

FREE_MAIL = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com yahoo.com icloud.com me.com aol.com gmx.de gmx.net"
    " web.de t-online.de mail.ru yandex.ru qq.com 163.com proton.me protonmail.com".split()
)
"""Domains whose people have nothing to do with each other."""
SAME_NAME = 0.99
LIKELY = 0.5
"""Likeness from which two records are worth a look."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """0 to 1, and the reasons in words that are the same in every answer."""

    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared of a person."""

    id: int
    email: str
    full_name: str
    address_key: str
    organization_id: int | None


@dataclass(frozen=True, slots=True)
class LikePeople:
    """Two customers who may be one person."""

    person: Known
    other: Known
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """What is compared of a ticket."""

    id: int
    ticket_number: str
    title: str
    requester_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LikeTickets:
    """Two tickets of one requester that may be one matter; `ticket` came first."""

    ticket: KnownTicket
    other: KnownTicket
    likeness: Likeness


def likeness_of_people(one: Known, other: Known, names: float) -> Likeness:
    """Say how likely two customers are one person; `names` is how similar their names are, 0 to 1.

    The same inbox is nearly proof. A name alone is not: people share names. Together with a shared
    organization, domain or the part before the @ it is worth a look.
    """
    found: list[tuple[float, str]] = []
    if one.address_key == other.address_key:
        found.append((0.9, "same_inbox"))
    if names >= SAME_NAME:
        found.append((0.5, "same_name"))
    elif names >= LIKELY:
        found.append((0.4 * names, "similar_name"))
    if one.organization_id is not None and one.organization_id == other.organization_id:
        found.append((0.2, "same_organization"))
    local, _, domain = one.address_key.partition("@")
    other_local, _, other_domain = other.address_key.partition("@")
    if domain == other_domain and domain not in FREE_MAIL and one.address_key != other.address_key:
        found.append((0.15, "same_domain"))
    if local == other_local and domain != other_domain and len(local) >= 4:
        found.append((0.25, "same_local_part"))
    return Likeness(
        round(min(1.0, sum(weight for weight, _ in found)), 2), tuple(reason for _, reason in found)
    )


def likeness_of_tickets(titles: float, texts: float, hours: float) -> Likeness:
    """Say how likely two tickets of one requester are one matter, by their words and the time between them."""
    found: list[tuple[float, str]] = []
    if titles >= SAME_NAME:
        found.append((0.5, "same_title"))
    elif titles >= 0.3:
        found.append((0.5 * titles, "similar_title"))
    if texts >= SAME_NAME:
        found.append((0.4, "same_text"))
    elif texts >= 0.3:
        found.append((0.4 * texts, "similar_text"))
    if found and hours <= 24:
        found.append((0.1, "same_day"))
    return Likeness(
        round(min(1.0, sum(weight for weight, _ in found)), 2), tuple(reason for _, reason in found)
    )


def normal_tag(name: str) -> str:
    """Return how a tag is best written: lower case, composed, single hyphens for spaces and underscores.

    `  Billing_Question ` and `billing question` become `billing-question`. Other signs stay: `c++`, `v2.1`.
    """
    text = unicodedata.normalize("NFKC", name).strip().lower()
    return re.sub(r"-{2,}", "-", re.sub(r"[\s_]+", "-", text)).strip("-") or text
