"""What mail leaves behind besides tickets: counts of automatic letters, addresses that bounce, messages moved."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId
from ombud.db.types import TextEnum, allowed


class AutomaticKind(StrEnum):
    """What the desk sends by itself, without a person who decided to."""

    ACKNOWLEDGEMENT = "acknowledgement"
    SIGN_UP = "sign_up"
    PASSWORD_RESET = "password_reset"
    VERIFICATION = "verification"


class AutomaticMail(HasId, Base):
    """One letter that the desk sent by itself: what the limits of `ombud.mail.rules` count. Kept for two days."""

    __tablename__ = "automatic_mails"

    address: Mapped[str] = mapped_column(String(320))
    kind: Mapped[AutomaticKind] = mapped_column(TextEnum(AutomaticKind))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(allowed("kind", AutomaticKind), name="kind"),
        # how many went to one address lately
        Index("ix_automatic_mails_address", "address", "sent_at"),
        # how many went out at all; what is old enough to be dropped
        Index("ix_automatic_mails_sent_at", "sent_at"),
        Index("ix_automatic_mails_ticket_id", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
    )


class BouncedAddress(Base):
    """An address that mail came back from for good. Nothing goes there until it writes to us, or staff clears it."""

    __tablename__ = "bounced_addresses"

    email: Mapped[str] = mapped_column(String(320), primary_key=True)
    bounced_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[str] = mapped_column(String(20), server_default="")
    diagnostic: Mapped[str] = mapped_column(String(500), server_default="")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_mails.id", ondelete="SET NULL"))

    __table_args__ = (
        Index("ix_bounced_addresses_ticket_id", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
        Index("ix_bounced_addresses_mail_id", "mail_id", postgresql_where=text("mail_id IS NOT NULL")),
    )


class MessageMove(HasId, Base):
    """A message that somebody put on another ticket. The audit log files it under the ticket that it left."""

    __tablename__ = "message_moves"

    mail_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_mails.id", ondelete="SET NULL"))
    from_ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    to_ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    moved_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("from_ticket_id <> to_ticket_id", name="elsewhere"),
        Index("ix_message_moves_mail_id", "mail_id", postgresql_where=text("mail_id IS NOT NULL")),
    )
