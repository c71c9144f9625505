"""What an agent was told, and how they want to be told."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.errors import Invalid, NotFound
from ombud.kit.text import excerpt
from ombud.models import Notification, NotificationKind
from ombud.notifications import change_settings, mark_all_read, mark_notification_read, queries
from ombud.people.factors.queries import notices_of
from ombud.tickets.policy import require_staff
from ombud.web import queries as around_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn
from ombud.web.factors import NoticeRow
from ombud.web.forms import SignedForm
from ombud.web.place import at
from ombud.web.timeline import person_of
from ombud.web.views.lists import Empty
from ombud.web.views.outbox import NotificationView, TellingView
from ombud.web.wording import plain_line

router = APIRouter()

EMPTY = Empty("bell", "Nothing yet", "When you are given a ticket, mentioned, or answered, it stands here.")
WORDS = {
    NotificationKind.ASSIGNED: "gave you this ticket",
    NotificationKind.REPLIED: "wrote on your ticket",
    NotificationKind.MENTIONED: "mentioned you",
}
LABELS = {
    NotificationKind.ASSIGNED: "Somebody gives me a ticket",
    NotificationKind.REPLIED: "Somebody writes on a ticket of mine",
    NotificationKind.MENTIONED: "A colleague mentions me in a note",
}


@router.get("/notifications")
async def notifications(request: Request, visitor: SignedIn) -> Response:
    """Show what one was told, newest first."""
    require_staff(visitor.actor)
    before = request.query_params.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Invalid(fields={"before": "is not an id."})
    user_id = visitor.actor.user_id or 0
    statement = queries.notifications_of(
        user_id, before=int(before) if before else None, limit=queries.PAGE + 1
    )
    async with visitor.desk.aread(visitor.actor) as session:
        row = (await session.execute(around_queries.surroundings(visitor.actor))).one()
        found = list(await session.scalars(statement))
        notices = [] if before else list(await session.scalars(notices_of(user_id)))
    more, found = len(found) > queries.PAGE, found[: queries.PAGE]
    context = {
        "frame": make_frame(request, visitor, read_around(row), "notifications"),
        "rows": [_view(one) for one in found],
        "next_href": at(f"/notifications?before={found[-1].id}") if more else "",
        "notices": [NoticeRow.of(one) for one in notices],
        "unread": row.unread,
        "empty_view": EMPTY,
    }
    return page(request, "pages/notifications.html", context)


@router.post("/notifications/reading")
async def read_all(request: Request, visitor: SignedIn, _form: SignedForm) -> Response:
    """Remember that all of them were seen."""
    await visitor.desk.arun(visitor.actor, mark_all_read)
    return go_to(request, at("/notifications"))


@router.post("/notifications/{notification_id}/reading")
async def follow(request: Request, visitor: SignedIn, _form: SignedForm, notification_id: str) -> Response:
    """Remember that one was seen, and go to what it is about."""
    if not (notification_id.isascii() and notification_id.isdigit() and len(notification_id) < 19):
        raise NotFound("There is no such notification here.")
    told = await visitor.desk.arun(visitor.actor, mark_notification_read, int(notification_id))
    anchor = f"#comment-{told.comment_id}" if told.comment_id else ""
    return go_to(request, at(f"/tickets/{told.ticket.ticket_number}{anchor}"))


@router.get("/settings/notifications")
async def settings(request: Request, visitor: SignedIn) -> Response:
    """Show how one wants to be told."""
    require_staff(visitor.actor)
    async with visitor.desk.aread(visitor.actor) as session:
        row = (await session.execute(around_queries.surroundings(visitor.actor))).one()
        kept = {
            one.kind: one for one in await session.scalars(queries.settings_of(visitor.actor.user_id or 0))
        }
    context = {
        "frame": make_frame(request, visitor, read_around(row), "notifications"),
        "kinds": [
            TellingView(
                kind.value,
                LABELS[kind],
                kept[kind].in_page if kind in kept else True,
                kept[kind].by_mail if kind in kept else True,
            )
            for kind in NotificationKind
        ],
        "saved": request.query_params.get("saved") == "yes",
    }
    return page(request, "pages/notification_settings.html", context)


@router.post("/settings/notifications")
async def change(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Keep how one wants to be told; a box that is not ticked is not sent."""

    def keep(session: Session) -> None:
        for kind in NotificationKind:
            change_settings(
                session, kind, in_page=f"{kind.value}-page" in form, by_mail=f"{kind.value}-mail" in form
            )

    await visitor.desk.arun(visitor.actor, keep)
    return go_to(request, at("/settings/notifications?saved=yes"))


def _view(told: Notification) -> NotificationView:
    return NotificationView(
        href=at(f"/notifications/{told.id}/reading"),
        text=WORDS[told.kind],
        ticket=told.ticket.ticket_number,
        title=told.ticket.title,
        at=told.created_at,
        who=person_of(told.cause) if told.cause is not None else None,
        excerpt=excerpt(plain_line(told.comment.content[:2000]), 200) if told.comment is not None else "",
        unread=told.read_at is None,
    )
