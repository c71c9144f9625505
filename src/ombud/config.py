"""Settings, from environment variables that start with OMBUD_. Every default is safe.

Reading settings has no side effect and needs no database. Those that are marked `InBrowser` administrators may choose
in the desk, too (`ombud.settings`). What the environment sets explicitly wins; else what was chosen; else the default.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

_NO_ADDRESS = (
    "is no address, such as postgresql://user:password@host:5432/name; in a password, signs such as @ : / # [ are"
    " written as %40 %3A %2F %23 %5B."
)


@dataclass(frozen=True, slots=True)
class InBrowser:
    """Marks a setting that administrators may choose without a shell, and says where on the page and as what."""

    section: str
    label: str
    unit: Literal["", "MB", "days", "hours", "seconds"] = ""
    """What is typed there; sizes are bytes everywhere else."""
    hint: str = ""
    """What stands below it, where that is not the description."""


class Settings(BaseSettings):
    """Where the desk's data is and how it is served. `repr` shows no secret."""

    # What is wrong is said without the value: it may be a password.
    model_config = SettingsConfigDict(
        env_prefix="OMBUD_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL (15 or later) to use. Without it, Ombud runs the one in its package.",
    )
    database_password_file: Path | None = Field(
        default=None,
        description="A file with the database's password, read at each connection, so that it may change.",
    )
    replica_url: SecretStr | None = Field(
        default=None, description="A streaming replica of that server, for reading."
    )
    replica_max_lag: float = Field(
        default=1.0, gt=0, description="Seconds that the replica may be behind before it is left alone."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis for a cache of figures; needs the extra `redis`."
    )
    processes: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Processes that share the database server, for the check at start.",
    )
    data_dir: Path | None = Field(default=None, description="Where the embedded server and files live.")
    files_url: str | None = Field(
        default=None,
        description="Where attached files are: `s3://bucket/prefix` or `file:///folder`; else the data directory.",
    )
    files_endpoint: str | None = Field(
        default=None, description="Address of an S3-compatible server; by default Amazon's of the region."
    )
    files_region: str | None = Field(default=None, description="Its region.")
    files_access_key: SecretStr | None = Field(
        default=None, description="Name of the key to it; without it, what the AWS_ variables say."
    )
    files_secret_key: SecretStr | None = Field(default=None, description="The key itself.")
    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines look: `console` for people, `json` for programs."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that the desk logs; other libraries: warnings."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=24,
        description="Bearer token under which `/metrics` is served; none: not by token.",
    )
    metrics_peers: str = Field(
        default="",
        description="Networks that may read `/metrics` without it, separated by commas; empty: none.",
    )
    base_url: str | None = Field(default=None, description="The desk's public address, for links.")
    host: str = Field(default="127.0.0.1", description="Address that `ombud serve` listens on.")
    port: int = Field(default=8377, ge=0, le=65535, description="Its port; 0 takes any that is free.")
    pool_size: int = Field(default=10, ge=1, le=200, description="Connections kept open per process.")
    pool_overflow: int = Field(default=20, ge=0, le=200, description="More, when all are in use.")
    pool_timeout: float = Field(default=4.0, gt=0, description="Seconds to wait for a connection.")
    statement_timeout: float = Field(default=5.0, gt=0, description="Seconds a web statement may run.")
    searches_at_once: int = Field(
        default=2,
        ge=1,
        le=200,
        description="Searches that a process runs at once; others wait for their turn.",
    )
    search_wait: float = Field(default=5.0, gt=0, description="Seconds that a search waits for its turn.")
    lock_timeout: float = Field(default=2.0, gt=0, description="Seconds to wait for a row lock.")
    connect_timeout: int = Field(default=4, ge=1, description="Seconds to wait for the server.")
    api_rate: int = Field(
        default=1200, ge=0, description="Units that a caller of the API may use in a minute; 0: any number."
    )
    attachment_limit: Annotated[
        int, InBrowser("Files", "Largest file", "MB", "A message may have ten files.")
    ] = Field(default=25 * 2**20, ge=1, le=10 * 2**30, description="Bytes a file may have.")
    transfer_limit: int = Field(
        default=2**30, ge=1, description="Bytes that the file of an export or import may have."
    )
    mail_limit: int = Field(default=100 * 2**20, ge=1, description="Bytes that one mail may have.")
    lmtp_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port on which mail is taken by LMTP; none without it."
    )
    smtp_port: int | None = Field(default=None, ge=0, le=65535, description="The same by SMTP.")
    mail_host: str = Field(default="127.0.0.1", description="Address that these two listen on.")
    mail_certificate: Path | None = Field(
        default=None,
        description="File with the certificate, its chain and its key, in PEM: with it the two offer STARTTLS.",
    )
    mail_connections: int = Field(
        default=100, ge=1, le=10_000, description="Connections that each of the two serves at once."
    )
    mail_peers: str = Field(
        default="", description="Networks that may bring mail there, separated by commas; empty: any."
    )
    internal_hosts: str = Field(
        default="",
        description="Hosts or networks inside that the desk may connect to (mail, webhooks, sign-in); by commas.",
    )
    desk_name: Annotated[str, InBrowser("This desk", "Name")] = Field(
        default="Ombud",
        min_length=1,
        max_length=60,
        pattern=r"\S",
        description="What the desk is called on its pages and in letters about accounts.",
    )
    purge_after_days: Annotated[
        int | None,
        InBrowser(
            "Keeping",
            "Deleted tickets are kept for",
            "days",
            "Then they are gone for good. Empty: they stay.",
        ),
    ] = Field(
        default=None,
        ge=1,
        le=3650,
        description="Days after which deleted tickets are removed for good; none by default.",
    )
    mail_undo_seconds: Annotated[float, InBrowser("Mail", "Replies wait before they go out", "seconds")] = (
        Field(
            default=10.0,
            ge=0,
            le=600,
            description="Seconds in which a reply on a page can be taken back.",
        )
    )
    unknown_senders: Annotated[bool, InBrowser("Mail", "Whoever writes opens a ticket")] = Field(
        default=True,
        description="Mail of people whom the desk does not know opens tickets; else it waits in quarantine.",
    )
    sign_in_links: Annotated[bool, InBrowser("Sign-in", "Customers may sign in by a link")] = Field(
        default=False, description="Customers may have a link mailed that signs them in, without a password."
    )
    staff_second_factor: Annotated[bool, InBrowser("Sign-in", "Staff need a second factor")] = Field(
        default=False,
        description="Staff must have an authenticator app or a passkey before they see anything on the pages.",
    )
    staff_idle_hours: Annotated[int, InBrowser("Sign-in", "Staff are signed out when idle for", "hours")] = (
        Field(default=12, ge=1, le=720, description="Hours after which an unused session of staff ends.")
    )
    staff_session_days: Annotated[
        int, InBrowser("Sign-in", "Staff are signed out at the latest after", "days")
    ] = Field(default=7, ge=1, le=90, description="Days after which a session of staff ends, used or not.")
    customer_idle_days: Annotated[
        int, InBrowser("Sign-in", "Customers are signed out when idle for", "days")
    ] = Field(default=7, ge=1, le=90, description="Days after which an unused session of a customer ends.")
    customer_session_days: Annotated[
        int, InBrowser("Sign-in", "Customers are signed out at the latest after", "days")
    ] = Field(
        default=30, ge=1, le=365, description="Days after which a session of a customer ends, used or not."
    )
    allow_plain_tcp: bool = Field(
        default=False, description="Allow a database on another host without TLS. Not advised."
    )

    @field_validator("database_url", "replica_url", "redis_url")
    @classmethod
    def _an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_address(value.get_secret_value()):
            raise ValueError(_NO_ADDRESS)
        return value

    @field_validator("base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value


def _is_address(text: str) -> bool:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(text)
    except (ArgumentError, ValueError):  # their words repeat what they could not read
        return False
    return True


def in_browser() -> dict[str, tuple[FieldInfo, InBrowser]]:
    """Return the settings that administrators may choose in the desk, by name, in the order of the documentation."""
    return {
        name: (field, mark)
        for name, field in Settings.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, InBrowser)
    }


def words_of(setting: str) -> tuple[str, ...]:
    """Return the parts of a setting that is a list separated by commas."""
    return tuple(word.strip() for word in setting.split(",") if word.strip())


def default_data_dir() -> Path:
    """Return where data goes when nobody says otherwise: the user's data directory, or /var/lib for root."""
    from platformdirs import user_data_path

    if sys.platform != "win32":
        import os

        if os.geteuid() == 0:
            return Path("/var/lib/ombud")
    return user_data_path("ombud", appauthor=False)
