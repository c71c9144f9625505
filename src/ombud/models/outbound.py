"""Mail that goes out: one row for each message, written with its cause, and one for each who is to receive it."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, HasTimes, says
from ombud.db.types import TextEnum, allowed
from ombud.models.mail import MESSAGE_ID_LIMIT, Mailbox

if TYPE_CHECKING:
    from ombud.models.comment import Comment
    from ombud.models.notification import Notification
    from ombud.models.ticket import Ticket


class OutboundKind(StrEnum):
    """Why a message goes out."""

    REPLY = "reply"
    """A public comment by staff."""
    ACKNOWLEDGEMENT = "acknowledgement"
    """The automatic answer to a new ticket."""
    NOTIFICATION = "notification"
    """A word to an agent about a ticket."""
    ACCOUNT = "account"
    """A letter about an account: `AccountLetter` says which."""

    @property
    def is_automatic(self) -> bool:
        """True for what no person wrote to whom it goes: Auto-Submitted, and no return address."""
        return self is not OutboundKind.REPLY


class OutboundState(StrEnum):
    """Where a message that goes out is."""

    QUEUED = "queued"
    SENDING = "sending"
    """A process holds it, until `lease_until`."""
    UNKNOWN = "unknown"
    """The connection or the process ended after the last byte: it will go again, under the same Message-ID."""
    SENT = "sent"
    """Another server took it for at least one recipient."""
    BOUNCED = "bounced"
    FAILED = "failed"
    PAUSED = "paused"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    """It never was to go: `problem` says why (`no_mailbox`, `no_recipient`)."""


WAITING = (OutboundState.QUEUED, OutboundState.UNKNOWN)
"""What is sent when it is due."""


class RecipientState(StrEnum):
    """What became of a message for one recipient."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    BOUNCED = "bounced"


UNSETTLED = (RecipientState.PENDING, RecipientState.DEFERRED, RecipientState.UNKNOWN)
"""Recipients who get the message at the next attempt."""


class RecipientKind(StrEnum):
    """In which line an address stands."""

    TO = "to"
    CC = "cc"


class MailboxSending(Base):
    """How a mailbox sends, beside its server and user: all of it optional.

    `is_paused` holds what is queued. Attachments above `link_over` bytes in sum go as links. With `dkim_selector`
    messages are signed for the mailbox's domain by the sealed key.
    """

    __tablename__ = "mailbox_sending"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True)
    is_paused: Mapped[bool] = mapped_column(server_default=false())
    quotes_history: Mapped[bool] = mapped_column(server_default=false())
    link_over: Mapped[int] = mapped_column(server_default=str(10 * 2**20))
    dkim_selector: Mapped[str] = mapped_column(String(63), server_default="")
    dkim_key: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)

    __table_args__ = (
        CheckConstraint(
            "link_over BETWEEN 0 AND 52428800",
            name="link_over",
            info=says("link_over", "must be 0 to 50 MB."),
        ),
        CheckConstraint(
            "dkim_selector ~ '^[a-z0-9_-]*$'",
            name="dkim_selector",
            info=says("dkim_selector", "must be letters, digits and hyphens."),
        ),
    )


