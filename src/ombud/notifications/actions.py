"""Tell agents, remember what they have read, and turn what they have not into mail."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.kit.ids import is_id
from ombud.mail.outgoing import queries as outgoing
from ombud.mail.outgoing.actions import queue_automatic
from ombud.mail.outgoing.planning import Addressee
from ombud.mail.outgoing.rules import one_line
from ombud.mail.tokens import TicketNamer
from ombud.models import (
    AccountNotice,
    Notification,
    NotificationKind,
    NotificationSetting,
    OutboundKind,
    UserRole,
)
from ombud.notifications import queries
from ombud.notifications.rules import mentioned
from ombud.tickets.events import CommentAdded, TicketsAssigned
from ombud.tickets.policy import require_staff

MAIL_AFTER = timedelta(seconds=30)
"""Who looks at the ticket in this time needs no mail about it."""
MAILS_AT_ONCE = 20
"""More tickets than this assigned at once are told in the page only."""
BATCH = 100


def tell_of(session: Session, event: object) -> None:
    """React to what happened: tell whom it concerns (`ombud.db.reactions`)."""
    match event:
        case CommentAdded(ticket, comment) if comment.is_internal:
            if "@" in comment.content:
                staff = [(row[0], row[1], row[2]) for row in session.execute(queries.staff_names())]
                _tell(
                    session,
                    NotificationKind.MENTIONED,
                    [ticket.id],
                    mentioned(comment.content, staff),
                    comment.id,
                )
        case CommentAdded(ticket, comment) if ticket.assignee_id not in (None, comment.author_id):
            _tell(session, NotificationKind.REPLIED, [ticket.id], [ticket.assignee_id or 0], comment.id)
        case TicketsAssigned(ticket_ids, assignee_id) if assignee_id != actor_of(session).user_id:
            quietly = len(ticket_ids) > MAILS_AT_ONCE
            _tell(session, NotificationKind.ASSIGNED, list(ticket_ids), [assignee_id], None, quietly=quietly)
        case _:
            pass


def mark_notification_read(session: Session, notification_id: int) -> Notification:
    """Remember that the actor has seen one notification; it is returned with its ticket."""
    user_id = _reader(session)
    statement = queries.notification(user_id, notification_id)
    found = session.scalar(statement) if is_id(notification_id) else None
    if found is None:
        raise NotFound("There is no such notification here.")
    if found.read_at is None:
        found.read_at = clock.now()
        session.flush()
    return found


def mark_all_read(session: Session) -> int:
    """Remember that the actor has seen all of theirs, and what there is about their account; returns how many."""
    return _mark(session, None) + mark_notices_read(session)


def mark_notices_read(session: Session) -> int:
    """Remember that the actor, staff or not, has seen what happened to their account; returns how many that were."""
    mine = AccountNotice.user_id == (actor_of(session).user_id or 0), AccountNotice.read_at.is_(None)
    seen = update(AccountNotice).where(*mine).values(read_at=clock.now()).returning(AccountNotice.id)
    return len(session.execute(seen, execution_options={"synchronize_session": False}).all())


def mark_ticket_read(session: Session, ticket_id: int) -> int:
    """Remember that the actor has seen what there is about a ticket; returns how many notifications that were."""
    return _mark(session, ticket_id)


def change_settings(
    session: Session, kind: NotificationKind, *, in_page: bool | None = None, by_mail: bool | None = None
) -> None:
    """Say how the actor wants to be told of one kind; what is None stays."""
    given = {name: value for name, value in (("in_page", in_page), ("by_mail", by_mail)) if value is not None}
    if not given:
        return
    values = {"user_id": _reader(session), "kind": kind, **given}
    session.execute(
        insert(NotificationSetting)
        .values(values)
        .on_conflict_do_update(index_elements=["user_id", "kind"], set_=given)
    )


def mail_notifications(session: Session, namer: TicketNamer, limit: int = BATCH) -> int:
    """Queue mail for notifications that nobody has read for a while; returns how many were looked at.

    Told are only people who may still sign in; on a desk without a mailbox that sends nothing is queued.
    """
    now = clock.now()
    waiting = session.scalars(outgoing.unmailed_notifications(now - MAIL_AFTER, limit)).all()
    for told in waiting:
        told.mailed_at = now
        if told.read_at is not None or not told.user.is_active or told.user.role is UserRole.CUSTOMER:
            continue
        ticket = told.ticket
        queue_automatic(
            session,
            namer,
            ticket,
            OutboundKind.NOTIFICATION,
            Addressee(told.user.email, told.user.display_name, told.user_id),
            subject=f"[{ticket.ticket_number}] {one_line(ticket.title)}",
            comment_id=told.comment_id,
            notification_id=told.id,
        )
    session.flush()
    return len(waiting)


def _tell(
    session: Session,
    kind: NotificationKind,
    ticket_ids: list[int],
    people: list[int],
    comment_id: int | None,
    *,
    quietly: bool = False,
) -> None:
    if people:
        session.execute(queries.notify_staff(kind.value, ticket_ids, comment_id, people, quietly=quietly))


def _mark(session: Session, ticket_id: int | None) -> int:
    unread = update(Notification).where(
        Notification.user_id == _reader(session), Notification.read_at.is_(None), Notification.in_page
    )
    if ticket_id is not None:
        unread = unread.where(Notification.ticket_id == ticket_id)
    done = session.execute(
        unread.values(read_at=clock.now()).returning(Notification.id),
        execution_options={"synchronize_session": False},
    )
    return len(done.all())


def _reader(session: Session) -> int:
    actor = actor_of(session)
    require_staff(actor)
    if actor.user_id is None:
        raise NotFound("Only people have notifications.")
    return actor.user_id
