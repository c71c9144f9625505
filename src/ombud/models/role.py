"""Custom roles: what some agents may do."""

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ombud.db.base import Base, HasId, HasTimes, says
from ombud.db.permissions import Permission

_ALL = ", ".join(f"'{one.value}'" for one in Permission)


class CustomRole(HasId, HasTimes, Base):
    """A role made by administrators. `permissions` holds values of `Permission`."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(500), server_default="")
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")

    __table_args__ = (
        CheckConstraint(r"name ~ '\S'", name="name_not_blank", info=says("name", "must not be blank.")),
        CheckConstraint(
            f"permissions <@ ARRAY[{_ALL}]::text[]",
            name="permissions",
            info=says("permissions", "names a right that there is not."),
        ),
        Index(
            "uq_roles_name",
            text("lower(name)"),
            unique=True,
            info=says("name", "is already used by another role.", conflict=True),
        ),
    )
