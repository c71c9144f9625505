"""Files that the last row let go of, and that wait to be removed from the store. Written by triggers only."""

from datetime import datetime

from sqlalchemy import Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base


class StaleFile(Base):
    """A key of the store; a row that refers to it may have come since, so that is looked at before removing."""

    __tablename__ = "stale_files"

    storage_key: Mapped[str] = mapped_column(String(255), primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=func.now())

    # the worker's batches
    __table_args__ = (Index("ix_stale_files_since", "since"),)
