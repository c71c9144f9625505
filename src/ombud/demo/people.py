"""Who is at the desk and who writes to it: agents, teams, tags, organizations, customers.

All mail addresses end in `.example` (RFC 2606), so that no sample ever reaches a real mailbox.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any, Literal

from ombud.demo.content import Content
from ombud.demo.records import DemoAgent, DemoCustomer, DemoOrganization, DemoTag, DemoTeam, WorkingHours

CUSTOMERS = 300
IN_ORGANIZATION = 0.6
"""The share of customers who belong to an organization."""
MAILBOXES = ("post.example", "mail.example", "inbox.example", "webmail.example")
_LATIN = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "ı": "i", "þ": "th", "Þ": "Th",
                        "æ": "ae", "Æ": "Ae", "đ": "d", "Đ": "D"})  # fmt: skip


def teams(content: Content) -> tuple[DemoTeam, ...]:
    """Return the teams, the first line first."""
    return tuple(DemoTeam(t["key"], t["name"], t["description"]) for t in content.desk["team"])


def tags(content: Content) -> tuple[DemoTag, ...]:
    """Return the tags in the order of their table."""
    return tuple(DemoTag(name, color, text) for name, (color, text) in content.desk["tags"].items())


def agents(content: Content) -> tuple[DemoAgent, ...]:
    """Return the agents, the administrator last."""
    names = {team.key: team.name for team in teams(content)}
    domain = content.desk["company"]["domain"]
    return tuple(
        DemoAgent(
            full_name=raw["name"],
            email=f"{raw['name'].split()[0].lower()}@{domain}",
            is_admin=raw.get("admin", False),
            teams=tuple(names[key] for key in raw["teams"]),
            hours=WorkingHours(raw["zone"], raw["start"], raw["end"]),
            greetings=tuple(raw["greetings"]),
            closings=tuple(raw["closings"]),
        )
        for raw in content.desk["agent"]
    )


def organizations(content: Content) -> tuple[DemoOrganization, ...]:
    """Return the organizations that customers belong to."""
    return tuple(
        DemoOrganization(raw["name"], tuple(raw["domains"]), raw["city"], raw["culture"], raw["shares"])
        for raw in content.desk["organization"]
    )


def customers(content: Content, rng: Random) -> tuple[DemoCustomer, ...]:
    """Return 300 customers; who stands early in the list writes more often."""
    everybody = list(_people(content, rng))
    odd = [("odd", name, local) for name, local in content.names["odd"]["people"]]
    chosen = everybody[: CUSTOMERS - len(odd)] + odd
    rng.shuffle(chosen)
    homes = organizations(content)
    taken: set[str] = set()
    return tuple(_customer(content, homes, person, taken, rng) for person in chosen)


def _people(content: Content, rng: Random) -> Iterator[tuple[str, str, str]]:
    """Yield (culture, name, local part): first those with whole names, then combined ones, in turn."""
    pools: list[list[tuple[str, str, str]]] = []
    for culture, raw in content.names.items():
        if culture == "odd":
            continue
        yield from ((culture, name, local) for name, local in raw.get("people", ()))
        pairs = list(product(raw.get("given", ()), raw.get("family", ())))
        rng.shuffle(pairs)
        # Every third customer writes from an English-speaking place: more of them than of any other.
        share = len(pairs) if culture == "english" else min(len(pairs), 22)
        pools.append([(culture, f"{g} {f}", _local_part(g, f, rng)) for g, f in pairs[:share]])
    combined = [person for pool in pools for person in pool]
    rng.shuffle(combined)
    yield from combined


def _customer(
    content: Content,
    homes: tuple[DemoOrganization, ...],
    person: tuple[str, str, str],
    taken: set[str],
    rng: Random,
) -> DemoCustomer:
    culture, name, local = person
    raw: dict[str, Any] = content.names.get(culture, {})
    home = _home(homes, culture, rng) if rng.random() < IN_ORGANIZATION else None
    domain = rng.choice(home.domains) if home else rng.choice(MAILBOXES)
    manners: tuple[Literal["formal", "friendly", "terse"], ...] = ("formal", "friendly", "friendly", "terse")
    city = home.city if home else rng.choice(raw.get("cities", ["London"]))
    email = _unused(local, domain, taken)
    organization = home.name if home else None
    language = raw.get("language", "en")
    if name.isascii() and language == "hi":
        language = "en"  # Who writes their name in Latin letters writes to us in English.
    return DemoCustomer(name, email, organization, language, city, rng.choice(manners))


def _home(homes: tuple[DemoOrganization, ...], culture: str, rng: Random) -> DemoOrganization:
    near = [home for home in homes if home.culture == culture]
    return rng.choice(near) if near and rng.random() < 0.7 else rng.choice(homes)


def _unused(local: str, domain: str, taken: set[str]) -> str:
    email = f"{local}@{domain}"
    number = 2
    while email in taken:
        email = f"{local}{number}@{domain}"
        number += 1
    taken.add(email)
    return email


def _local_part(given: str, family: str, rng: Random) -> str:
    first, last = _ascii(given), _ascii(family)
    return rng.choice((f"{first}.{last}", f"{first[0]}.{last}", first, f"{first}{last}", f"{last}.{first}"))


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(_LATIN)).encode("ascii", "ignore").decode()
    return re.sub("[^a-z]", "", plain.lower())
