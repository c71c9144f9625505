"""What pages about accounts show: people, roles, sessions, tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ombud import clock
from ombud.db.permissions import Permission
from ombud.kit.browsers import name_of
from ombud.models import (
    ApiToken,
    LetterKind,
    OutboundState,
    User,
    UserRole,
    WebSession,
)

ROLE_LABELS = {
    UserRole.ADMIN: "Administrator",
    UserRole.AGENT: "Agent",
    UserRole.LIGHT_AGENT: "Light agent",
    UserRole.CUSTOMER: "Customer",
}
PERMISSION_LABELS = {
    Permission.TICKETS_OPEN: "Open tickets",
    Permission.TICKETS_REPLY: "Answer customers",
    Permission.TICKETS_CHANGE: "Change tickets: fields, tags, links, merging",
    Permission.TICKETS_DELETE: "Delete and restore tickets",
    Permission.NOTES_WRITE: "Write internal notes",
    Permission.TAGS_KEEP: "Make tags",
    Permission.PEOPLE_KEEP: "Keep customers and organizations",
    Permission.EXPORTS_MAKE: "Export all tickets that they see",
    Permission.IMPORTS_MAKE: "Import tickets from CSV files",
    Permission.WEBHOOKS_KEEP: "Keep everybody's webhooks",
    Permission.ROLES_KEEP: "Keep roles, within their own rights",
}


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One person in the list."""

    href: str
    name: str
    email: str
    role: str
    state: str
    last_login: datetime | None
    active: bool

    @classmethod
    def of(cls, user: User, href: str) -> AccountRow:
        """Show a person whose custom role is loaded."""
        return cls(
            href=href,
            name=user.display_name,
            email=user.email,
            role=role_of(user),
            state="" if user.is_active else "deactivated",
            last_login=user.last_login,
            active=user.is_active,
        )


_LETTERS = {
    LetterKind.INVITE: "The invitation",
    LetterKind.RESET: "The link for a new password",
    LetterKind.VERIFY: "The link for a new address",
    LetterKind.SIGN_IN: "The link that signs in",
    LetterKind.PASSWORD_CHANGED: "The notice of a new password",
    LetterKind.ADDRESS_CHANGED: "The notice of a new address",
    LetterKind.WEBHOOK_OFF: "The notice of a webhook",
    LetterKind.NEW_BROWSER: "The notice of a sign-in with a new browser",
}
_COMMANDS = {LetterKind.INVITE: "invite", LetterKind.RESET: "reset"}
"""What gives a link to whoever runs the desk, where no letter can."""
_PROBLEMS = {
    "no_mailbox": "no mailbox can send. Set one up{instead}",
    "no_base_url": "the desk does not know its own address. Set OMBUD_BASE_URL.",
    "no_recipient": "mail cannot go to this address.",
}


@dataclass(frozen=True, slots=True)
class AccountState:
    """How far somebody is on the way to signing in, and what became of the last letter to them."""

    signed_in: bool
    invited_until: datetime | None
    is_asked: bool
    letter: str
    trouble: str

    @classmethod
    def of(cls, user: User, row: Any) -> AccountState:
        """Show a person and their row of `account_state`."""
        said = trouble = ""
        if row.kind is not None and not row.is_asked:
            said = f"{_LETTERS.get(LetterKind(row.kind), 'The notice of a change')}: {OutboundState(row.state).value}."
            command = _COMMANDS.get(LetterKind(row.kind))
            instead = f", or run: ombud user {command} {user.email}" if command else "."
            problem: str = row.problem or ""
            trouble = _PROBLEMS.get(problem, problem).replace("{instead}", instead)
        return cls(user.last_login is not None, row.invited_until, row.is_asked, said, trouble)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in browser."""

    id: int
    where: str
    user_agent: str
    ip: str
    since: datetime
    seen: datetime
    is_this: bool
    identity_id: int | None
    """The connection that it began with, where it did."""

    @classmethod
    def of(cls, row: WebSession, this: int | None) -> SessionRow:
        """Show a session; `this` is the one that looks."""
        return cls(
            row.id,
            name_of(row.user_agent),
            row.user_agent,
            row.ip,
            row.created_at,
            row.last_seen_at,
            row.id == this,
            row.identity_id,
        )


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One key for programs."""

    id: int
    name: str
    may: str
    state: str
    used: datetime | None
    good: bool

    @classmethod
    def of(cls, row: ApiToken) -> TokenRow:
        """Show a token."""
        expired = row.expires_at is not None and row.expires_at <= clock.now()
        state = "revoked" if row.revoked_at is not None else "expired" if expired else ""
        may = ", ".join(row.scopes) or "everything that you may"
        return cls(row.id, row.name, may, state, row.last_used_at, not state)


def role_of(user: User) -> str:
    """Return a role in words: the custom one where there is one."""
    return user.custom_role.name if user.custom_role is not None else ROLE_LABELS[user.role]
