"""What administrators chose in the desk instead of the environment."""

from typing import Any

from sqlalchemy import CheckConstraint, FetchedValue, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId, HasTimes, says


class DeskSetting(HasId, HasTimes, Base):
    """A setting by its name in `ombud.config`; `value` NULL: nothing is chosen any more.

    A row stays once it is there: `version`, which the database keeps, only ever grows, and so does the sum of all.
    """

    __tablename__ = "desk_settings"

    name: Mapped[str] = mapped_column(String(63))
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(server_default="1", server_onupdate=FetchedValue())

    __table_args__ = (
        UniqueConstraint("name", info=says("name", "was chosen by somebody else just now.", conflict=True)),
        CheckConstraint("name ~ '^[a-z][a-z0-9_]*$'", name="name", info=says("name", "is no setting.")),
        CheckConstraint(
            "jsonb_typeof(value) IN ('string', 'number', 'boolean')",
            name="value",
            info=says("value", "must be a text, a number, true or false."),
        ),
    )
