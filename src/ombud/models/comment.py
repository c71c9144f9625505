"""What is said on a ticket, and the files that come with it."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, HasTimes, says

if TYPE_CHECKING:
    from ombud.models.people import User
    from ombud.models.ticket import Ticket


class Comment(HasId, HasTimes, Base):
    """A public reply or an internal note, in Markdown. Customers never see an internal one."""

    __tablename__ = "comments"

    content: Mapped[str]
    is_internal: Mapped[bool] = mapped_column(server_default=false())
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))

    ticket: Mapped["Ticket"] = relationship(back_populates="comments", lazy="raise")
    author: Mapped["User"] = relationship(back_populates="comments", lazy="raise")
    attachments: Mapped[list["Attachment"]] = relationship(
        back_populates="comment", lazy="raise", passive_deletes=True, order_by="Attachment.id"
    )

    __table_args__ = (
        CheckConstraint(
            r"content ~ '\S'", name="content_not_blank", info=says("content", "must not be blank.")
        ),
        # a ticket's conversation in order; the last message of a list row
        Index("ix_comments_ticket_id", "ticket_id", "created_at", "id"),
        # a person's comments; foreign key
        Index("ix_comments_author_id", "author_id", "id"),
    )


class Attachment(HasId, Base):
    """A file of a ticket or of one of its comments. The bytes lie in the store under `storage_key`."""

    __tablename__ = "attachments"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    uploader_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    file_name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255), server_default="application/octet-stream")
    size: Mapped[int]
    checksum: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    ticket: Mapped["Ticket"] = relationship(back_populates="attachments", lazy="raise")
    comment: Mapped[Comment | None] = relationship(back_populates="attachments", lazy="raise")
    uploader: Mapped["User"] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint("size >= 0", name="size", info=says("size", "must not be negative.")),
        CheckConstraint(
            r"file_name ~ '\S'", name="file_name_not_blank", info=says("file_name", "must not be blank.")
        ),
        CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name="checksum"),
        # a ticket's files
        Index("ix_attachments_ticket_id", "ticket_id", "id"),
        Index("ix_attachments_comment_id", "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
        Index("ix_attachments_uploader_id", "uploader_id"),
        # is a stored file still referred to?
        Index("ix_attachments_checksum", "checksum"),
    )
