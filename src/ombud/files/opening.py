"""Which store a desk has: a folder of the data directory, another local folder, or a bucket of an object store.

Reads the settings and reaches nothing: a bucket that is not there is noticed by the first put or get.
"""

from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from ombud.config import Settings
from ombud.db.open import data_dir
from ombud.errors import Invalid
from ombud.files.store import FileStore, open_store

if TYPE_CHECKING:
    from obstore.store import S3Store

FOLDER = "files"
CONNECT_SECONDS = 3
ANSWER_SECONDS = 30
RETRIES = 2
RETRY_SECONDS = 10
"""A store that is away is told within this time; who uploads waits no longer."""


def files_of(settings: Settings, *, limit: int | None = None) -> FileStore:
    """Open the store of a desk; `limit` in bytes a file, by default that of attachments.

    Raises Invalid when OMBUD_FILES_URL is of no kind that is known.
    """
    limit = settings.attachment_limit if limit is None else limit
    if settings.files_url is None:
        return open_store(data_dir(settings) / FOLDER, limit=limit)
    parts = urlsplit(settings.files_url)
    match parts.scheme:
        case "file" if parts.netloc in ("", "localhost") and parts.path.strip("/"):
            return open_store(Path(unquote(parts.path)), limit=limit)
        case "s3" if parts.netloc and "@" not in parts.netloc:
            return FileStore(_bucket(settings, settings.files_url), limit)
    raise Invalid(
        "OMBUD_FILES_URL is file:///a/folder or s3://bucket/prefix; keys are settings of their own, not part of it."
    )


def place_of(settings: Settings) -> str:
    """Return where the files are, in words; it holds no secret."""
    return settings.files_url or str(data_dir(settings) / FOLDER)


def _bucket(settings: Settings, url: str) -> "S3Store":
    from obstore.store import S3Store

    endpoint = settings.files_endpoint
    if endpoint is not None and not _is_safe(endpoint) and not settings.allow_plain_tcp:
        raise Invalid("OMBUD_FILES_ENDPOINT must begin with https:// unless it is on this machine.")
    given = {
        "endpoint": endpoint,
        "region": settings.files_region,
        "access_key_id": _secret(settings.files_access_key),
        "secret_access_key": _secret(settings.files_secret_key),
    }
    return S3Store.from_url(
        url,
        config={name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]  # a subset of its keys
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=ANSWER_SECONDS),
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
    )


def _is_safe(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    if parts.scheme == "https":
        return True
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None
