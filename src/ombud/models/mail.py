"""Mail: the desk's own addresses, every message that came in with what was decided about it, and known Message-IDs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, HasTimes, says
from ombud.db.types import TextEnum, allowed
from ombud.models.people import Team
from ombud.models.ticket import Ticket, TicketPriority

MESSAGE_ID_LIMIT = 500
"""Characters of a Message-ID that are kept; RFC 5322 allows 998 in a line, programs use under 200."""


class MailState(StrEnum):
    """Where a message that came in is."""

    RECEIVED = "received"
    """Stored; what becomes of it is not decided yet."""
    ACCEPTED = "accepted"
    """It is a ticket, or a comment on one."""
    QUARANTINED = "quarantined"
    """A person decides: the desk could not, or did not trust it."""
    IGNORED = "ignored"
    """Nothing came of it, by a rule that `decision` names."""


class MailSource(StrEnum):
    """How a message came."""

    IMAP = "imap"
    LMTP = "lmtp"
    PIPE = "pipe"
    HTTP = "http"


class Security(StrEnum):
    """How a connection to a mail server is protected. Certificates are always verified."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"


class MailAuth(StrEnum):
    """How the desk signs in at a mail server: both for fetching and for sending."""

    PASSWORD = "password"
    OAUTH = "oauth"


class Mailbox(HasId, HasTimes, Base):
    """An address of the desk, the team that answers there, and how its mail is fetched and sent.

    Secrets are sealed (`ombud.kit.vault`) before they come here and never leave the data layer. `reopen_days`:
    how long after a ticket was closed a reply reopens it; later ones open a new ticket that names the old one.
    `trusted_authserv`: the receiving server whose Authentication-Results are believed. `joins_copies`: what came to
    another of our mailboxes, too, becomes no second ticket here. `imap_skips_old`: what lay in the folder before the
    desk first looked stays there. With `auth` oauth, `oauth_secret` holds the refresh token and the client's secret,
    for fetching and sending alike.
    """

    __tablename__ = "mailboxes"

    name: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(255))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="SET NULL"), index=True)
    is_active: Mapped[bool] = mapped_column(server_default=true())
    acknowledges: Mapped[bool] = mapped_column(server_default=true())
    adds_followers: Mapped[bool] = mapped_column(server_default=true())
    reopen_days: Mapped[int] = mapped_column(SmallInteger, server_default="14")
    trusted_authserv: Mapped[str] = mapped_column(String(255), server_default="")
    signature: Mapped[str] = mapped_column(server_default="")
    imap_host: Mapped[str] = mapped_column(String(255), server_default="")
    imap_port: Mapped[int] = mapped_column(server_default="993")
    imap_security: Mapped[Security] = mapped_column(TextEnum(Security), server_default=Security.TLS.value)
    imap_user: Mapped[str] = mapped_column(String(255), server_default="")
    imap_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    imap_folder: Mapped[str] = mapped_column(String(255), server_default="INBOX")
    imap_moves_to: Mapped[str] = mapped_column(String(255), server_default="")
    smtp_host: Mapped[str] = mapped_column(String(255), server_default="")
    smtp_port: Mapped[int] = mapped_column(server_default="587")
    smtp_security: Mapped[Security] = mapped_column(
        TextEnum(Security), server_default=Security.STARTTLS.value
    )
    smtp_user: Mapped[str] = mapped_column(String(255), server_default="")
    smtp_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    joins_copies: Mapped[bool] = mapped_column(server_default=true())
    imap_skips_old: Mapped[bool] = mapped_column(server_default=false())
    auth: Mapped[MailAuth] = mapped_column(TextEnum(MailAuth), server_default=MailAuth.PASSWORD.value)
    oauth_token_url: Mapped[str] = mapped_column(String(500), server_default="")
    oauth_client_id: Mapped[str] = mapped_column(String(255), server_default="")
    oauth_scope: Mapped[str] = mapped_column(String(500), server_default="")
    oauth_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    # Whether there is a secret may be seen by those who set it; what it is, by nobody but the worker.
    has_imap_secret: Mapped[bool] = mapped_column(Computed("imap_secret IS NOT NULL", persisted=True))
    has_smtp_secret: Mapped[bool] = mapped_column(Computed("smtp_secret IS NOT NULL", persisted=True))
    has_oauth_secret: Mapped[bool] = mapped_column(Computed("oauth_secret IS NOT NULL", persisted=True))

    team: Mapped[Team | None] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
        CheckConstraint(
            r"address = lower(address) AND address ~ '^[^@\s]+@[^@\s]+$'",
            name="address_form",
            info=says("address", "must be an e-mail address."),
        ),
        CheckConstraint(allowed("imap_security", Security), name="imap_security"),
        CheckConstraint(allowed("smtp_security", Security), name="smtp_security"),
        CheckConstraint(allowed("auth", MailAuth), name="auth"),
        CheckConstraint(
            "imap_port BETWEEN 1 AND 65535", name="imap_port", info=says("imap_port", "must be 1 to 65535.")
        ),
        CheckConstraint(
            "smtp_port BETWEEN 1 AND 65535", name="smtp_port", info=says("smtp_port", "must be 1 to 65535.")
        ),
        CheckConstraint(
            "reopen_days BETWEEN 0 AND 3650",
            name="reopen_days",
            info=says("reopen_days", "must be 0 to 3650."),
        ),
        # the mailbox that a message was sent to
        Index(
            "uq_mailboxes_address",
            "address",
            unique=True,
            info=says("address", "is already used by another mailbox.", conflict=True),
        ),
    )


