"""What routes about second factors share: the door, the site that passkeys are for, whom a challenge is bound to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.kit.passkeys import Site
from ombud.kit.tokens import digest
from ombud.models import AccountNotice, NoticeKind, Passkey
from ombud.people.factors import SecondDoor, queries
from ombud.web.auth import cookie_path, guest_secret, is_secure
from ombud.web.parts import Parts, parts_of
from ombud.web.place import at
from ombud.worker.intake import vault_of

STEP_COOKIE = "ombud_step"
_WORDS = {
    NoticeKind.TOTP_ADDED: "An authenticator app was set up.",
    NoticeKind.TOTP_REMOVED: "The authenticator app was removed.",
    NoticeKind.PASSKEY_ADDED: "A passkey was added:",
    NoticeKind.PASSKEY_REMOVED: "A passkey was removed:",
    NoticeKind.CODES_MADE: "New recovery codes were made; the old ones are void.",
    NoticeKind.CODE_USED: "Somebody signed in or confirmed with a recovery code.",
    NoticeKind.FACTORS_RESET: "An administrator took your authenticator app, recovery codes and passkeys away.",
    NoticeKind.IDENTITY_ADDED: "Your account was connected with",
    NoticeKind.IDENTITY_REMOVED: "Your account is no longer connected with",
    NoticeKind.PASSWORD_CHANGED: "Your password was changed.",
    NoticeKind.ADDRESS_CHANGED: "Your address was changed.",
    NoticeKind.WEBHOOK_OFF: "The desk switched a webhook off:",
    NoticeKind.NEW_BROWSER: "You, or somebody as you, signed in with a new browser:",
}
_BY_OTHER = {
    NoticeKind.IDENTITY_REMOVED: "An administrator removed your connection with",
    NoticeKind.PASSWORD_CHANGED: "Your password was changed by an administrator.",
    NoticeKind.ADDRESS_CHANGED: "Your address was changed by an administrator.",
}


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """One passkey of somebody."""

    id: int
    name: str
    added: datetime
    used: datetime | None
    is_synced: bool

    @classmethod
    def of(cls, row: Passkey) -> PasskeyRow:
        """Show a passkey."""
        return cls(row.id, row.name, row.created_at, row.last_used_at, row.is_synced)


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One thing that happened to an account."""

    text: str
    when: datetime
    href: str
    unread: bool

    @classmethod
    def of(cls, row: AccountNotice) -> NoticeRow:
        """Show a notice."""
        words = _WORDS[row.kind]
        if row.by_other:
            words = _BY_OTHER.get(row.kind, words)
        href = at("/settings/webhooks" if row.kind is NoticeKind.WEBHOOK_OFF else "/me/security")
        return cls(f"{words} {row.detail}".strip(), row.created_at, href, row.read_at is None)


@dataclass(frozen=True, slots=True)
class FactorsView:
    """What the security page shows of somebody's second factors."""

    totp_since: datetime | None
    passkeys: list[PasskeyRow]
    codes_left: int
    notices: list[NoticeRow]

    @property
    def has_any(self) -> bool:
        """True when a password alone does not open the account."""
        return self.totp_since is not None or bool(self.passkeys)


def read_factors(session: Session, user_id: int) -> FactorsView:
    """Return what somebody has; four statements."""
    totp = session.scalar(queries.totp_of(user_id))
    return FactorsView(
        totp_since=totp.confirmed_at if totp is not None else None,
        passkeys=[PasskeyRow.of(row) for row in session.scalars(queries.passkeys_of(user_id))],
        codes_left=session.scalar(queries.codes_left(user_id)) or 0,
        notices=[NoticeRow.of(row) for row in session.scalars(queries.notices_of(user_id))],
    )


async def second_door(parts: Parts) -> SecondDoor:
    """Return the door for codes and passkeys."""
    vault = await asyncio.to_thread(vault_of, parts.runtime.settings)
    return SecondDoor(parts.runtime.desk, vault)


def site_of(request: Request) -> Site | None:
    """Return the site that passkeys are bound to: the desk's own address, where it is asked under that."""
    base_url = parts_of(request).runtime.settings.base_url
    if base_url is None:
        return Site.of(f"{request.url.scheme}://{request.url.netloc}")
    return Site.of(base_url) if urlsplit(base_url).hostname == request.url.hostname else None


def guest_binding(request: Request) -> bytes:
    """Return what a challenge is bound to before anybody is signed in: this browser."""
    return digest(f"guest:{guest_secret(request)}")


def session_binding(session_id: int) -> bytes:
    """Return what a challenge is bound to for who is signed in: this session."""
    return digest(f"session:{session_id}")


def set_step_cookie(response: Response, request: Request, secret: str, seconds: int) -> None:
    """Give the browser its half-signed-in state."""
    response.set_cookie(
        STEP_COOKIE,
        secret,
        max_age=seconds,
        path=cookie_path(),
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )


def drop_step_cookie(response: Response) -> None:
    """Take the half-signed-in state from the browser."""
    response.delete_cookie(STEP_COOKIE, path=cookie_path())
