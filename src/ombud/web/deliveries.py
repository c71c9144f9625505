"""What became of mails that go out, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ombud import clock
from ombud.models import OutboundMail
from ombud.web.place import at
from ombud.web.views.tickets import Delivery, ReceiverView
from ombud.web.zone import local

STATE_WORDS = {
    "queued": "Queued",
    "sending": "Sending",
    "unknown": "Trying again",
    "sent": "Sent",
    "bounced": "Came back",
    "failed": "Not delivered",
    "paused": "Paused",
    "canceled": "Canceled",
    "skipped": "Not mailed",
}
RECEIVER_WORDS = {
    "pending": "waits",
    "accepted": "taken by their server",
    "deferred": "will be tried again",
    "refused": "refused",
    "unknown": "may have arrived; will be sent again as the same mail",
    "bounced": "came back",
}
PROBLEMS = {
    "no_mailbox": "no mailbox of this desk sends",
    "no_recipient": "nobody to send it to",
}


def delivery_view(row: Mapping[str, Any]) -> Delivery:
    """Make the view of a row of `deliveries_of`."""
    return _view(
        row["id"],
        (str(row["state"]), row["problem"], row["attempts"]),
        {name: _moment(row[name]) for name in ("sends_at", "due_at", "sent_at")},
        [(one["name"], one["email"], one["state"], one["answer"]) for one in row["recipients"]],
    )


def delivery_of(mail: OutboundMail) -> Delivery:
    """Make the view of a message whose recipients are loaded."""
    return _view(
        mail.id,
        (mail.state.value, mail.problem, mail.attempts),
        {"sends_at": mail.sends_at, "due_at": mail.due_at, "sent_at": mail.sent_at},
        [(one.name, one.email, one.state.value, one.answer) for one in mail.recipients],
    )


def _view(
    mail_id: int,
    how: tuple[str, str, int],
    times: Mapping[str, datetime | None],
    receivers: Iterable[tuple[str, str, str, str]],
) -> Delivery:
    state, problem, attempts = how
    word, at_time, text = STATE_WORDS[state], times["sent_at"], PROBLEMS.get(problem, problem)
    due = times["due_at"]
    if state == "queued" and attempts:
        word = "Will be tried again"
    elif state == "queued" and due is not None and due > clock.now():
        word, text = "Scheduled", f"It goes out {local(due):%d %b, %H:%M %Z}."
    return Delivery(
        state=state,
        word=word,
        text=text,
        at=at_time if state in ("sent", "bounced") else None,
        receivers=tuple(
            ReceiverView(name or email, email if name else "", kind, RECEIVER_WORDS[kind], answer)
            for name, email, kind, answer in receivers
        ),
        href=at(f"/outbox/{mail_id}"),
    )


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
