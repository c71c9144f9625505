"""What rules say about a message that would open a ticket. Pure: rules and message in, a route out."""

from collections.abc import Sequence
from dataclasses import dataclass

from ombud.mail.prepared import PreparedMail, matches
from ombud.mail.rules import Step
from ombud.models import MailRule, TicketPriority


@dataclass(frozen=True, slots=True)
class Routing:
    """What rules say about a new ticket."""

    ignored_by: str | None = None
    team_id: int | None = None
    priority: TicketPriority = TicketPriority.MEDIUM
    tags: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


def routing(rules: Sequence[MailRule], mail: PreparedMail, envelope: Sequence[str] = ()) -> Routing:
    """Return what the rules that match say; of several the later one wins, and tags add up."""
    found = Routing()
    for rule in rules:
        if not matches(rule, mail, envelope):
            continue
        found = Routing(
            ignored_by=rule.name if rule.ignores else found.ignored_by,
            team_id=rule.team_id if rule.team_id is not None else found.team_id,
            priority=rule.priority or found.priority,
            tags=(*found.tags, rule.tag) if rule.tag else found.tags,
            steps=(*found.steps, Step("rule", f"{rule.name!r} applies")),
        )
        if rule.ignores:
            break
    return found
