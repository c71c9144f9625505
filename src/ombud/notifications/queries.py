"""Reading notifications: one's own. Pure builders."""

from typing import Any

from sqlalchemy import Select, Text, cast, false, func, literal, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import joinedload

from ombud.db.json import written
from ombud.db.plain import given_and
from ombud.models import (
    INCLUDE_DELETED,
    AccountNotice,
    Notification,
    NotificationKind,
    NotificationSetting,
    User,
)
from ombud.tickets.queries.answering import Part, id_in

PAGE = 50
STAFF_LIMIT = 2000


def notifications_of(
    user_id: int, *, unread: bool = False, before: int | None = None, limit: int = PAGE
) -> Select[Notification]:
    """Return a person's notifications, newest first, with who caused them, the ticket and the comment."""
    wanted = (
        select(Notification)
        .where(Notification.user_id == user_id, Notification.in_page)
        .options(
            joinedload(Notification.cause),
            joinedload(Notification.ticket, innerjoin=True),
            joinedload(Notification.comment),
        )
        .order_by(Notification.id.desc())
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
    )
    if unread:
        wanted = wanted.where(Notification.read_at.is_(None))
    return wanted if before is None else wanted.where(Notification.id < before)


def notification(user_id: int, notification_id: int) -> Select[Notification]:
    """Return one of a person's notifications."""
    return notifications_of(user_id).where(Notification.id == notification_id)


def unread_count(user_id: int, cap: int) -> Select[*tuple[Any, ...]]:
    """Return how many a person has not read, those of their account among them, each counted up to `cap`."""
    unread = (
        select(Notification.id)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None), Notification.in_page)
        .limit(cap)
        .subquery()
    )
    notices = (
        select(AccountNotice.id)
        .where(AccountNotice.user_id == user_id, AccountNotice.read_at.is_(None))
        .limit(cap)
        .subquery()
    )
    counts = (select(func.count()).select_from(part).scalar_subquery() for part in (unread, notices))
    return select(sum(counts, literal(0)))


def settings_of(user_id: int) -> Select[NotificationSetting]:
    """Return how a person wants to be told, where they said so."""
    return select(NotificationSetting).where(NotificationSetting.user_id == user_id)


def notify_staff(
    kind: str, ticket_ids: list[int], comment_id: int | None, people: list[int], *, quietly: bool = False
) -> Select[int]:
    """Tell these people; returns how many rows that made. The database sees to their settings and rights."""
    return select(func.ombud.notify_staff(kind, ticket_ids, comment_id, people, quietly))


def assignee_told() -> Select[*tuple[Any, ...]]:
    """Tell the assignee of a ticket about its new comment: a step of `ombud.tickets.queries.answering`."""
    return _ASSIGNEE_TOLD


def staff_names() -> Select[*tuple[Any, ...]]:
    """Return (id, full name, address) of active staff, for finding who is mentioned."""
    return (
        select(User.id, User.full_name, User.email)
        .where(User.is_staff.is_(True), User.is_active.is_(True))
        .order_by(User.id)
        .limit(STAFF_LIMIT)
    )


def _assignee_told() -> Select[*tuple[Any, ...]]:
    ticket, people = array([id_in(Part.TICKET)]), array([id_in(Part.ASSIGNEE)])
    kind = written(NotificationKind.REPLIED.value)
    told = func.ombud.notify_staff(kind, ticket, id_in(Part.COMMENT), people, false())
    return select(given_and(cast(told, Text)))


_ASSIGNEE_TOLD = _assignee_told()
