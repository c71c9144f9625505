"""The text of the server's configuration files: settings, and who may sign in as whom.

Every start writes them anew; what an administrator changes goes to `custom.conf`, which is read last and
never touched. Not here: amounts of memory (`sizing`), writing the files (`cluster`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ombud.db.embedded.layout import PORT
from ombud.db.embedded.sizing import memory_settings, shared_memory_settings

SETTINGS_FILE = "ombud.conf"
CUSTOM_FILE = "custom.conf"

# Roles that Ombud signs in as. PostgreSQL 16 and later take any role whose name starts with "ombud_";
# 15 knows no pattern for roles, so there only these two may sign in (others are reached by SET ROLE).
SUPERUSER = "postgres"
LOGIN_ROLES = (SUPERUSER, "ombud_login")

_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")

_DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
_PRIVATE = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
}
_LOG = {
    # One file a weekday, emptied when its day comes round: a week of log, never more.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "1s",
    "log_lock_waits": "on",
    # Values of parameters are what customers wrote; they do not belong in a log.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # Startup errors are shown to the administrator and must be readable in every country.
    "lc_messages": "C",
}
_WORK = {
    "max_connections": "100",
    "timezone": "UTC",
    # Data lives on solid-state disks today, where random reads cost little more than sequential ones.
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    # A desk's statements are short; compiling them costs more than it saves.
    "jit": "off",
    # The embedded server only knows pglz, which takes 0.15 ms for each page that is written first after a checkpoint:
    # six of the eight seconds that an update of 10,000 of a million tickets took, for a third less WAL.
    "wal_compression": "off",
    "min_wal_size": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Clean up after 5 % of a table changed rather than 20 %: queues change the same rows often.
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_insert_scale_factor": "0.1",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_naptime": "30s",
    "autovacuum_vacuum_cost_limit": "1000",
    "track_io_timing": "on",
}


def server_settings(socket_dir: Path, *, statistics: bool, extra: Mapping[str, str]) -> dict[str, str]:
    """Return all settings of the server; `statistics` says that pg_stat_statements can be loaded."""
    preload = {"shared_preload_libraries": "pg_stat_statements"} if statistics else {}
    place = {"unix_socket_directories": str(socket_dir)}
    machine = {**memory_settings(), **shared_memory_settings()}
    return {**_DURABLE, **_PRIVATE, **place, **_LOG, **_WORK, **machine, **preload, **extra}


def settings_text(settings: Mapping[str, str]) -> str:
    """Return the text of `ombud.conf`; raises ValueError for what cannot be a setting."""
    head = (
        "# Written by Ombud at each start: changes made here are lost.\n"
        f"# Put settings of your own into {CUSTOM_FILE} in this folder; it is read after this file.\n"
    )
    return head + "".join(f"{_checked(name)} = {_quoted(value)}\n" for name, value in settings.items())


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a PostgreSQL setting")
    return name


def _quoted(value: str) -> str:
    if "\n" in value or "\0" in value:
        raise ValueError("a PostgreSQL setting cannot span lines")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def include_text() -> str:
    """Return the lines that make the main configuration file read Ombud's and the administrator's."""
    return f"\ninclude = '{SETTINGS_FILE}'\ninclude_if_exists = '{CUSTOM_FILE}'\n"


def sign_in_text() -> str:
    """Return pg_hba.conf: over the socket only, and only as whom the kernel says that you are."""
    return (
        "# Written by Ombud at each start.\n"
        "local  all          all                   peer  map=ombud\n"
        f"local  replication  {SUPERUSER:<20}  peer  map=ombud\n"
    )


def identity_text(system_users: Iterable[str], major: int) -> str:
    """Return pg_ident.conf: these operating-system users may be the superuser and Ombud's roles."""
    roles = (SUPERUSER, '"/^ombud_[a-z0-9_]+$"') if major >= 16 else LOGIN_ROLES
    names = [name.replace('"', '""') for name in system_users]
    lines = [f'ombud  "{name}"  {role}\n' for name in names for role in roles]
    return "# Written by Ombud at each start.\n" + "".join(lines)
