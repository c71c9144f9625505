"""The whole sample desk: `generate` settles who is who, and each ticket follows from its number alone.

Ticket `i` depends on (now, seed, tickets, i) and nothing else, so that a million can be streamed and a load
that stopped half-way can go on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from ombud.demo import content as contents
from ombud.demo import people
from ombud.demo.content import Content, Scenario
from ombud.demo.dialogue import Play
from ombud.demo.files import attachment
from ombud.demo.hours import RECENT, Arrivals, arrivals, outage_at
from ombud.demo.letters import Casting, headline, opening
from ombud.demo.records import (
    Channel,
    DemoAgent,
    DemoAttachment,
    DemoCustomer,
    DemoOrganization,
    DemoTag,
    DemoTeam,
    DemoTicket,
    Priority,
)
from ombud.demo.slots import Slots
from ombud.demo.specials import finished_as, opened_as, sent_again, special_at

CHANNELS: tuple[Channel, ...] = ("web", "email", "chat", "phone", "social", "api")
CHANNEL_WEIGHTS = (38, 40, 8, 8, 3, 3)
PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high", "urgent")
OFFICE = range(8, 16)
"""Hours (UTC) in which somebody answers the phone."""
PLACES = ("our shop", "our café", "our studio", "our restaurant", "my workshop", "our salon")
WHOLE_NAMES = frozenset({"ja", "zh", "ko"})
"""Languages in which people are not addressed by the first word of their name."""


@dataclass(frozen=True)
class DemoDesk:
    """Everything on the sample desk at `now`. Tickets are made when asked for, not kept."""

    now: datetime
    seed: int
    ticket_count: int
    teams: tuple[DemoTeam, ...]
    agents: tuple[DemoAgent, ...]
    """Six agents, then the administrator."""
    organizations: tuple[DemoOrganization, ...]
    customers: tuple[DemoCustomer, ...]
    tags: tuple[DemoTag, ...]
    _content: Content = field(repr=False)
    _arrivals: Arrivals = field(repr=False)
    _choices: Mapping[str, tuple[Scenario, ...]] = field(repr=False)

    def tickets(self, start: int = 0, stop: int | None = None) -> Iterator[DemoTicket]:
        """Yield the tickets from number `start` up to `stop` (exclusive), oldest first."""
        for index in range(start, self.ticket_count if stop is None else min(stop, self.ticket_count)):
            yield self.ticket(index)

    def ticket(self, index: int) -> DemoTicket:
        """Return ticket `index` (0 is the oldest), the same one at every call."""
        rng = Random(self.seed * 1_000_000_007 + index)
        created_at = self._arrivals.at((index + rng.random()) / self.ticket_count)
        special = special_at(index, self.ticket_count, self._content)
        if special and special.get("make") == "again":
            return sent_again(self.ticket(index - 1), index, created_at)
        customer = self.customers[int(len(self.customers) * rng.random() ** 1.5)]
        wanted = self._content.by_key(special["scenario"]) if special else None
        scenario = wanted or self._scenario(customer, created_at, rng)
        play = self._cast(scenario, customer, created_at, rng)
        opened = self._open(index, play, rng)
        if special is None:
            return Play(opened, play, rng).run()
        opened = opened_as(special, opened, self._content, play.slots)
        return finished_as(special, Play(opened, play, rng).run(), self._content)

    def _scenario(self, customer: DemoCustomer, at: datetime, rng: Random) -> Scenario:
        outage = outage_at(at, self.now)
        if outage and rng.random() < 0.85:
            return self._content.by_key(outage)
        own = self._choices.get(customer.language, ())
        if own and customer.language != "en" and rng.random() < 0.5:
            return rng.choice(own)
        return rng.choice(self._choices["en"])

    def _cast(self, scenario: Scenario, customer: DemoCustomer, at: datetime, rng: Random) -> Casting:
        team = next(team.name for team in self.teams if team.key == scenario.team)
        care = self.teams[0].name
        staff = [agent for agent in self.agents if team in agent.teams]
        regular = [agent for agent in staff if not agent.is_admin]
        # The administrator, as whom most people look around first, has work too.
        lead = rng.random() < (0.5 if scenario.angry else 0.15 if self.now - at < RECENT else 0.04)
        agent = self.agents[-1] if lead else rng.choice(regular)
        channel = rng.choices(CHANNELS, CHANNEL_WEIGHTS)[0]
        if channel == "phone" and (at.weekday() > 4 or at.hour not in OFFICE):
            channel = "web"
        slots = self._slots(customer, agent, team, at, rng)
        return Casting(
            scenario=scenario,
            customer=customer,
            agent=agent,
            colleague=rng.choice(self.agents),
            team=team,
            first_team=team if rng.random() < 0.6 else rng.choice((care, None)),
            channel=channel,
            created_at=at,
            now=self.now,
            slots=slots,
            phrases=self._content.phrases,
        )

    def _slots(self, customer: DemoCustomer, agent: DemoAgent, team: str, at: datetime, rng: Random) -> Slots:
        name = customer.full_name
        first = name if customer.language in WHOLE_NAMES else name.split(",")[-1].strip().split(" ")[0]
        known = {
            "first": first or "there",
            "me": name or customer.email,
            "company": customer.organization or rng.choice(PLACES),
            "home": customer.organization or customer.city,
            "city": customer.city,
            "agent_first": agent.first_name,
            "email": customer.email,
            "domain": customer.email.partition("@")[2],
            "team": team,
        }
        return Slots(rng, at, known)

    def _open(self, index: int, play: Casting, rng: Random) -> DemoTicket:
        scenario = play.scenario
        title = headline(play, rng)
        text = opening(play, rng)
        if play.channel == "phone" and scenario.language == "en":
            text = f"*Noted on the phone:*\n\n{text}"
        files: tuple[DemoAttachment, ...] = ()
        announced = "attach" in text.lower() or "screenshot" in text.lower()
        if scenario.file and scenario.file_by == "customer" and (announced or rng.random() < 0.3):
            files = (attachment(scenario.file, play.slots, play.created_at, rng),)
        priority = scenario.priority if rng.random() < 0.7 else rng.choice(PRIORITIES[:3])
        return DemoTicket(
            index=index,
            title=title,
            description=text,
            requester=play.customer.email,
            channel=play.channel,
            created_at=play.created_at,
            opened_priority=priority,
            opened_team=play.first_team,
            attachments=files,
            events=(),
            status="open",
            priority=priority,
            team=play.first_team,
            assignee=None,
            tags=(),
            resolved_at=None,
            closed_at=None,
        )


def generate(now: datetime, seed: int = 1, tickets: int = 2000) -> DemoDesk:
    """Return the sample desk as it stands at `now`: the same for the same arguments.

    `now` must be aware. Raises ValueError for a naive one, or for fewer than one ticket.
    """
    if now.tzinfo is None:
        raise ValueError("now must be timezone-aware")
    if tickets < 1:
        raise ValueError("a sample desk has at least one ticket")
    moment = now.astimezone(UTC).replace(microsecond=0)
    content = contents.load()
    return DemoDesk(
        now=moment,
        seed=seed,
        ticket_count=tickets,
        teams=people.teams(content),
        agents=people.agents(content),
        organizations=people.organizations(content),
        customers=people.customers(content, Random(seed)),
        tags=people.tags(content),
        _content=content,
        _arrivals=arrivals(moment.replace(minute=0, second=0)),
        _choices=_choices(content),
    )


def _choices(content: Content) -> dict[str, tuple[Scenario, ...]]:
    """Return the scenarios by language, each as often as its weight says."""
    languages = {scenario.language for scenario in content.scenarios}
    return {
        language: tuple(s for s in content.by_language(language) for _ in range(round(60 * s.weight)))
        for language in sorted(languages)
    }
