"""What a message says: made at each attempt from what is there then, as far as the endpoint's owner may see it.

So nothing of a ticket is kept in the queue: who loses the right to see it, or is forgotten, is not told of.
"""

import json
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.actor import Scope
from ombud.db.context import actor_of
from ombud.models import Comment, Ticket, User, WebhookDelivery, WebhookEvent
from ombud.webhooks import queries
from ombud.webhooks.rules import BODY_LIMIT

TEXT_LIMIT = 4_000
"""Characters of a text in a message; the rest is in the API."""


def body_of(session: Session, delivery: WebhookDelivery, *, notes: bool) -> bytes | None:
    """Return the body of a message in a session of the endpoint's owner; None when they may not see it.

    `notes` lets internal comments through.
    """
    data: dict[str, Any] | None
    if delivery.event is WebhookEvent.TEST:
        data = {"message": "A test of this webhook."}
    else:
        data = _about(session, delivery, notes=notes)
    if data is None:
        return None
    message = {"type": delivery.event.value, "timestamp": delivery.happened_at.isoformat(), "data": data}
    return _encoded(message)


def _about(session: Session, delivery: WebhookDelivery, *, notes: bool) -> dict[str, Any] | None:
    actor = actor_of(session)
    changes = dict(delivery.changes)
    known = {"changed": sorted(changes), "changes": {k: v for k, v in changes.items() if v is not None}}
    ticket = session.scalar(queries.ticket_told_of(actor, delivery.ticket_id or 0))
    if ticket is None:
        is_gone = delivery.event is WebhookEvent.TICKET_DELETED and actor.scope is Scope.ALL
        number = changes.get("number", [None])[0]
        return {"ticket": {"id": delivery.ticket_id, "number": number}, **known} if is_gone else None
    told: dict[str, Any] = {"ticket": _ticket(ticket), "actor": delivery.actor, **known}
    if delivery.comment_id is not None:
        comment = session.scalar(queries.comment_told_of(actor, ticket.id, delivery.comment_id))
        if comment is None or (comment.is_internal and not notes):
            return None
        told["comment"] = _comment(comment)
    return told


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "number": ticket.ticket_number,
        "title": ticket.title,
        "description": ticket.description[:TEXT_LIMIT],
        "status": ticket.status.value,
        "priority": ticket.priority.value,
        "channel": ticket.channel.value,
        "requester": _person(ticket.requester) | {"email": ticket.requester.email},
        "assignee": None if ticket.assignee is None else _person(ticket.assignee),
        "team": None if ticket.team is None else {"id": ticket.team.id, "name": ticket.team.name},
        "organization": None
        if ticket.organization is None
        else {"id": ticket.organization.id, "name": ticket.organization.name},
        "tags": sorted(tag.name for tag in ticket.tags)[:50],
        "created_at": ticket.created_at.isoformat(),
        "deleted_at": None if ticket.deleted_at is None else ticket.deleted_at.isoformat(),
        "version": ticket.version,
    }


def _comment(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "content": comment.content[:TEXT_LIMIT],
        "is_truncated": len(comment.content) > TEXT_LIMIT,
        "is_internal": comment.is_internal,
        "author": _person(comment.author),
        "created_at": comment.created_at.isoformat(),
    }


def _person(user: User) -> dict[str, Any]:
    return {"id": user.id, "name": user.display_name, "is_staff": user.is_staff}


def _encoded(message: dict[str, Any]) -> bytes:
    """Return a message as JSON of less than 20 kB; texts are cut further where they are long in bytes."""
    limit = TEXT_LIMIT
    while len(body := json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()) >= BODY_LIMIT:
        limit //= 2
        data = message["data"]
        for part, field in (("ticket", "description"), ("comment", "content"), ("ticket", "title")):
            if part in data and field in data[part]:
                data[part][field] = data[part][field][:limit]
        if "comment" in data:
            data["comment"]["is_truncated"] = True
        if not limit:
            data["ticket"]["tags"] = []
    return body
