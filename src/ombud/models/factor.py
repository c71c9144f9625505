"""What opens an account besides the password: authenticator apps, recovery codes, passkeys; and steps at the door.

Secrets are sealed and codes hashed; only the system's role can read either back.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId, says
from ombud.db.types import TextEnum, allowed


class StepKind(StrEnum):
    """What a step at the door is waiting for."""

    CODE = "code"
    """The password was right; a code is to come."""
    PASSKEY = "passkey"
    """Somebody, not known yet, signs in with a passkey."""
    NEW_PASSKEY = "new_passkey"
    CONFIRMATION = "confirmation"
    """Who is signed in proves again who they are."""


class NoticeKind(StrEnum):
    """What happened to an account."""

    TOTP_ADDED = "totp_added"
    TOTP_REMOVED = "totp_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    CODES_MADE = "codes_made"
    CODE_USED = "code_used"
    """Somebody signed in with a recovery code."""
    FACTORS_RESET = "factors_reset"
    IDENTITY_ADDED = "identity_added"
    IDENTITY_REMOVED = "identity_removed"
    PASSWORD_CHANGED = "password_changed"
    ADDRESS_CHANGED = "address_changed"
    WEBHOOK_OFF = "webhook_off"
    """The desk switched a webhook off: to its owner and to administrators. `detail` is the host."""
    NEW_BROWSER = "new_browser"
    """They signed in with a browser that is not known. `detail` is its name."""


class TotpFactor(Base):
    """An authenticator app (RFC 6238). It counts once `confirmed_at` is set.

    `last_step` is the newest half minute whose code was taken: none is taken twice, nor an older one.
    """

    __tablename__ = "totp_factors"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(HasId, Base):
    """A code that opens once, for whoever lost the rest. `code_hash` is the SHA-256 of its 80 random bits."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]

    # Its index finds the codes of a person, too.
    __table_args__ = (UniqueConstraint("user_id", "code_hash", name="uq_recovery_codes_user_id_code_hash"),)


class Passkey(HasId, Base):
    """A discoverable WebAuthn credential, with which one signs in without a password."""

    __tablename__ = "passkeys"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    sign_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    transports: Mapped[list[str]] = mapped_column(ARRAY(String(20)), server_default="{}")
    is_synced: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
    )


class SignInStep(Base):
    """A step that the door remembers for minutes. It gives no right to anything but the next step.

    `token_hash` is the SHA-256 of what the browser must bring (a cookie's value, or the challenge that it signed),
    `bound_to` of what else it must have (its guest's cookie, its session).
    """

    __tablename__ = "sign_in_steps"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[StepKind] = mapped_column(TextEnum(StepKind))
    bound_to: Mapped[bytes | None] = mapped_column(LargeBinary)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Whose word was the first step, where it was a provider's.
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"))
    # As in `WebSession`, which takes them over.
    provider_sid: Mapped[str | None] = mapped_column(String(255))
    id_token: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(allowed("kind", StepKind), name="kind"),
        # what is over goes
        Index("ix_sign_in_steps_expires_at", "expires_at"),
        # what ends with the person's factors
        Index("ix_sign_in_steps_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
        Index(
            "ix_sign_in_steps_identity_id", "identity_id", postgresql_where=text("identity_id IS NOT NULL")
        ),
    )


class AccountNotice(HasId, Base):
    """A word to somebody about their own account; `by_other`: not they did it. A trigger asks for a letter with it."""

    __tablename__ = "account_notices"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind] = mapped_column(TextEnum(NoticeKind))
    detail: Mapped[str] = mapped_column(String(100), server_default="")
    by_other: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(allowed("kind", NoticeKind), name="kind"),
        # the last ones of a person
        Index("ix_account_notices_user_id", "user_id", "id"),
        # the bell's number
        Index("ix_account_notices_unread", "user_id", postgresql_where=text("read_at IS NULL")),
    )
