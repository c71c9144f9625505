"""The declarative base: schema, naming convention, column types, and words for constraints."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    FetchedValue,
    Identity,
    MetaData,
    Table,
    Text,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ombud.db.types import UtcDateTime

SCHEMA = "ombud"

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


# Python ends with the year 9999, and so would each list with such a row; a day less, for zones on either side.
_READABLE = "{name} >= '0001-01-02 00:00:00+00' AND {name} < '9999-12-31 00:00:00+00'"


class Base(DeclarativeBase):
    """Every model's base. Relationships are `lazy="raise"`: a builder says what a reader needs."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BigInteger, str: Text, datetime: UtcDateTime}
    # Values that PostgreSQL computes come back with the INSERT or UPDATE itself, never by a later load.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy types it as an instance variable

    @classmethod
    def __table_cls__(cls, name: str, metadata: MetaData, *parts: Any, **options: Any) -> Table:
        """Make the table, in which no time is one that a driver could not read or a zone could not show."""
        times = [
            part.name for part in parts if isinstance(part, Column) and isinstance(part.type, UtcDateTime)
        ]
        # Of a partitioned log the partitions of its months are the limit.
        if times and "postgresql_partition_by" not in options:
            condition = " AND ".join(_READABLE.format(name=time) for time in times)
            parts = (*parts, CheckConstraint(condition, name="times", info=says("time", "is too far away.")))
        return Table(name, metadata, *parts, **options)

    def __repr__(self) -> str:
        """Name the class and the key, no personal data; safe before a flush."""
        keys = ", ".join(f"{column.key}={self.__dict__.get(column.key)!r}" for column in self._key_columns())
        return f"<{type(self).__name__} {keys}>"

    @classmethod
    def _key_columns(cls) -> list[Any]:
        return list(cls.__mapper__.primary_key)


class HasId:
    """A bigint key made by the database."""

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, sort_order=-10)


class HasTimes:
    """`created_at` by default, `updated_at` kept by a trigger whatever the writer."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=100)
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), server_onupdate=FetchedValue(), sort_order=101
    )


def says(field: str, rule: str, *, conflict: bool = False) -> dict[str, Any]:
    """Return a constraint's `info`: the words a user reads when it is violated.

    `conflict` marks a state of the world (already taken) rather than bad input.
    """
    return {"field": field, "rule": rule, "conflict": conflict}