class MailboxPosition(Base):
    """How far a mailbox was fetched, and how it went the last time. Changes with every fetch, so it is not audited.

    Up to `last_uid` messages are ours; up to `settled_uid` the server was told so (moved or marked as read).
    """

    __tablename__ = "mailbox_positions"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True)
    uid_validity: Mapped[int] = mapped_column(server_default="0")
    last_uid: Mapped[int] = mapped_column(server_default="0")
    settled_uid: Mapped[int] = mapped_column(server_default="0")
    fetched_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(server_default="")


class InboundMail(HasId, Base):
    """A message as it came in, and what was decided about it. The raw bytes lie in the store under `storage_key`.

    `steps` explains the decision: a list of `{"step": ..., "result": ...}` in order. `verified` is the verdict of
    the mailbox's own server about the sender: true, false, or null when it gave none.
    """

    __tablename__ = "inbound_mails"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="RESTRICT"))
    source: Mapped[MailSource] = mapped_column(TextEnum(MailSource))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    checksum: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    envelope_from: Mapped[str] = mapped_column(String(320), server_default="")
    envelope_to: Mapped[list[str]] = mapped_column(ARRAY(String(320)), server_default="{}")
    state: Mapped[MailState] = mapped_column(TextEnum(MailState), server_default=MailState.RECEIVED.value)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    message_id: Mapped[str] = mapped_column(String(MESSAGE_ID_LIMIT), server_default="")
    body_hash: Mapped[str] = mapped_column(String(64), server_default="")
    sender_email: Mapped[str] = mapped_column(String(320), server_default="")
    sender_name: Mapped[str] = mapped_column(String(255), server_default="")
    subject: Mapped[str] = mapped_column(String(500), server_default="")
    classification: Mapped[str] = mapped_column(String(20), server_default="")
    verified: Mapped[bool | None]
    decision: Mapped[str] = mapped_column(String(50), server_default="")
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    decided_at: Mapped[datetime | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id", ondelete="SET NULL"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="SET NULL"))

    mailbox: Mapped[Mailbox] = relationship(lazy="raise")
    ticket: Mapped[Ticket | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        CheckConstraint(allowed("state", MailState), name="state"),
        CheckConstraint(allowed("source", MailSource), name="source"),
        CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name="checksum"),
        CheckConstraint("(state = 'received') = (decided_at IS NULL)", name="decided"),
        # the same bytes to the same mailbox are the same message, however often they are delivered
        Index("uq_inbound_mails_checksum", "mailbox_id", "checksum", unique=True),
        # once only: a copy that took another way
        Index(
            "ix_inbound_mails_message_id",
            "message_id",
            "body_hash",
            postgresql_where=text("message_id <> ''"),
        ),
        # what waits to be decided, in order
        Index("ix_inbound_mails_waiting", "id", postgresql_where=text("state = 'received'")),
        # the quarantine
        Index("ix_inbound_mails_quarantine", "id", postgresql_where=text("state = 'quarantined'")),
        # the log of one mailbox; the raw messages of one ticket and comment (foreign keys)
        Index("ix_inbound_mails_mailbox_id", "mailbox_id", "id"),
        Index("ix_inbound_mails_ticket_id", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
        Index("ix_inbound_mails_comment_id", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
    )


class MailReference(Base):
    """A Message-ID that belongs to a ticket: of a message on it, or named by one. `comment_id` where we know it."""

    __tablename__ = "mail_references"

    message_id: Mapped[str] = mapped_column(String(MESSAGE_ID_LIMIT), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("ix_mail_references_comment_id", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
    )


class TicketLink(Base):
    """A ticket that follows another one: a reply that came long after that was done."""

    __tablename__ = "ticket_links"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    follows_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("ticket_id <> follows_id", name="not_itself"),)


class MailField(StrEnum):
    """What a mail rule looks at."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    SUBJECT = "subject"
    HEADER = "header"


class MailRule(HasId, HasTimes, Base):
    """Before a ticket is opened: ignore, route to a team, tag, set a priority. Rules apply in order of `position`.

    `pattern` is a text that the field contains, whatever the case; with `*` or `?` in it, a pattern for all of it.
    """

    __tablename__ = "mail_rules"

    name: Mapped[str] = mapped_column(String(100))
    position: Mapped[int] = mapped_column(server_default="0")
    is_active: Mapped[bool] = mapped_column(server_default=true())
    field: Mapped[MailField] = mapped_column(TextEnum(MailField))
    header: Mapped[str] = mapped_column(String(100), server_default="")
    pattern: Mapped[str] = mapped_column(String(300))
    ignores: Mapped[bool] = mapped_column(server_default=false())
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    tag: Mapped[str] = mapped_column(String(100), server_default="")
    priority: Mapped[TicketPriority | None] = mapped_column(TextEnum(TicketPriority))

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
        CheckConstraint(
            r"pattern ~ '\S'", name="pattern_not_blank", info=says("pattern", "must not be blank.")
        ),
        CheckConstraint(allowed("field", MailField), name="field"),
        CheckConstraint(allowed("priority", TicketPriority), name="priority"),
        CheckConstraint(
            r"(field = 'header') = (header ~ '\S')",
            name="header_named",
            info=says("header", "must be named for a rule about a header, and only there."),
        ),
    )
