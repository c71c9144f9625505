"""What mail adds to a conversation: where a message came from, and why it is on this ticket. For staff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ombud.web.place import at
from ombud.web.views.mail import REASONS, verdict_of
from ombud.web.views.tickets import EventView, MessageView


def with_mail(view: MessageView, mail: Mapping[str, Any] | None) -> MessageView:
    """Return a message with the way to its original and the verdict on its sender, if it came by mail."""
    if mail is None:
        return view
    return replace(view, original_href=at(f"/mail/{mail['id']}"), verdict=verdict_of(mail["verified"]))


def mail_events(mails: Iterable[Mapping[str, Any]]) -> Iterator[EventView]:
    """Return a line for each message: how it came here, with the way to the whole reason."""
    for mail in mails:
        moment = datetime.fromisoformat(mail["decided_at"])
        href = at(f"/mail/{mail['id']}")
        if mail["classification"] == "bounce":
            yield EventView(moment, None, "octagon-alert", "got mail back:", _bounced(mail), href)
        else:
            reason = REASONS.get(str(mail["decision"]), str(mail["decision"]))
            yield EventView(moment, None, "mail-open", "took a message by mail:", _told(mail, reason), href)


def _bounced(mail: Mapping[str, Any]) -> str:
    said = [step["result"] for step in mail["steps"] if step["step"] == "bounce"]
    return said[-1] if said else "a message could not be delivered"


def _told(mail: Mapping[str, Any], reason: str) -> str:
    """Say what decided: the step that named the conversation or moved the message, not all of them."""
    wanted = ("token", "references", "ticket", "moved", "released", "taken back")
    said = [step["result"] for step in mail["steps"] if step["step"] in wanted]
    return f"{reason}; it {said[-1]}" if said and said[-1].startswith("name") else reason
