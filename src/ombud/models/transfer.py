"""What came from elsewhere: an import's key for each ticket, so that a second run changes nothing."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, func
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base


class ExternalRef(Base):
    """The name that another system or file has for one of our tickets."""

    __tablename__ = "external_refs"

    source: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
