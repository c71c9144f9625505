"""How far a mailbox was fetched. Noted in the transaction that makes the messages ours, or in one of its own."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.files import StoredBytes
from ombud.mail.actions.intake import receive_all
from ombud.models import MailboxPosition, MailSource


def position_of(session: Session, mailbox_id: int) -> MailboxPosition:
    """Return how far a mailbox was fetched, made when it never was."""
    statement = insert(MailboxPosition).values(mailbox_id=mailbox_id).on_conflict_do_nothing()
    session.execute(statement)
    return session.get_one(MailboxPosition, mailbox_id)


def begin_at(session: Session, mailbox_id: int, uid_validity: int, uid: int) -> MailboxPosition:
    """Begin anew behind message `uid`: the folder was never looked at, or its numbers mean other messages now."""
    position = position_of(session, mailbox_id)
    position.uid_validity, position.last_uid, position.settled_uid = uid_validity, uid, uid
    session.flush()
    return position


def receive_fetched(session: Session, mailbox_id: int, messages: Sequence[tuple[int, StoredBytes]]) -> int:
    """Make fetched messages ours, with how far that is; returns how many had not come before."""
    position = position_of(session, mailbox_id)
    fresh = receive_all(session, mailbox_id, [stored for _, stored in messages], MailSource.IMAP)
    position.last_uid = max([position.last_uid, *(uid for uid, _ in messages)])
    session.flush()
    return len(fresh)


def note_settled(session: Session, mailbox_id: int, uid: int) -> None:
    """Remember up to which message the server was told that we have them."""
    position = position_of(session, mailbox_id)
    position.settled_uid = max(position.settled_uid, uid)
    session.flush()


def note_fetch(session: Session, mailbox_id: int, problem: str = "") -> None:
    """Remember when a mailbox was looked at, and what was wrong."""
    position = position_of(session, mailbox_id)
    position.problem = problem[:500]
    if not problem:
        position.fetched_at = clock.now()
    session.flush()
