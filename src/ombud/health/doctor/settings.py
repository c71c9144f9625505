"""What the environment says: secrets that are easy to guess, and connections that others can read."""

import hashlib
import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from ombud.config import Settings
from ombud.db.doctor import Finding, Severity
from ombud.db.secret import read_password
from ombud.errors import Unavailable
from ombud.kit.strength import weakness_of

TLS_QUERIES = ("sslmode=verify-full", "sslmode=verify-ca")
LEAST_RSA = 2048


def examine_settings(settings: Settings) -> list[Finding]:
    """Return what is weak about the settings of this process."""
    return [
        *_secrets(settings),
        *_addresses(settings),
        *_password_file(settings),
        *_mail_ports(settings),
    ]


def is_near(host: str) -> bool:
    """Tell whether a host is this machine, so that what is said to it passes no network."""
    name = host.strip("[]").lower()
    if name in ("", "localhost") or name.endswith(".localhost") or name.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _secrets(settings: Settings) -> Iterator[Finding]:
    places: dict[bytes, str] = {}
    for name, secret in _named(settings):
        if weakness := weakness_of(secret):
            advice = "Take a random one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            yield Finding("secret_weak", Severity.BAD, f"{name} {weakness}", advice)
        first = places.setdefault(hashlib.sha256(secret.encode()).digest(), name)
        if first != name:
            what = f"{name} is the same as {first}"
            yield Finding("secret_shared", Severity.BAD, what, "Give each purpose a secret of its own.")


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the secrets that are set, by name: tokens and keys as they are, of addresses their password."""
    for name in ("metrics_token", "files_secret_key"):
        value: SecretStr | None = getattr(settings, name)
        if value is not None:
            yield f"OMBUD_{name.upper()}", value.get_secret_value()
    for name in ("database_url", "replica_url", "redis_url"):
        value = getattr(settings, name)
        parts = _parts(value)
        password = parts.password if parts is not None else None
        if password:
            yield f"the password in OMBUD_{name.upper()}", unquote(password)
    if settings.database_password_file is not None:
        try:
            yield (
                "the password in OMBUD_DATABASE_PASSWORD_FILE",
                read_password(settings.database_password_file),
            )
        except Unavailable:
            return  # said by `_password_file`


def _password_file(settings: Settings) -> Iterator[Finding]:
    if settings.database_password_file is not None:
        try:
            read_password(settings.database_password_file)
        except Unavailable as error:
            yield Finding("secret_permissions", Severity.BAD, error.message, "See its owner and mode.")


def _addresses(settings: Settings) -> Iterator[Finding]:
    base = settings.base_url
    if base is None and not is_near(settings.host):
        what = f"the desk listens on {settings.host} without OMBUD_BASE_URL: links go where a request says"
        yield Finding("plain_base_url", Severity.NOTICE, what, "Set OMBUD_BASE_URL to its https address.")
    if base is not None and _is_plain(base):
        what = f"OMBUD_BASE_URL is {base}: passwords, cookies and links pass the network in clear"
        yield Finding(
            "plain_base_url", Severity.BAD, what, "Serve it under https, and say so in OMBUD_BASE_URL."
        )
    if settings.files_endpoint is not None and _is_plain(settings.files_endpoint):
        what = f"OMBUD_FILES_ENDPOINT is {settings.files_endpoint}: files pass the network in clear"
        yield Finding("plain_connection", Severity.BAD, what, "Use an https address.")
    for name in ("database_url", "replica_url", "redis_url"):
        parts = _parts(getattr(settings, name))
        if parts is None or is_near(parts.hostname or ""):
            continue
        if name == "redis_url":
            advice, safe = "Use rediss://.", parts.scheme == "rediss"
        else:
            advice, safe = "Add ?sslmode=verify-full.", any(one in parts.query for one in TLS_QUERIES)
        if not safe:
            what = f"OMBUD_{name.upper()} leads to {parts.hostname} without verified TLS"
            yield Finding("plain_connection", Severity.BAD, what, advice)


def _parts(value: SecretStr | None) -> SplitResult | None:
    try:
        return urlsplit(value.get_secret_value()) if value is not None else None
    except ValueError:  # a bracket in a password, which PostgreSQL's programs take as it is
        return None


def _is_plain(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and not is_near(parts.hostname or "")


def _mail_ports(settings: Settings) -> Iterator[Finding]:
    listens = settings.lmtp_port is not None or settings.smtp_port is not None
    if listens and settings.mail_certificate is None and not is_near(settings.mail_host):
        what = f"mail is taken on {settings.mail_host} without TLS"
        yield Finding("plain_mail_port", Severity.BAD, what, "Set OMBUD_MAIL_CERTIFICATE.")
    if settings.mail_certificate is not None:
        yield from _certificate(settings.mail_certificate)


def _certificate(path: Path) -> Iterator[Finding]:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        mode, text = stat.S_IMODE(path.stat().st_mode), path.read_bytes()
        start = text.find(b"-----BEGIN", max(0, text.find(b"PRIVATE KEY") - 30))
        key = load_pem_private_key(text[start:], None)
    except (OSError, ValueError, TypeError):
        what = f"no key can be read from {path} (OMBUD_MAIL_CERTIFICATE)"
        yield Finding("certificate_weak", Severity.BAD, what, "It holds certificate, chain and key, in PEM.")
        return
    if mode & (stat.S_IWGRP | stat.S_IRWXO):
        what = f"others may use the key in {path} (mode {mode:03o})"
        yield Finding("secret_permissions", Severity.BAD, what, f"chmod 600 {path}")
    size = key.key_size if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else None
    if size is not None and size < (LEAST_RSA if isinstance(key, rsa.RSAPrivateKey) else 256):
        what = f"the key in {path} has {size} bits"
        yield Finding("certificate_weak", Severity.BAD, what, f"Make one of {LEAST_RSA} bits (RSA) or P-256.")
