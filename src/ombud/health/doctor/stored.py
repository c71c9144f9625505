"""What the database keeps: DKIM keys, connections to mail servers, providers, webhooks, old API tokens."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.db.doctor import Finding, Severity
from ombud.errors import Unavailable
from ombud.health.doctor import queries
from ombud.health.doctor.settings import is_near
from ombud.kit.vault import Vault
from ombud.models import Mailbox, MailboxSending, Security
from ombud.people.policy import require_admin

LEAST_DKIM, GOOD_DKIM = 1024, 2048


def examine_stored(session: Session, vault: Vault | None, max_age: timedelta) -> list[Finding]:
    """Return what is weak about what is stored. Without a vault the sealed keys are not looked at."""
    require_admin(actor_of(session))
    boxes = session.scalars(queries.mailboxes()).all()
    names = {one.id: one.address for one in boxes}
    found = [one for box in boxes for one in _plain_mail(box)]
    if vault is not None:
        found += [
            one
            for sending in session.scalars(queries.dkim_keys())
            for one in _dkim(sending, vault, names[sending.mailbox_id])
        ]
    found += [*_providers(session), *_webhooks(session)]
    for email, count in session.execute(queries.old_tokens(clock.now() - max_age)):
        tokens = "1 API token" if count == 1 else f"{count} API tokens"
        what = f"{email} has {tokens} older than {max_age.days} days that never expire"
        found.append(
            Finding("token_old", Severity.NOTICE, what, "Make a new one with --days, and revoke the old.")
        )
    return found


def _plain_mail(box: Mailbox) -> Iterator[Finding]:
    if not box.is_active:
        return
    for kind, host, security in (
        ("fetches", box.imap_host, box.imap_security),
        ("sends", box.smtp_host, box.smtp_security),
    ):
        if host and security is Security.PLAIN and not is_near(host):
            what = f"{box.address} {kind} by {host} without TLS: its password and all mail pass in clear"
            advice = f"ombud mailbox set {box.address}, with tls or starttls."
            yield Finding("plain_mail", Severity.BAD, what, advice)


def _dkim(sending: MailboxSending, vault: Vault, address: str) -> Iterator[Finding]:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if sending.dkim_key is None:
        return
    try:
        text = vault.open(sending.dkim_key, ("mailbox_sending", "dkim_key", sending.mailbox_id))
        key = load_pem_private_key(text.encode(), None)
    except (Unavailable, ValueError, TypeError):
        what = f"the DKIM key of {address} opens with no key of the ring"
        yield Finding(
            "secret_unopenable", Severity.BAD, what, "Put the right vault.keys back, or set a new key."
        )
        return
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < GOOD_DKIM:
        severity = Severity.BAD if key.key_size < LEAST_DKIM else Severity.NOTICE
        what = f"the DKIM key of {address} ({sending.dkim_selector}) has {key.key_size} bits"
        yield Finding(
            "dkim_weak", severity, what, f"Set one of {GOOD_DKIM} bits under a new selector (RFC 8301)."
        )


def _providers(session: Session) -> Iterator[Finding]:
    for one in session.scalars(queries.providers()):
        parts = urlsplit(one.issuer)
        if parts.scheme == "http" and not is_near(parts.hostname or ""):
            what = (
                f"people sign in by {one.label} at {one.issuer}, without TLS: who is between lets anybody in"
            )
            yield Finding("plain_provider", Severity.BAD, what, "Let the provider have an https address.")


def _webhooks(session: Session) -> Iterator[Finding]:
    for one in session.scalars(queries.plain_webhooks()):
        host = urlsplit(one.url).hostname or ""
        if not is_near(host):
            what = f"webhook {one.id} tells {host} of tickets without TLS"
            yield Finding("plain_webhook", Severity.NOTICE, what, "Use an https address.")