class OutboundMail(HasId, Base):
    """A message that goes out, or did. Its Message-ID is fixed here, so that a retry is the same message.

    `attempt` fences: only the process that holds it may say how the attempt went. `sends_at` is when it was to go
    first (an undo delay, a schedule), `due_at` when it is tried next. `unknowns` counts attempts that ended after
    the last byte without an answer: as many duplicates are possible. The bytes that went out lie in the store.
    """

    __tablename__ = "outbound_mails"

    kind: Mapped[OutboundKind] = mapped_column(TextEnum(OutboundKind))
    mailbox_id: Mapped[int | None] = mapped_column(ForeignKey("mailboxes.id", ondelete="RESTRICT"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="SET NULL"))
    notification_id: Mapped[int | None] = mapped_column(ForeignKey("notifications.id", ondelete="SET NULL"))
    message_id: Mapped[str] = mapped_column(String(MESSAGE_ID_LIMIT), unique=True)
    in_reply_to: Mapped[str] = mapped_column(String(MESSAGE_ID_LIMIT), server_default="")
    thread: Mapped[list[str]] = mapped_column(ARRAY(String(MESSAGE_ID_LIMIT)), server_default="{}")
    subject: Mapped[str] = mapped_column(String(600), server_default="")
    state: Mapped[OutboundState] = mapped_column(
        TextEnum(OutboundState), server_default=OutboundState.QUEUED.value
    )
    problem: Mapped[str] = mapped_column(String(500), server_default="")
    queued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sends_at: Mapped[datetime] = mapped_column(server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    unknowns: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    attempt: Mapped[str] = mapped_column(String(32), server_default="")
    lease_until: Mapped[datetime | None]
    size: Mapped[int | None]
    storage_key: Mapped[str | None] = mapped_column(String(255))

    mailbox: Mapped[Mailbox | None] = relationship(lazy="raise")
    ticket: Mapped["Ticket | None"] = relationship(lazy="raise")
    comment: Mapped["Comment | None"] = relationship(lazy="raise")
    notification: Mapped["Notification | None"] = relationship(lazy="raise")
    recipients: Mapped[list["OutboundRecipient"]] = relationship(
        back_populates="mail", lazy="raise", passive_deletes=True, order_by="OutboundRecipient.id"
    )

    __table_args__ = (
        CheckConstraint(allowed("kind", OutboundKind), name="kind"),
        CheckConstraint(allowed("state", OutboundState), name="state"),
        CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="leased"),
        CheckConstraint("mailbox_id IS NOT NULL OR state IN ('skipped', 'canceled')", name="from_a_mailbox"),
        # what is to be sent now; what a dead process held
        Index(
            "ix_outbound_mails_due", "due_at", "id", postgresql_where=text("state IN ('queued', 'unknown')")
        ),
        Index("ix_outbound_mails_leased", "lease_until", postgresql_where=text("state = 'sending'")),
        # the outbox: what failed, newest first
        Index("ix_outbound_mails_trouble", "id", postgresql_where=text("state IN ('failed', 'bounced')")),
        # the outbox of one mailbox; a ticket's and a comment's messages
        Index("ix_outbound_mails_mailbox_id", "mailbox_id", "id"),
        Index(
            "ix_outbound_mails_ticket_id", "ticket_id", "id", postgresql_where=text("ticket_id IS NOT NULL")
        ),
        Index("ix_outbound_mails_comment_id", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
        Index(
            "ix_outbound_mails_notification_id",
            "notification_id",
            postgresql_where=text("notification_id IS NOT NULL"),
        ),
    )


class OutboundRecipient(HasId, Base):
    """Who is to receive a message, and what the server said about them."""

    __tablename__ = "outbound_recipients"

    mail_id: Mapped[int] = mapped_column(ForeignKey("outbound_mails.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    kind: Mapped[RecipientKind] = mapped_column(
        TextEnum(RecipientKind), server_default=RecipientKind.TO.value
    )
    email: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(255), server_default="")
    state: Mapped[RecipientState] = mapped_column(
        TextEnum(RecipientState), server_default=RecipientState.PENDING.value
    )
    answer: Mapped[str] = mapped_column(String(500), server_default="")
    settled_at: Mapped[datetime | None]

    mail: Mapped[OutboundMail] = relationship(back_populates="recipients", lazy="raise")

    __table_args__ = (
        CheckConstraint(allowed("kind", RecipientKind), name="kind"),
        CheckConstraint(allowed("state", RecipientState), name="state"),
        # a message's recipients; each address once
        Index("uq_outbound_recipients_email", "mail_id", "email", unique=True),
        Index("ix_outbound_recipients_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )


class TemplateKind(StrEnum):
    """What a template is for."""

    SIGNATURE = "signature"
    ACKNOWLEDGEMENT = "acknowledgement"


class MailTemplate(HasId, HasTimes, Base):
    """Words that mail of a team ends with or consists of; those without a team are everybody's.

    Markdown with `{{ticket.number}}` and a few other variables, and nothing else that is evaluated.
    """

    __tablename__ = "mail_templates"

    kind: Mapped[TemplateKind] = mapped_column(TextEnum(TemplateKind))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    body: Mapped[str]

    __table_args__ = (
        CheckConstraint(allowed("kind", TemplateKind), name="kind"),
        CheckConstraint(
            "octet_length(body) <= 65536", name="body_size", info=says("body", "must have at most 64 KB.")
        ),
        # the template of a team, or of all
        Index(
            "uq_mail_templates_team",
            "kind",
            text("coalesce(team_id, 0)"),
            unique=True,
            info=says("kind", "exists for this team already.", conflict=True),
        ),
    )
