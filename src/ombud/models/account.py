"""Credentials other than passwords: web sessions, API tokens, and the count of tries.

Rows hold hashes only. The application finds them through functions of the database that take a hash.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId, says


class WebSession(HasId, Base):
    """A signed-in browser. `token_hash` is the SHA-256 of the cookie's random value."""

    __tablename__ = "web_sessions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(
        LargeBinary, unique=True, deferred=True, deferred_raiseload=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    # When the person last proved who they are: by signing in, or again for a sensitive change.
    confirmed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    idle_seconds: Mapped[int] = mapped_column(server_default=text("43200"))
    ip: Mapped[str] = mapped_column(String(45), server_default="")
    user_agent: Mapped[str] = mapped_column(String(300), server_default="")
    # What it began with where that was a provider's word; it ends with it.
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"))
    # What the provider calls its own session, and its ID token, sealed for the link. The system's alone.
    provider_sid: Mapped[str | None] = mapped_column(String(255), deferred=True, deferred_raiseload=True)
    id_token: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)

    # the nightly removal of what has expired
    __table_args__ = (
        Index("ix_web_sessions_expires_at", "expires_at"),
        # what ends with a provider's word
        Index("ix_web_sessions_identity_id", "identity_id", postgresql_where=text("identity_id IS NOT NULL")),
        # what a provider ends by its own session's name
        Index(
            "ix_web_sessions_provider_sid", "provider_sid", postgresql_where=text("provider_sid IS NOT NULL")
        ),
        CheckConstraint("idle_seconds > 0", name="idle_seconds"),
    )


class KnownBrowser(Base):
    """A browser that somebody signed in with: `token_hash` is the SHA-256 of its cookie and of whose it is.

    Of each person the last 20, kept by `ombud.meet_browser`, which says whether one is new.
    """

    __tablename__ = "known_browsers"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiToken(HasId, Base):
    """A key for programs. The secret is shown once; `secret_hash` is its SHA-256."""

    __tablename__ = "api_tokens"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    key_id: Mapped[str] = mapped_column(String(22), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(50)), server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # When its owner last proved who they are: by making it, or again for a sensitive change.
    confirmed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
    )


class LoginAttempt(Base):
    """Turns taken at a door, by key (`ombud.people.throttle`): all are free again at `free_at`."""

    __tablename__ = "login_attempts"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    free_at: Mapped[datetime] = mapped_column(server_default=func.now())

    # the hourly removal of keys that hold nobody back
    __table_args__ = (Index("ix_login_attempts_free_at", "free_at"),)
