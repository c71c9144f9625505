"""What opens one's account: authenticator app, recovery codes, passkeys."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Input, Output, line

Code = Annotated[str, Field(min_length=1, max_length=100)]


class Passkey(Output):
    """A passkey, without anything that opens."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    is_synced: bool = Field(description="Whether its maker keeps copies of it, on other devices say.")

    @classmethod
    def of(cls, row: models.Passkey) -> Self:
        """Show a passkey."""
        return cls(
            id=row.id,
            name=row.name,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            is_synced=row.is_synced,
        )


class Factors(Output):
    """What somebody has besides the password."""

    totp_since: datetime | None = Field(description="Since when an authenticator app counts; null without.")
    recovery_codes_left: int
    passkeys: list[Passkey]


class TotpBegun(Output):
    """A secret for an authenticator app. It counts once a code of it was sent back."""

    secret: str | None = Field(description="In base32, once: null where the answer is a repetition.")
    uri: str | None = Field(description="The same as `otpauth:`, which apps read from a picture.")


class NewCode(Input):
    """A code that the app shows now."""

    code: Code


class FactorAdded(Output):
    """What came of a new factor."""

    recovery_codes: list[str] | None = Field(
        description="With the first factor of an account, once; null where the answer is a repetition."
    )


class PasskeyAdded(FactorAdded):
    """What came of a new passkey."""

    passkey: Passkey


class RecoveryCodes(Output):
    """New recovery codes."""

    recovery_codes: list[str] | None = Field(description="Once; null where the answer is a repetition.")


class PasskeyOptions(Output):
    """What `navigator.credentials.create` takes, in the form that `parseCreationOptionsFromJSON` reads."""

    options: dict[str, Any]


class PasskeyRequest(Output):
    """What `navigator.credentials.get` takes, in the form that `parseRequestOptionsFromJSON` reads."""

    options: dict[str, Any]


class NewPasskey(Input):
    """What `navigator.credentials.create` gave, by its `toJSON`, within five minutes of the options."""

    name: Annotated[str, line(100)]
    credential: dict[str, Any]


class PasskeyName(Input):
    """Another name."""

    name: Annotated[str, line(100)]
