"""The database roles and the schema: what must exist before the first migration.

Roles belong to the whole server, so making them is repeatable and safe when two processes start at once.
None of them can log in; the desk signs in with the user of its URL (`ombud_login` on the embedded server)
and each transaction works as `ombud_web` or `ombud_worker`.
"""

from enum import StrEnum

import psycopg
from psycopg import Connection, errors, sql

from ombud.errors import Unavailable


class Role(StrEnum):
    """Roles by what they are for."""

    OWNER = "ombud_owner"
    """Owns schema, tables and functions; migrations run as it."""
    APP = "ombud_app"
    """What web and worker have in common."""
    WEB = "ombud_web"
    """Works for people: row security by who they are."""
    WORKER = "ombud_worker"
    """Works for the system: imports, chores, purging."""
    SEARCH = "ombud_search"
    """Owns the search function; reads documents."""
    REPORT = "ombud_report"
    """Long read-only statements."""
    BACKUP = "ombud_backup"
    """Reads everything, for dumps."""


LOGIN = "ombud_login"
"""Who the desk signs in as on the embedded server: may do nothing but become one of the others."""
OLDEST_POSTGRES = 150000
EXTENSIONS = ("unaccent", "pg_trgm")
_CREATE_ROLE = sql.SQL("CREATE ROLE {} NOLOGIN")
_CREATE_LOGIN = sql.SQL("CREATE ROLE {} LOGIN NOINHERIT")


def check_server(connection: Connection) -> None:
    """Refuse a server that is too old to hold a desk."""
    version = connection.info.server_version
    if version < OLDEST_POSTGRES:
        raise Unavailable(
            f"PostgreSQL {version // 10000} is too old: Ombud needs 15 or later. "
            "Upgrade the server or leave OMBUD_DATABASE_URL empty to use the one in Ombud's package."
        )


def ensure_roles(connection: Connection, login: str) -> None:
    """Create the roles that are missing and let `login` work as each of them."""
    for role in Role:
        _create_role(connection, role)
    if login == LOGIN:
        _create_role(connection, LOGIN, login=True)
    _grant(connection, Role.APP, to=Role.WEB)
    _grant(connection, Role.APP, to=Role.WORKER)
    _grant(connection, Role.SEARCH, to=Role.OWNER)
    for role in (Role.OWNER, Role.WEB, Role.WORKER, Role.REPORT, Role.BACKUP):
        _grant(connection, role, to=login)
    _let_dumps_pass(connection)


def ensure_schema(connection: Connection) -> None:
    """Create the schema `ombud` and the extensions that it needs, owned by the owner role.

    A schema of that name that is not ours is refused; nothing outside it is touched.
    """
    _refuse_foreign_schema(connection)
    if _has_schema(connection):
        return  # nothing to make, so no right to make anything is needed
    database = sql.Identifier(connection.info.dbname)
    owner = sql.Identifier(Role.OWNER)
    connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, owner))
    connection.execute(sql.SQL("SET ROLE {}").format(owner))
    try:
        connection.execute("CREATE SCHEMA IF NOT EXISTS ombud")
        for extension in EXTENSIONS:
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA ombud").format(sql.Identifier(extension))
            )
    finally:
        connection.execute("RESET ROLE")
    connection.execute(sql.SQL("REVOKE CREATE ON DATABASE {} FROM {}").format(database, owner))


def missing_rights(error: psycopg.Error) -> Unavailable:
    """Return what to tell someone whose database user may not make roles or a schema."""
    return Unavailable(
        "The database user may not create Ombud's roles and schema. Run `ombud db init-roles` once as a user "
        "with CREATEROLE that owns the database (or a superuser), then start again.",
        reason=type(error).__name__,
    )


def not_let_in(user: str) -> Unavailable:
    """Return what to tell someone whose database user was not let into the desk that is there."""
    return Unavailable(
        f"The database has a desk that the user {user} was not let into. Run `ombud db init-roles --login {user}` "
        "once as the user who made the roles (or a superuser), then start again.",
        reason="InsufficientPrivilege",
    )


def _create_role(connection: Connection, name: str, *, login: bool = False) -> None:
    exists = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    if exists is not None:
        return
    try:
        with connection.transaction():
            create = _CREATE_LOGIN if login else _CREATE_ROLE
            connection.execute(create.format(sql.Identifier(name)))
    except (errors.DuplicateObject, errors.UniqueViolation):
        return  # another process was quicker


def _grant(connection: Connection, role: str, *, to: str) -> None:
    if _may_become(connection, to, role):
        return
    try:
        with connection.transaction():
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(to)))
    except (errors.UniqueViolation, errors.InternalError_):
        return  # "tuple concurrently updated": another process was quicker


def _let_dumps_pass(connection: Connection) -> None:
    """Lift row security for dumps, where a superuser is at work: nobody else may.

    It reads no more than its policies let it read anyway, but `row_security = off` makes sure of that: a table
    that would be dumped in part fails. Without it `ombud backup` proves the same from the catalogue first.
    """
    needed = connection.execute(
        "SELECT NOT rolbypassrls AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
        "  FROM pg_roles WHERE rolname = %s",
        [Role.BACKUP],
    ).fetchone()
    if needed != (True,):
        return
    try:
        with connection.transaction():
            connection.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(sql.Identifier(Role.BACKUP)))
    except errors.InternalError_:
        return  # "tuple concurrently updated": another process was quicker


def _may_become(connection: Connection, member: str, role: str) -> bool:
    """True when `member` can SET ROLE to `role`. From 16 on, who made a role is a member without that right."""
    right = "SET" if connection.info.server_version >= 160000 else "MEMBER"
    found = connection.execute("SELECT pg_has_role(%s, %s, %s)", [member, role, right]).fetchone()
    return found == (True,)


def _has_schema(connection: Connection) -> bool:
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner"
        "                WHERE n.nspname = 'ombud' AND r.rolname = %s)"
        "   AND (SELECT count(*) FROM pg_extension WHERE extname = ANY(%s)) = %s",
        [Role.OWNER, list(EXTENSIONS), len(EXTENSIONS)],
    ).fetchone()
    return found == (True,)


def _refuse_foreign_schema(connection: Connection) -> None:
    foreign = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'ombud' AND r.rolname <> %s",
        [Role.OWNER],
    ).fetchone()
    if foreign and foreign[0]:
        raise Unavailable(
            "This database has a schema named 'ombud' that belongs to another program. "
            "Give the desk a database of its own, or rename that schema."
        )
