"""TLS to the database: what is demanded of a server on another host, and words for one that cannot be trusted."""

import ipaddress
import os
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import URL

from ombud.config import Settings
from ombud.errors import Unavailable

VERIFIED = ("verify-full", "verify-ca")
MODES = ("disable", "allow", "prefer", "require", *VERIFIED)
_ASYNCPG_KNOWS = ("host", "port")


def refuse_plain_tcp(url: URL, settings: Settings) -> None:
    """Refuse a database on another host without verified TLS, unless settings allow it explicitly.

    `prefer` gives way to a server without TLS, and `require` speaks it with anybody: neither is enough.
    """
    mode = _mode(url)
    if mode and mode not in MODES:
        raise Unavailable(f"sslmode={mode} is unknown: use verify-full.")
    _refuse_old_protocols(url)
    far = [host for host in _hosts(url) if not _is_near(host)]
    if not far or settings.allow_plain_tcp or mode in VERIFIED:
        return
    raise Unavailable(
        f"The database on {far[0]} would be reached without verified TLS. Add ?sslmode=verify-full to the "
        "URL, or set OMBUD_ALLOW_PLAIN_TCP=1 if the network between is yours alone."
    )


def is_local(url: URL) -> bool:
    """Tell whether every host that the URL may lead to is this one."""
    return all(_is_near(host) for host in _hosts(url))


def with_roots(url: URL) -> URL:
    """Let libpq verify by the system's authorities where none are named, as asyncpg does."""
    if _mode(url) != "verify-full" or _roots(url) or (Path.home() / ".postgresql/root.crt").exists():
        return url
    return url.update_query_dict({"sslrootcert": "system"})


def asyncpg_tls(url: URL) -> ssl.SSLContext | str:
    """Translate libpq's TLS parameters, which asyncpg takes as a context of the standard library."""
    mode = _mode(url) or ("disable" if is_local(url) else "prefer")
    if mode not in VERIFIED:
        return mode
    roots = _roots(url)
    context = ssl.create_default_context(cafile=roots if roots != "system" else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 became stricter than libpq about what an authority of one's own writes into certificates.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = mode == "verify-full"
    query = _texts(url.query)
    if "sslcert" in query:
        context.load_cert_chain(query["sslcert"], query.get("sslkey"))
    return context


def without_libpq_names(url: URL) -> URL:
    """Leave out of the query what asyncpg would take for keyword arguments of its own."""
    return url.set(query={key: value for key, value in url.query.items() if key in _ASYNCPG_KNOWS})


def distrust(error: BaseException) -> str | None:
    """Say why a server is not trusted, or None when an error is about something else."""
    said = str(error).lower()
    for mark, words in _REASONS:
        if mark in said:
            return f"The database server is not trusted: {words}"
    return None


# By what OpenSSL, libpq and asyncpg say; the first that fits.
_OTHER_NAME = "its certificate is for another host name. Connect by the name in the certificate."
_UNKNOWN = "its certificate is by an unknown authority. Name the authority's certificate in PGSSLROOTCERT."
_NO_TLS = "it does not speak TLS. Switch it on there: ssl = on."
_TOO_OLD = "it speaks no TLS that is new enough: 1.2 is the oldest."
_REASONS = (
    ("does not match host name", _OTHER_NAME),
    ("hostname mismatch", _OTHER_NAME),
    ("ip address mismatch", _OTHER_NAME),
    ("certificate has expired", "its certificate has expired. Renew it on the server."),
    ("unable to get", _UNKNOWN),
    ("self-signed", _UNKNOWN),
    ("self signed", _UNKNOWN),
    # libpq says no more than that.
    (
        "certificate verify failed",
        "its certificate has expired, or " + _UNKNOWN.removeprefix("its certificate "),
    ),
    ("root certificate file", "the authority's certificate in PGSSLROOTCERT cannot be read."),
    ("server does not support ssl", _NO_TLS),
    ("rejected ssl upgrade", _NO_TLS),
    ("unsupported protocol", _TOO_OLD),
    ("protocol version", _TOO_OLD),
)


def _refuse_old_protocols(url: URL) -> None:
    query = _texts(url.query)
    for name in ("ssl_min_protocol_version", "ssl_max_protocol_version"):
        version = query.get(name) or os.environ.get(f"PG{name.replace('_', '').upper()}") or ""
        if version.lower() in ("tlsv1", "tlsv1.0", "tlsv1.1"):
            raise Unavailable(f"{name}={version} is not safe: TLS 1.2 is the oldest that Ombud takes.")


def _mode(url: URL) -> str:
    query = _texts(url.query)
    return query.get("sslmode") or query.get("ssl") or os.environ.get("PGSSLMODE") or ""


def _roots(url: URL) -> str | None:
    return _texts(url.query).get("sslrootcert") or os.environ.get("PGSSLROOTCERT")


def _hosts(url: URL) -> list[str]:
    """Return every host that a driver may connect to: libpq takes several, and some from elsewhere."""
    found = [url.host or "", *_each(url.query.get("host")), *_each(url.query.get("hostaddr"))]
    found += _each(url.query.get("service"))  # the name of a file's section, which may say anything
    if not any(found):
        found += _each(os.environ.get("PGHOST")) + _each(os.environ.get("PGHOSTADDR"))
    return [host for text in found for host in text.split(",")]


def _is_near(host: str) -> bool:
    name = host if host.startswith("/") else host.rsplit(":", 1)[0] if host.count(":") == 1 else host
    name = name.strip("[]")
    if name in ("", "localhost") or name.startswith(("/", "@")):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False  # a name, wherever it leads


def _each(value: str | Iterable[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _texts(query: Mapping[str, str | tuple[str, ...]]) -> dict[str, str]:
    return {key: value for key, value in query.items() if isinstance(value, str)}
