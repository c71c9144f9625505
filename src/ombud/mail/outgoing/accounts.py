"""Letters about accounts: make the link, queue the letter, and later write it. Their secrets lie sealed in between."""

from dataclasses import dataclass
from datetime import UTC

from markupsafe import escape
from sqlalchemy.orm import Session

from ombud.kit.vault import Vault
from ombud.mail.compose import Letter, Person
from ombud.mail.outgoing.actions import queue_account
from ombud.mail.outgoing.planning import Addressee
from ombud.mail.outgoing.rules import desk_called
from ombud.mail.secrets import Place
from ombud.models import (
    AccountLetter,
    AccountRequest,
    LetterKind,
    Mailbox,
    OutboundMail,
    OutboundState,
    User,
    UserRole,
)
from ombud.people import queries as people
from ombud.people.letters import issue_link

BATCH = 20
NO_BASE_URL = "no_base_url"
"""Links cannot be made: the desk does not know its own address (`OMBUD_BASE_URL`)."""
LINK_PATH = "/link/"


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    said: str
    action: str = ""
    after: str = ""
    page: str = ""
    """Where, below the desk's address, one does what `after` says."""


def _notice(subject: str, said: str) -> _Words:
    return _Words(
        f"Your account at {{name}}: {subject}",
        f"{said} for your account at {{name}}.",
        after="The page Security of the desk says what else happened. If it was not you, change your password there, "
        "and tell the desk.",
    )


_WORDS = {
    LetterKind.INVITE: _Words(
        "Your account at {name}",
        "You are invited to {name}. Choose a password, and you can sign in.",
        "Accept the invitation",
        "The link works once, for seven days. If you expected no invitation, ignore this mail.",
    ),
    LetterKind.RESET: _Words(
        "A new password for {name}",
        "Somebody, we hope you, asked for a new password for this address at {name}.",
        "Choose a new password",
        "The link works once, for one hour. If it was not you, ignore this mail: nothing has changed.",
    ),
    LetterKind.VERIFY: _Words(
        "Confirm your address at {name}",
        "Somebody, we hope you, wants to use this address at {name}.",
        "Confirm this address",
        "The link works once, for one day. If it was not you, ignore this mail.",
    ),
    LetterKind.SIGN_IN: _Words(
        "Sign in at {name}",
        "Here is the link with which you sign in at {name}.",
        "Sign in",
        "The link works once, for 15 minutes. If you did not ask for it, ignore this mail.",
    ),
    LetterKind.PASSWORD_CHANGED: _Words(
        "Your password at {name} was changed",
        "The password of your account at {name} was changed, and everybody who was signed in with it is out.",
        after="If it was not you, ask for a new password on the sign-in page now, and tell the desk.",
    ),
    LetterKind.ADDRESS_CHANGED: _Words(
        "Your address at {name} was changed",
        "Your account at {name} has another address now. This one does not sign in any more.",
        after="If it was not you, tell the desk at once: answer the last mail that you had from it.",
    ),
    LetterKind.TOTP_ADDED: _notice("an authenticator app was added", "An authenticator app was set up"),
    LetterKind.TOTP_REMOVED: _notice(
        "the authenticator app was removed", "The authenticator app was removed"
    ),
    LetterKind.PASSKEY_ADDED: _notice("a passkey was added", "A passkey was added"),
    LetterKind.PASSKEY_REMOVED: _notice("a passkey was removed", "A passkey was removed"),
    LetterKind.CODES_MADE: _notice(
        "new recovery codes", "New recovery codes were made, and the old ones are void,"
    ),
    LetterKind.CODE_USED: _notice("a recovery code was used", "Somebody used a recovery code"),
    LetterKind.FACTORS_RESET: _notice(
        "your second factors were removed",
        "An administrator took the authenticator app, recovery codes and passkeys away",
    ),
    LetterKind.IDENTITY_ADDED: _notice(
        "a sign-in was connected", "A sign-in at another provider was connected"
    ),
    LetterKind.IDENTITY_REMOVED: _notice(
        "a sign-in was disconnected", "The connection with a sign-in at another provider was removed"
    ),
    LetterKind.NEW_BROWSER: _Words(
        "A new browser signed in at {name}",
        "Somebody, we hope you, signed in to your account at {name} with a browser that was not used for it before.",
        after="If it was not you, end that session under Where you are signed in on the page Security, change your "
        "password there (which ends all other sessions), and tell the desk. Such letters can be turned off there, too.",
        page="/me/security",
    ),
    LetterKind.WEBHOOK_OFF: _Words(
        "A webhook of {name} was switched off",
        "{name} switched one of its webhooks off: its messages cannot be delivered any more.",
        after="Settings > Webhooks says which, and why. Nothing is sent to it until somebody switches it on again.",
    ),
}


