"""What is one's own: proofs, password, sessions, tokens, factors, connections, and what one is told.

Sensitive calls (these, and much that people.py has) answer `confirmation_needed` unless the
token is fresh or its owner proved who they are within ten minutes: send `confirm(...)`, then the call again.
"""

from collections.abc import Sequence
from typing import Any

from ombud.client.calls.making import Call, Json, Listing, given, part
from ombud.client.shapes import (
    FactorAdded,
    Factors,
    Notice,
    PasskeyAdded,
    RecoveryCodes,
    Token,
    TokenMade,
    TotpBegun,
    WebSession,
)


def me() -> Call[Json]:
    """Read who calls."""
    return Call("GET", "me")


def confirm(
    *, password: str | None = None, code: str | None = None, credential: Json | None = None
) -> Call[None]:
    """Prove who owns the token: by the password, a code (of the app, or a recovery code) or a passkey's answer."""
    return Call("POST", "confirmation", json=given(password=password, code=code, credential=credential))


def confirmation_options() -> Call[Json]:
    """Read what a passkey signs for `confirm(credential=...)`: `options` of `navigator.credentials.get`."""
    return Call("POST", "confirmation/options")


def change_password(password: str) -> Call[None]:
    """Replace one's password. Browsers are signed out. Wants a fresh proof."""
    return Call("PUT", "me/password", json={"password": password})


def change_address(email: str) -> Call[None]:
    """Mail a link to another address of one's own; it counts once the link was used. Wants a fresh proof."""
    return Call("POST", "me/address", json={"email": email})


def sessions() -> Listing[WebSession]:
    """List one's signed-in browsers, the one used last first."""
    return Listing("me/sessions")


def end_session(session_id: int) -> Call[None]:
    """Sign one of one's browsers out."""
    return Call("DELETE", f"me/sessions/{session_id}")


def end_sessions() -> Call[None]:
    """Sign all of one's browsers out."""
    return Call("DELETE", "me/sessions")


def tokens() -> Listing[Token]:
    """List one's tokens, never their secrets."""
    return Listing("tokens")


def create_token(name: str, *, scopes: Sequence[str] = (), days: int | None = None) -> Call[TokenMade]:
    """Make a token with no more scopes than the one that calls; its secret is shown once. Wants a fresh proof."""
    return Call("POST", "tokens", json={"name": name, "scopes": list(scopes), **given(days=days)})


def revoke_token(token_id: int) -> Call[None]:
    """Make a token useless."""
    return Call("DELETE", f"tokens/{token_id}")


def factors() -> Call[Factors]:
    """Read what one has besides the password."""
    return Call("GET", "me/factors")


def begin_totp() -> Call[TotpBegun]:
    """Make a secret for an authenticator app, which counts once it is confirmed. Wants a fresh proof."""
    return Call("POST", "me/factors/totp")


def confirm_totp(code: str) -> Call[FactorAdded]:
    """Let the app count, by a code that it shows. Wants a fresh proof."""
    return Call("POST", "me/factors/totp/confirmation", json={"code": code})


def remove_totp() -> Call[None]:
    """Take one's authenticator app away. Wants a fresh proof."""
    return Call("DELETE", "me/factors/totp")


def make_recovery_codes() -> Call[RecoveryCodes]:
    """Replace one's recovery codes. Wants a fresh proof."""
    return Call("POST", "me/factors/recovery-codes")


def passkey_options() -> Call[Json]:
    """Read what makes a passkey: `options` of `navigator.credentials.create`. Wants a fresh proof."""
    return Call("POST", "me/factors/passkeys/options")


def add_passkey(name: str, credential: Json) -> Call[PasskeyAdded]:
    """Keep a passkey that was made from the options. Wants a fresh proof."""
    return Call("POST", "me/factors/passkeys", json={"name": name, "credential": credential})


def rename_passkey(passkey_id: int, name: str) -> Call[Factors]:
    """Give a passkey another name."""
    return Call("PATCH", f"me/factors/passkeys/{passkey_id}", json={"name": name})


def remove_passkey(passkey_id: int) -> Call[None]:
    """Let a passkey open nothing any more. Wants a fresh proof."""
    return Call("DELETE", f"me/factors/passkeys/{passkey_id}")


def identities() -> Listing[Json]:
    """List the providers' accounts that open one's own."""
    return Listing("me/identities")


def remove_identity(identity_id: int) -> Call[None]:
    """Remove one of these connections. Wants a fresh proof."""
    return Call("DELETE", f"me/identities/{identity_id}")


def notices() -> Listing[Notice]:
    """List what happened to one's account, newest first."""
    return Listing("me/notices")


def read_notices() -> Call[None]:
    """Note that one has read them all."""
    return Call("POST", "me/notices/reading")


def notifications(**params: Any) -> Listing[Json]:
    """List what one was told about tickets, newest first; `unread=True` for what one has not read."""
    return Listing("notifications", params)


def read_notification(notification_id: int) -> Call[None]:
    """Note that one has read one of them."""
    return Call("POST", f"notifications/{notification_id}/reading")


def read_notifications() -> Call[None]:
    """Note that one has read them all."""
    return Call("POST", "notifications/reading")


def notification_settings() -> Listing[Json]:
    """List what one is told of, and how."""
    return Listing("notification-settings")


def change_notification_setting(
    kind: str, *, in_page: bool | None = None, by_mail: bool | None = None
) -> Call[None]:
    """Choose how one is told of something."""
    told = given(in_page=in_page, by_mail=by_mail)
    return Call("PATCH", f"notification-settings/{part(kind)}", json=told)


def preferences() -> Call[Json]:
    """Read how one's pages look."""
    return Call("GET", "me/preferences")


def change_preferences(*, theme: str | None = None, new_browser_letters: bool | None = None) -> Call[Json]:
    """Change how one's pages look, in every browser, and whether a letter tells of a new one."""
    told = given(theme=theme, new_browser_letters=new_browser_letters)
    return Call("PATCH", "me/preferences", json=told)
