"""How a ticket goes: who writes when and what, and how its state moves. The words come from `content`.

A ticket is played from its opening to its closing, and simply cut off at `now`: that is why old tickets
are closed and recent ones are in every state.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from ombud.demo.files import attachment
from ombud.demo.hours import RECENT, customer_moment, working_moment
from ombud.demo.letters import Casting, frame
from ombud.demo.records import (
    AssigneeChanged,
    Commented,
    DemoAttachment,
    DemoTicket,
    Event,
    Priority,
    PriorityChanged,
    Status,
    StatusChanged,
    Tagged,
    TeamChanged,
)
from ombud.demo.wording import capitalize, render

FIRST_REPLY_HOURS: dict[Priority, float] = {"urgent": 0.4, "high": 1.5, "medium": 5.0, "low": 11.0}
"""Median hours until an agent answers; the spread is that of a log-normal with sigma 1."""
CLOSES_AFTER = timedelta(days=7)
GIVES_UP_AFTER = timedelta(days=18)


class _Now(Exception):
    """The play has reached the present."""


class Play:
    """One ticket on its way. `run` returns it as it stands at `now`."""

    def __init__(self, opened: DemoTicket, cast: Casting, rng: Random) -> None:
        self.opened = opened
        self.cast = cast
        self.rng = rng
        self.at = opened.created_at
        self.events: list[Event] = []
        self.status: Status = "open"
        self.priority: Priority = opened.opened_priority
        self.team = opened.opened_team
        self.assignee: str | None = None
        self.tags: tuple[str, ...] = ()
        self.resolved_at: datetime | None = None
        self.closed_at: datetime | None = None

    def run(self) -> DemoTicket:
        try:
            self._pick_up()
            if self._ask():
                self._solve()
                self._close()
        except _Now:
            pass
        return replace(
            self.opened,
            events=tuple(self.events),
            status=self.status,
            priority=self.priority,
            team=self.team,
            assignee=self.assignee,
            tags=self.tags,
            resolved_at=self.resolved_at,
            closed_at=self.closed_at,
        )

    # The acts.

    def _pick_up(self) -> None:
        """Sort the ticket, let the customer get impatient if it takes long, and give it to an agent."""
        rng, scenario, agent = self.rng, self.cast.scenario, self.cast.agent
        delay = FIRST_REPLY_HOURS[self.priority] * rng.lognormvariate(0, 1)
        if self.cast.now - self.at < RECENT and rng.random() < 0.3:
            delay += rng.uniform(20, 300)
        if self.priority != "urgent" and rng.random() < 0.08:
            delay += rng.uniform(48, 900)
        answer_at = working_moment(agent.hours, self.at + timedelta(hours=delay), rng)
        if self.team != self.cast.team and rng.random() < 0.85:
            self._move(min(self.at + timedelta(hours=delay * 0.2), answer_at))
        if rng.random() < 0.5:
            early = working_moment(agent.hours, self.at + timedelta(hours=delay * 0.3), rng)
            self._assign(min(early, answer_at))
        if answer_at - self.at > timedelta(hours=30) and rng.random() < 0.6:
            self._customer("chase", self.at + (answer_at - self.at) * rng.uniform(0.4, 0.9))
        self.at = max(self.at, answer_at).replace(microsecond=0)
        self._assign(self.at)
        self._step("in_progress", agent.email)
        self._emit(Tagged(self.at, agent.email, scenario.tags))
        self.tags = scenario.tags
        if rng.random() < 0.07 and self.priority in ("low", "medium"):
            new: Priority = "high" if self.priority == "medium" else "medium"
            self._emit(PriorityChanged(self.at, agent.email, self.priority, new))
            self.priority = new

    def _ask(self) -> bool:
        """Ask the customer for more; return whether the ticket goes on after that."""
        scenario, rng = self.cast.scenario, self.rng
        if not scenario.ask or (rng.random() < 0.12 and scenario.weight):
            return True
        self._agent(scenario.ask, minutes=6)
        self._step("waiting_on_customer", self.cast.agent.email)
        if rng.random() < 0.05 and scenario.language == "en":
            self.at = working_moment(self.cast.agent.hours, self.at + GIVES_UP_AFTER, rng)
            self._agent(self.cast.phrases["quick"]["giving_up"], minutes=5)
            self._step("resolved", self.cast.agent.email)
            self._close()
            return False
        hours = rng.lognormvariate(3.1, 1.3) if scenario.weight else rng.uniform(0.2, 1.5)
        if scenario.weight and rng.random() < 0.14:
            hours += rng.uniform(48, 320)
        self._reply(scenario.detail, hours)
        self._step("in_progress", self.cast.customer.email)
        if scenario.language == "en" and rng.random() < 0.15:
            self._agent(self.cast.phrases["quick"]["agent"], minutes=30, framed=False)
        return True

    def _solve(self) -> None:
        scenario, rng = self.cast.scenario, self.rng
        if scenario.note and rng.random() < 0.45:
            self._note(scenario.note)
        if scenario.lingers and rng.random() < 0.4:
            self.at += timedelta(days=rng.uniform(15, 120))
        elif scenario.weight and rng.random() < 0.16:
            self.at += timedelta(days=rng.uniform(1, 12))
        by_agent = scenario.file_by == "agent"
        self._agent(scenario.fix, minutes=60 * rng.lognormvariate(0.6, 1.1), file=by_agent)
        self._step("resolved", self.cast.agent.email)
        if scenario.reopens and scenario.language == "en" and rng.random() < 0.18:
            self._come_back()
        if rng.random() < 0.62:
            texts = scenario.thanks or self.cast.phrases["thanks"][self.cast.customer.manner]
            self._reply(texts, rng.lognormvariate(1.2, 1.2), framed=False, file=False)

    def _come_back(self) -> None:
        """Let the fault return, so that the ticket is opened a second time."""
        phrases = self.cast.phrases["reopen"]
        self._reply(phrases["customer"], self.rng.uniform(10, 60))
        self._step("open", self.cast.customer.email)
        self._agent(phrases["agent"], minutes=90)
        self._step("in_progress", self.cast.agent.email)
        self._note(phrases["note"])
        self._agent(phrases["fix"], minutes=60 * self.rng.uniform(4, 40))
        self._step("resolved", self.cast.agent.email)

    def _close(self) -> None:
        if self.resolved_at is None:
            return
        self.at = max(self.at, self.resolved_at + CLOSES_AFTER)
        self._step("closed", None)

    # Single events.

    def _emit(self, event: Event) -> None:
        if event.at > self.cast.now:
            raise _Now
        self.events.append(event)

    def _step(self, new: Status, actor: str | None) -> None:
        if new == self.status:
            return
        self._emit(StatusChanged(self.at, actor, self.status, new))
        self.status = new
        self.resolved_at = self.at if new == "resolved" else self.resolved_at if new == "closed" else None
        self.closed_at = self.at if new == "closed" else None

    def _assign(self, at: datetime) -> None:
        if self.assignee is None:
            self.at = max(self.at, at.replace(microsecond=0))
            self._emit(AssigneeChanged(self.at, self.cast.agent.email, None, self.cast.agent.email))
            self.assignee = self.cast.agent.email

    def _move(self, at: datetime) -> None:
        """Hand the ticket to the right team, with a word about it if it was at a wrong one."""
        colleague = self.cast.colleague
        if self.team is not None:
            at = working_moment(colleague.hours, at, self.rng)
            self.at = max(self.at, at)
            if self.rng.random() < 0.5:
                self._comment(colleague.email, self._say(self.cast.phrases["triage"]["note"]), internal=True)
        actor = colleague.email if self.team is not None else None
        self.at = max(self.at, at.replace(microsecond=0))
        self._emit(TeamChanged(self.at, actor, self.team, self.cast.team))
        self.team = self.cast.team

    def _note(self, texts: tuple[str, ...]) -> None:
        author = self.cast.colleague if self.rng.random() < 0.25 else self.cast.agent
        wanted = self.at + timedelta(minutes=self.rng.uniform(3, 50))
        self.at = working_moment(author.hours, wanted, self.rng)
        self._comment(author.email, self._say(texts), internal=True)

    def _agent(
        self, texts: tuple[str, ...], *, minutes: float, framed: bool = True, file: bool = False
    ) -> None:
        agent = self.cast.agent
        wanted = self.at + timedelta(minutes=minutes * self.rng.uniform(0.5, 1.5))
        self.at = working_moment(agent.hours, wanted, self.rng)
        text = self._say(texts)
        if framed and self.cast.scenario.language == "en":
            greeting, closing = self._say(agent.greetings), self._say(agent.closings)
            text = "\n\n".join(part for part in (greeting, text, closing) if part)
        self._comment(agent.email, text, file=file)

    def _reply(
        self, texts: tuple[str, ...], hours: float, *, framed: bool = True, file: bool | None = None
    ) -> None:
        customer, scenario, rng = self.cast.customer, self.cast.scenario, self.rng
        self.at = customer_moment(self.at + timedelta(hours=hours), rng)
        raw = texts[rng.randrange(len(texts))]
        text = capitalize(render(raw, self.cast.slots, rng))
        if scenario.language == "en":
            text = frame(text, self.cast, rng, greet=framed or rng.random() < 0.25)
        mentions = any(word in raw.lower() for word in ("attach", "screenshot", "photo", "here it is"))
        self._comment(customer.email, text, file=mentions if file is None else file)

    def _customer(self, phrase: str, at: datetime) -> None:
        if self.cast.scenario.language != "en":
            return
        customer = self.cast.customer
        self.at = max(self.at, at)
        self._comment(customer.email, self._say(self.cast.phrases[phrase][customer.manner]))

    def _comment(self, author: str, text: str, *, internal: bool = False, file: bool = False) -> None:
        files: tuple[DemoAttachment, ...] = ()
        if file:
            files = (attachment(self.cast.scenario.file or "png", self.cast.slots, self.at, self.rng),)
        self.at = self.at.replace(microsecond=0)
        self._emit(Commented(self.at, author, text, internal, files))

    def _say(self, texts: tuple[str, ...]) -> str:
        return capitalize(render(self.rng.choice(texts), self.cast.slots, self.rng))
