"""What the caller was told, and how they want to be told. For the team only."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.paging import Link, PageQuery, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import BIGINT_MAX, Page, PathId
from ombud.api.schemas.outbox import Notice, Notification, Telling, TellingChange
from ombud.db.context import actor_of
from ombud.models import Notification as NotificationRow
from ombud.models import NotificationKind
from ombud.notifications import (
    change_settings,
    mark_all_read,
    mark_notices_read,
    mark_notification_read,
    queries,
)
from ombud.people.factors.queries import notices_of
from ombud.tickets.policy import require_staff

router = api_router("Notifications")


class NotificationQuery(PageQuery):
    """Which notifications."""

    unread: Annotated[bool, Field(description="Only what was not read yet.")] = False


@router.get("/notifications")
async def list_notifications(
    page: Annotated[NotificationQuery, Query()], call: CurrentCall, link: Link
) -> Page[Notification]:
    """List the caller's notifications, newest first."""
    before = page.after_id("-notifications", start=BIGINT_MAX)
    rows = await call.read(_notifications, page.unread, before, page.limit + 1)
    return link.page(rows, page.limit, Notification.of, lambda one: cursor_at("-notifications", one.id))


@router.post("/notifications/reading", status_code=204)
async def read_all_notifications(call: CurrentCall) -> None:
    """Remember that the caller has seen all of theirs."""
    await call.write(_read_all)


@router.post("/notifications/{notification_id}/reading", status_code=204)
async def read_notification(notification_id: PathId, call: CurrentCall) -> None:
    """Remember that the caller has seen one."""
    await call.write(_read, notification_id)


@router.get("/me/notices")
async def list_notices(call: CurrentCall) -> Page[Notice]:
    """List the last ten things that happened to the caller's account, newest first."""
    return Page(items=await call.read(_notices, call.principal.user_id), next_cursor=None)


@router.post("/me/notices/reading", status_code=204)
async def read_notices(call: CurrentCall) -> None:
    """Remember that the caller has seen them."""
    await call.write(_read_notices)


@router.get("/notification-settings")
async def list_notification_settings(call: CurrentCall) -> Page[Telling]:
    """Say how the caller is told of each kind."""
    return Page(items=await call.read(_settings), next_cursor=None)


@router.patch("/notification-settings/{kind}", status_code=204, responses=problems(413, 415))
async def change_notification_settings(
    kind: NotificationKind, body: TellingChange, call: CurrentCall
) -> None:
    """Change how the caller is told of one kind."""
    await call.write(_change, kind, body)


def _notifications(session: Session, unread: bool, before: int, limit: int) -> Sequence[NotificationRow]:
    actor = actor_of(session)
    require_staff(actor)
    statement = queries.notifications_of(actor.user_id or 0, unread=unread, before=before, limit=limit)
    return session.scalars(statement).all()


def _notices(session: Session, user_id: int) -> list[Notice]:
    return [Notice.of(one) for one in session.scalars(notices_of(user_id))]


def _read_notices(session: Session) -> None:
    mark_notices_read(session)


def _read_all(session: Session) -> None:
    mark_all_read(session)


def _read(session: Session, notification_id: int) -> None:
    mark_notification_read(session, notification_id)


def _settings(session: Session) -> list[Telling]:
    actor = actor_of(session)
    require_staff(actor)
    kept = {one.kind: one for one in session.scalars(queries.settings_of(actor.user_id or 0))}
    return [
        Telling(
            kind=kind,
            in_page=kept[kind].in_page if kind in kept else True,
            by_mail=kept[kind].by_mail if kind in kept else True,
        )
        for kind in NotificationKind
    ]


def _change(session: Session, kind: NotificationKind, body: TellingChange) -> None:
    require_staff(actor_of(session))
    change_settings(session, kind, in_page=body.in_page, by_mail=body.by_mail)
