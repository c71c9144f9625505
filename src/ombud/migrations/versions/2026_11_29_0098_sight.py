"""Who sees all teams says what a customer sees; and one mailbox is one account.

Domains of people's addresses are kept in ASCII, as the name servers know them: `ann@bücher.example` becomes
`ann@xn--bcher-kva.example`, and nobody is told of another address, for it is none. Where both are somebody's already,
the first stays as it is: who writes or signs in is the second, and an administrator merges them.

Revision ID: 0098
Revises: 0096
Create Date: 2026-11-29
"""

from unicodedata import normalize

from alembic import op
from sqlalchemy import text

revision = "0098"
down_revision = "0096"
branch_labels = None
depends_on = None

_BEYOND_ASCII = "[^\\x01-\\x7f]"
_PEOPLE = text(
    "SELECT id, email FROM ombud.users WHERE substring(email FROM '@([^@]*)$') ~ :beyond FOR UPDATE"
)
_MOVE_PERSON = text(
    "UPDATE ombud.users SET email = :email WHERE id = :id"
    " AND NOT EXISTS (SELECT FROM ombud.users WHERE email_norm = lower(:email))"
)
_DOMAINS = text("SELECT domain FROM ombud.organization_domains WHERE domain ~ :beyond")
_MOVE_DOMAIN = text(
    "UPDATE ombud.organization_domains SET domain = :ascii WHERE domain = :domain"
    " AND NOT EXISTS (SELECT FROM ombud.organization_domains WHERE domain = :ascii)"
)
_PROVIDERS = text(
    "SELECT id, domains FROM ombud.identity_providers WHERE array_to_string(domains, ' ') ~ :beyond"
)
_MOVE_PROVIDER = text("UPDATE ombud.identity_providers SET domains = :domains WHERE id = :id")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.run_scripts(revision)  # type: ignore[attr-defined]  # of ours: migrations/env.py
    op.execute("SET LOCAL ombud.rehash = 'on'")  # no letters, and links stay good
    bind = op.get_bind()
    given = {"beyond": _BEYOND_ASCII}
    for key, email in bind.execute(_PEOPLE, given).all():
        local, _, domain = email.rpartition("@")
        bind.execute(_MOVE_PERSON, {"id": key, "email": f"{local}@{_in_ascii(domain)}"})
    for (domain,) in bind.execute(_DOMAINS, given).all():
        bind.execute(_MOVE_DOMAIN, {"domain": domain, "ascii": _in_ascii(domain)})
    for key, domains in bind.execute(_PROVIDERS, given).all():
        bind.execute(_MOVE_PROVIDER, {"id": key, "domains": [_in_ascii(one) for one in domains]})


def downgrade() -> None:
    """Let agents of some teams change all of a customer again. Addresses stay: they lead to the same mailboxes."""
    op.run_scripts(f"{revision}/down")  # type: ignore[attr-defined]  # of ours: migrations/env.py


def _in_ascii(domain: str) -> str:
    labels = [one if one.isascii() else _label(one) for one in domain.split(".")]
    return ".".join(labels) if max(map(len, labels)) <= 63 else domain


def _label(label: str) -> str:
    return "xn--" + normalize("NFKC", label.lower()).encode("punycode").decode("ascii")
