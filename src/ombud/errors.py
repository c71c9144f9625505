"""Every error that Ombud raises on purpose, drawn as one tree by kind.

    OmbudError
    ├── NotFound          missing, or not visible to this actor: never says which
    ├── Forbidden         visible, but not allowed
    ├── Unauthenticated   nobody, or not who they say they are
    ├── Invalid           bad input; `fields` names what and why
    │   └── TooLarge      more bytes than are taken
    ├── Conflict          the state of the world does not allow it
    ├── RateLimited       too often; `retry_after` seconds
    └── Unavailable       not now; the same call may succeed later

There is no HTTP here: each edge maps kinds to its own answers, once. Domain errors subclass a kind
beside the action that raises them. `code` is stable snake_case and safe to show, as is `message`.
"""

from collections.abc import Mapping
from typing import ClassVar


class OmbudError(Exception):
    """The root; raise one of the kinds below it."""

    code: ClassVar[str] = "error"
    default_message: ClassVar[str] = "Something went wrong."

    def __init__(self, message: str | None = None, **data: object) -> None:
        self.message = message or self.default_message
        self.data = data
        super().__init__(self.message)


class NotFound(OmbudError):
    """A thing that does not exist, or that this actor may not know of."""

    code = "not_found"
    default_message = "There is no such thing here."


class Forbidden(OmbudError):
    """The actor can see the thing but may not do this to it."""

    code = "forbidden"
    default_message = "You may not do that."


class Unauthenticated(OmbudError):
    """No valid credentials came with the call."""

    code = "unauthenticated"
    default_message = "Sign in first."


class Invalid(OmbudError):
    """Bad input. `fields` maps a field's name to what is wrong with it."""

    code = "invalid"
    default_message = "Some of what you entered is not valid."

    def __init__(self, message: str | None = None, *, fields: Mapping[str, str] | None = None) -> None:
        self.fields = dict(fields or {})
        if message is None and self.fields:
            message = " ".join(f"{name}: {rule}" for name, rule in self.fields.items())
        super().__init__(message, **self.fields)


class TooLarge(Invalid):
    """More bytes than are taken."""

    code = "too_large"
    default_message = "That is too large."


class Conflict(OmbudError):
    """The state of the world does not allow it (any more)."""

    code = "conflict"
    default_message = "That has changed in the meantime."


class RateLimited(OmbudError):
    """Too many attempts. `retry_after` is in seconds."""

    code = "rate_limited"
    default_message = "Too many attempts. Try again in a while."

    def __init__(self, message: str | None = None, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message, retry_after=retry_after)


class Unavailable(OmbudError):
    """Not now: the same call may succeed later."""

    code = "unavailable"
    default_message = "Not available right now. Try again in a moment."


class StaleVersion(Conflict):
    """Someone else changed the thing since this actor last saw it. `current` is its version now, if it has one."""

    code = "stale_version"
    default_message = "Somebody else changed this in the meantime. Nothing was overwritten."

    def __init__(self, message: str | None = None, *, current: int | None) -> None:
        self.current = current
        super().__init__(message, current=current)
