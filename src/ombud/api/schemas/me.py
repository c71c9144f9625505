"""One's own sessions and tokens."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Input, Output, line
from ombud.kit.browsers import name_of

Scope = Literal["read", "write", "mail"]


class NewProof(Input):
    """Who owns the token that calls, once more: one of the three."""

    password: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    code: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Of the owner's authenticator app, or a recovery code."
    )
    credential: dict[str, Any] | None = Field(
        default=None,
        description="What `navigator.credentials.get` gave, by its `toJSON`, "
        "within five minutes of `POST /confirmation/options`.",
    )


class NewPassword(Input):
    """Another password of one's own."""

    password: Annotated[str, Field(min_length=1, max_length=1024)]


class NewAddress(Input):
    """Another address of one's own."""

    email: Annotated[str, Field(min_length=3, max_length=255)]


class WebSession(Output):
    """A signed-in browser."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str
    browser: str = Field(description="What `user_agent` says, in words.", examples=["Firefox on Linux"])
    user_agent: str

    @classmethod
    def of(cls, row: models.WebSession) -> Self:
        """Show a session."""
        return cls(
            id=row.id,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            ip=row.ip,
            browser=name_of(row.user_agent),
            user_agent=row.user_agent,
        )


class Token(Output):
    """A key for programs, without its secret."""

    id: int
    name: str
    scopes: list[str] = Field(description="What it may do; empty means all that its owner may.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: models.ApiToken) -> Self:
        """Show a token."""
        return cls(
            id=row.id,
            name=row.name,
            scopes=list(row.scopes),
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )


class TokenMade(Token):
    """A token with its secret."""

    token: str | None = Field(description="The secret, once: null where the answer is a repetition.")


class NewToken(Input):
    """A token to make for oneself."""

    name: Annotated[str, line(100)]
    scopes: Annotated[list[Scope], Field(max_length=3)] = Field(default_factory=list)
    days: Annotated[int, Field(ge=1, le=3650, strict=True)] | None = None
