"""Whether all changes are being written down, as PostgreSQL's own catalogue says: look-ups for `verify`."""

from collections.abc import Container, Iterator
from typing import Any

from sqlalchemy import Boolean, Select, Text, cast, column, func, select, table
from sqlalchemy.orm import Session

from ombud.db.base import SCHEMA
from ombud.db.doctor import objects, rights

_TABLES = table(
    "pg_class",
    column("oid"),
    column("relname"),
    column("relnamespace"),
    column("relkind"),
    column("relispartition", Boolean),
    schema="pg_catalog",
)
_SCHEMAS = table("pg_namespace", column("oid"), column("nspname"), schema="pg_catalog")
_TRIGGERS = table(
    "pg_trigger", column("tgrelid"), column("tgname", Text), column("tgenabled"), schema="pg_catalog"
)


TRIGGERS_PER_TABLE = 3


def weaknesses(session: Session, exempt: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield kind and words of everything that keeps changes out of the log, or may; `exempt` tables need no triggers.

    From here on the transaction's search path is the catalogue's: names are told with their schema. The session is a
    synchronous one, of psycopg or psycopg2.
    """
    for name, triggers in session.execute(_audited_tables()):
        if name not in exempt and triggers != TRIGGERS_PER_TABLE:
            yield "not_audited", f"Changes of {name} are not (or not all) being written down."
    session.execute(select(func.set_config("search_path", "pg_catalog", True)))
    connection = session.connection()
    head, made = objects.made()
    for thing in connection.exec_driver_sql(objects.CHANGED, {"head": head, "made": made}).scalars():
        yield "changed_object", f"The {thing}."
    for thing in connection.exec_driver_sql(objects.REPLICATION_ROLE).scalars():
        yield "not_audited", f"Triggers do not fire: {thing}."
    for look_up in (rights.POWERS, rights.OWNERSHIP, rights.LOG_WRITERS, rights.LOGS_WITHOUT_ROW_SECURITY):
        for thing in connection.exec_driver_sql(look_up, {}).scalars():
            yield "wide_rights", f"History can be changed unseen: {thing}."


def _audited_tables() -> Select[*tuple[Any, ...]]:
    """Return each table of the desk (no partitions) with the number of its audit triggers that are on."""
    triggers = (
        select(func.count())
        .select_from(_TRIGGERS)
        .where(
            _TRIGGERS.c.tgrelid == _TABLES.c.oid,
            _TRIGGERS.c.tgname.like("z\\_audit\\_%"),
            cast(_TRIGGERS.c.tgenabled, Text) == "O",
        )
        .scalar_subquery()
    )
    return (
        select(cast(_TABLES.c.relname, Text).label("name"), triggers.label("triggers"))
        .join(_SCHEMAS, _SCHEMAS.c.oid == _TABLES.c.relnamespace)
        .where(_SCHEMAS.c.nspname == SCHEMA, cast(_TABLES.c.relkind, Text).in_(("r", "p")))
        .where(_TABLES.c.relispartition.is_(False))
        .order_by("name")
    )
