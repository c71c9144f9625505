"""Letters about accounts: asking for one, and what the links in them do.

Whoever asks only leaves a request; the worker that sends mail finds the person, makes the link and queues the letter
(`ombud.mail.outgoing.accounts`). So to ask for an address that nobody has is the same statements, and takes the same
time, as for one that somebody has; and no page or program but the worker ever holds a link's secret.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid
from ombud.kit.text import clean_title
from ombud.kit.tokens import digest, new_secret
from ombud.models import AccountRequest, AccountToken, LetterKind, LinkPurpose, User, UserRole
from ombud.people import queries, whence
from ombud.people.accounts import Proof
from ombud.people.actions import get_user, set_password
from ombud.people.addresses import clean_email
from ombud.people.locks import queries as locks
from ombud.people.policy import require_admin, require_right_to_keep

LIFE = {
    LinkPurpose.INVITE: timedelta(days=7),
    LinkPurpose.RESET: timedelta(hours=1),
    LinkPurpose.VERIFY: timedelta(days=1),
    LinkPurpose.SIGN_IN: timedelta(minutes=15),
}
"""How long a link is good."""


class LinkVoid(Conflict):
    """A link that was used, has expired, was replaced by a newer one or never was; which, nobody is told."""

    code = "link_void"
    default_message = "This link does not work any more. Ask for a new one."


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is good: whose, and for what."""

    user_id: int
    purpose: LinkPurpose
    email: str
    full_name: str
    role: UserRole


def ask_for_letter(session: Session, kind: LetterKind, email: str) -> None:
    """Ask for a letter to an address, whoever has it, if anybody. For the system, at a door that anybody opens."""
    whence.tell(session)
    session.add(AccountRequest(kind=kind, email=email.strip()[:255]))
    session.flush()


def invite(session: Session, user_id: int) -> None:
    """Ask for the letter with which a person sets their password; an earlier invitation is void once it is written.

    By who keeps people of that role. Conflict for who signed in already, or was let go.
    """
    session.execute(
        locks.locked_account(user_id)
    )  # who comes in another way at this moment ends it, or refuses it
    user = _kept(session, user_id)
    if user.last_login is not None:
        raise Conflict("They signed in already. Send them a link to set a new password.")
    _ask_for(session, user, LetterKind.INVITE)


def send_reset(session: Session, user_id: int) -> None:
    """Ask for the letter with which a person sets a new password. For administrators."""
    require_admin(actor_of(session))
    _ask_for(session, _kept(session, user_id), LetterKind.RESET)


def revoke_invitation(session: Session, user_id: int) -> None:
    """Make a person's invitation void; doing so twice is harmless."""
    user = get_user(session, user_id)
    require_right_to_keep(actor_of(session), user.role)
    for statement in queries.invitations_of(user.id):
        session.execute(statement)


def forget_requests(session: Session, user_id: int) -> None:
    """Write no letter that was asked for somebody and is not written yet. For the system."""
    session.execute(delete(AccountRequest).where(AccountRequest.user_id == user_id))


def ask_for_address(session: Session, email: str) -> None:
    """Ask for another address of one's own: it counts once the link in the letter to it was used.

    Whether somebody else has it is not said here: only who reads its mail learns that.
    """
    actor = actor_of(session)
    user, address = get_user(session, actor.user_id or 0), clean_email(email)
    if address == user.email:
        raise Invalid(fields={"email": "is your address already."})
    whence.tell(session)
    asked = AccountRequest.user_id == user.id, AccountRequest.kind == LetterKind.VERIFY
    session.execute(delete(AccountRequest).where(*asked))
    session.add(AccountRequest(kind=LetterKind.VERIFY, email=address, user_id=user.id))
    session.flush()


def issue_link(session: Session, user_id: int, purpose: LinkPurpose, email: str) -> str:
    """Make a link's secret, stored as a hash; an earlier one of the purpose is void. For the system."""
    secret, now = new_secret(), clock.now()
    values = {
        "email": email,
        "token_hash": digest(secret),
        "created_at": now,
        "expires_at": now + LIFE[purpose],
    }
    issued = insert(AccountToken).values(user_id=user_id, purpose=purpose, **values)
    session.execute(issued.on_conflict_do_update(index_elements=["user_id", "purpose"], set_=values))
    return secret


def link_of(row: Any) -> Link | None:
    """Make a Link of a row of `queries.account_token`, if there is one."""
    if row is None:
        return None
    return Link(row.user_id, LinkPurpose(row.purpose), row.email, row.full_name, UserRole(row.role))


def accept(
    session: Session, secret: str, purpose: LinkPurpose, password_hash: str, full_name: str | None = None
) -> None:
    """Set the actor's own password by an invitation or a reset. Their sessions end, their other links are void."""
    if purpose not in (LinkPurpose.INVITE, LinkPurpose.RESET):
        raise LinkVoid
    user_id, _email = use_link(session, secret, purpose)
    set_password(session, user_id, password_hash)
    if full_name is not None:
        get_user(session, user_id).full_name = clean_title("full_name", full_name, limit=255)
    session.flush()


def come_in(session: Session, secret: str) -> Proof:
    """Use up the actor's own link that signs in, and return what it proves; LinkVoid for staff.

    With the password of now, though nobody typed it: whoever sets another before the session begins ends this, too.
    """
    user_id, _email = use_link(session, secret, LinkPurpose.SIGN_IN)
    if get_user(session, user_id).is_staff:
        raise LinkVoid
    return Proof(user_id, password_hash=session.scalar(locks.password_of(user_id)))


def take_address(session: Session, secret: str) -> str:
    """Make the address to which a link went the actor's own, and return it; Conflict when somebody else has it."""
    user_id, email = use_link(session, secret, LinkPurpose.VERIFY)
    whence.tell(session)
    get_user(session, user_id).email = email
    session.flush()
    return email


def use_link(session: Session, secret: str, purpose: LinkPurpose) -> tuple[int, str]:
    """Use up a link of the actor's and return their id and its address; LinkVoid for all but one who try.

    Whoever changes what opens the account is before this or after it, as a whole.
    """
    session.execute(locks.locked_account(actor_of(session).user_id or 0))
    row = session.execute(queries.use_account_token(digest(secret), purpose.value)).one_or_none()
    if row is None:
        raise LinkVoid
    return row[0], row[1]


def drop_expired_links(session: Session) -> int:
    """Remove links that nobody used in time and return how many there were."""
    ended = delete(AccountToken).where(AccountToken.expires_at < clock.now()).returning(AccountToken.id)
    return len(session.scalars(ended).all())


def _kept(session: Session, user_id: int) -> User:
    user = get_user(session, user_id)
    require_right_to_keep(actor_of(session), user.role)
    if not user.is_active:
        raise Conflict("They were let go. Let them in again first.")
    return user


def _ask_for(session: Session, user: User, kind: LetterKind) -> None:
    asked = AccountRequest.user_id == user.id, AccountRequest.kind == kind
    session.execute(delete(AccountRequest).where(*asked))
    session.add(AccountRequest(kind=kind, email=user.email, user_id=user.id))
    session.flush()
