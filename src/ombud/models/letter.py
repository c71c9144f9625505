"""Letters about accounts: links that prove that somebody reads an address, and notices of what was changed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId
from ombud.db.types import TextEnum, allowed


class LinkPurpose(StrEnum):
    """What a link of a letter is good for."""

    INVITE = "invite"
    RESET = "reset"
    VERIFY = "verify"
    SIGN_IN = "sign_in"


class LetterKind(StrEnum):
    """What a letter about an account says."""

    INVITE = "invite"
    RESET = "reset"
    VERIFY = "verify"
    SIGN_IN = "sign_in"
    PASSWORD_CHANGED = "password_changed"
    ADDRESS_CHANGED = "address_changed"
    # Notices of `NoticeKind`, which a trigger asks for under the same names.
    TOTP_ADDED = "totp_added"
    TOTP_REMOVED = "totp_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    CODES_MADE = "codes_made"
    CODE_USED = "code_used"
    FACTORS_RESET = "factors_reset"
    IDENTITY_ADDED = "identity_added"
    IDENTITY_REMOVED = "identity_removed"
    WEBHOOK_OFF = "webhook_off"
    NEW_BROWSER = "new_browser"

    @property
    def purpose(self) -> LinkPurpose | None:
        """What its link is good for; None for a notice, which has none."""
        return LinkPurpose(self.value) if self.value in list(LinkPurpose) else None


class AccountToken(HasId, Base):
    """A link of a letter: `token_hash` is the SHA-256 of its secret. A newer one for the same purpose replaces it.

    It is taken by `ombud.use_account_token`, which deletes it, and void when the person's address or password
    changes or they are let go (a trigger deletes it).
    """

    __tablename__ = "account_tokens"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[LinkPurpose] = mapped_column(TextEnum(LinkPurpose))
    email: Mapped[str] = mapped_column(String(255))
    token_hash: Mapped[bytes] = mapped_column(
        LargeBinary, unique=True, deferred=True, deferred_raiseload=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(allowed("purpose", LinkPurpose), name="purpose"),
        # a person's links; the newer one replaces the older
        Index("uq_account_tokens_purpose", "user_id", "purpose", unique=True),
        # the hourly removal of what has expired
        Index("ix_account_tokens_expires_at", "expires_at"),
    )


class AccountRequest(HasId, Base):
    """A letter that is to be written, by whoever sends mail. Strangers ask by an address, `user_id` is unknown then."""

    __tablename__ = "account_requests"

    kind: Mapped[LetterKind] = mapped_column(TextEnum(LetterKind))
    email: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Kept by a trigger, of what the person did themselves.
    from_ip: Mapped[str | None] = mapped_column(String(45))
    from_browser: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(allowed("kind", LetterKind), name="kind"),
        # whether somebody's letter is about to be written
        Index("ix_account_requests_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )


class AccountLetter(Base):
    """What a message of the outbox is about, when that was, and where from.

    `sealed` is its link's secret. A trigger cuts it, `from_ip` and `from_browser` once the message is settled.
    """

    __tablename__ = "account_letters"

    mail_id: Mapped[int] = mapped_column(
        ForeignKey("outbound_mails.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    kind: Mapped[LetterKind] = mapped_column(TextEnum(LetterKind))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    from_ip: Mapped[str | None] = mapped_column(String(45), deferred=True, deferred_raiseload=True)
    from_browser: Mapped[str | None] = mapped_column(String(100), deferred=True, deferred_raiseload=True)
    caused_at: Mapped[datetime | None] = mapped_column(deferred=True, deferred_raiseload=True)

    __table_args__ = (
        CheckConstraint(allowed("kind", LetterKind), name="kind"),
        # what became of a person's last letter
        Index(
            "ix_account_letters_user_id", "user_id", "mail_id", postgresql_where=text("user_id IS NOT NULL")
        ),
    )