def write_requested(
    session: Session, vault: Vault, base_url: str, *, sign_in_links: bool = False, limit: int = BATCH
) -> int:
    """Queue the letters that were asked for, and return how many requests that were. For the system.

    Nobody is written to who is not there, who was let go, or to whom such a letter does not go.
    """
    waiting = session.scalars(people.requests(limit)).all()
    for request in waiting:
        user = _person(session, request)
        if user is not None and user.is_active and _goes_to(request.kind, user, sign_in_links):
            _queue(session, request, user, vault, base_url)
        session.delete(request)
    session.flush()
    return len(waiting)


def account_letter(
    mail: OutboundMail, mailbox: Mailbox, about: AccountLetter, secret: str, *, base_url: str, desk_name: str
) -> Letter:
    """Return the message that goes out; `secret` is that of its link, empty for a notice."""
    words, name = _WORDS[about.kind], desk_called(desk_name, mailbox.name)
    said = words.said.format(name=name)
    lines, html = [said], [f"<p>{escape(said)}</p>"]
    if words.action:
        href = f"{base_url}{LINK_PATH}{secret}"
        lines.append(f"{words.action}:\n{href}")
        html.append(f'<p><a href="{escape(href)}">{escape(words.action)}</a></p>')
    facts = _facts(about)
    page = f"{base_url}{words.page}" if words.page and base_url else ""
    lines += filter(None, ["\n".join(facts), words.after, page, "\n".join(filter(None, (name, base_url)))])
    if facts:
        html.append(f"<p>{'<br>'.join(escape(fact) for fact in facts)}</p>")
    html.append(f"<p>{escape(words.after)}</p>")
    if page:
        html.append(f'<p><a href="{escape(page)}">{escape(page)}</a></p>')
    home = f'<br><a href="{escape(base_url)}">{escape(base_url)}</a>' if base_url else ""
    html.append(f"<p>{escape(name)}{home}</p>")
    return Letter(
        message_id=mail.message_id,
        date=mail.sends_at,
        subject=mail.subject,
        sender=Person(mailbox.address, name),
        to=[Person(one.email) for one in mail.recipients],
        text="\n\n".join(lines),
        html=f'<!doctype html><html><head><meta charset="utf-8"></head><body>{"".join(html)}</body></html>\n',
        is_automatic=True,
    )


def _facts(about: AccountLetter) -> list[str]:
    """Return when it was, and from where, as far as that is known and anybody's business."""
    if about.kind is LetterKind.INVITE:
        return []
    when = f"{about.caused_at.astimezone(UTC):%d %B %Y, %H:%M} UTC" if about.caused_at is not None else ""
    known = {"When": when, "With": about.from_browser, "From": about.from_ip}
    return [f"{name}: {fact}" for name, fact in known.items() if fact]


def place_of(mail_id: int) -> Place:
    """Return where a letter's secret is sealed."""
    return "account_letters", "sealed", mail_id


def _person(session: Session, request: AccountRequest) -> User | None:
    if request.user_id is not None:
        return session.get(User, request.user_id)
    return session.scalar(people.user_by_email(request.email))


def _goes_to(kind: LetterKind, user: User, sign_in_links: bool) -> bool:
    return kind is not LetterKind.SIGN_IN or (sign_in_links and user.role is UserRole.CUSTOMER)


def _queue(session: Session, request: AccountRequest, user: User, vault: Vault, base_url: str) -> None:
    purpose = request.kind.purpose
    # A link goes to the address that the person has now, a change of address to the new one, a notice to the old one.
    email = request.email if request.kind is LetterKind.VERIFY or purpose is None else user.email
    problem = NO_BASE_URL if purpose is not None and not base_url else ""
    subject = _WORDS[request.kind].subject
    mail = queue_account(session, request, Addressee(email, user_id=user.id), subject, problem=problem)
    if purpose is not None and mail.state is OutboundState.QUEUED:
        secret = issue_link(session, user.id, purpose, email)
        session.get_one(AccountLetter, mail.id).sealed = vault.seal(secret, place_of(mail.id))
    session.flush()
