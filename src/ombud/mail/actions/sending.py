"""How a mailbox sends, beside its server and user: held or not, quotes, links for large files, a DKIM signature."""

import base64
from dataclasses import dataclass
from typing import Any, TypedDict

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import update
from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.errors import Invalid
from ombud.kit.text import clean_line
from ombud.kit.vault import Vault
from ombud.mail.actions.mailboxes import get_mailbox
from ombud.mail.outgoing import queries
from ombud.mail.policy import require_right_to_keep_mailboxes
from ombud.models import Mailbox, MailboxSending

KEY_BITS = (2048, 4096)
"""Shorter RSA keys are believed by nobody, longer ones fit into no DNS record (RFC 8301, 3.2)."""
KEY_LIMIT = 16_384
PLACE = ("mailbox_sending", "dkim_key")


class SendingChanges(TypedDict, total=False):
    """The fields that administrators set; only those present are changed. An empty selector ends signing."""

    is_paused: bool
    quotes_history: bool
    link_over: int
    dkim_selector: str


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key as it is kept, and the DNS record (TXT at `SELECTOR._domainkey.DOMAIN`) by which others check."""

    pem: str
    record: str

    def __repr__(self) -> str:
        return "<DkimKey>"


def read_dkim_key(text: str) -> DkimKey:
    """Read a private RSA key in PEM; Invalid when it is none that signatures can be made with. Takes a moment."""
    rule = "must be a private RSA key of 2048 to 4096 bits in PEM, without a password."
    try:
        key = serialization.load_pem_private_key(text.strip().encode("ascii")[:KEY_LIMIT], None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Invalid(fields={"dkim_key": rule}) from None
    if not isinstance(key, rsa.RSAPrivateKey) or not KEY_BITS[0] <= key.key_size <= KEY_BITS[1]:
        raise Invalid(fields={"dkim_key": rule})
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return DkimKey(private.decode(), f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}")


def get_sending(session: Session, mailbox_id: int) -> MailboxSending:
    """Return how a mailbox sends, as it is by default where nobody said; NotFound without such a mailbox."""
    mailbox = get_mailbox(session, mailbox_id)
    return session.scalar(queries.public_sending_of(mailbox.id)) or _default(mailbox)


def change_sending(
    session: Session,
    mailbox_id: int,
    changes: SendingChanges,
    *,
    key: DkimKey | None = None,
    vault: Vault,
) -> MailboxSending:
    """Change how a mailbox sends. A new selector comes with its key (`read_dkim_key`), which is sealed here."""
    require_right_to_keep_mailboxes(actor_of(session))
    sending = get_sending(session, mailbox_id)
    signed_before = sending.dkim_selector
    for field, value in changes.items():
        if field not in SendingChanges.__annotations__:
            raise Invalid(fields={field: "is not a field of sending."})
        setattr(sending, field, _checked(field, value))
    if key is not None and not sending.dkim_selector:
        raise Invalid(fields={"dkim_selector": "must be given with a key."})
    if key is None and sending.dkim_selector not in ("", signed_before):
        raise Invalid(fields={"dkim_key": "must be given with a new selector."})
    session.add(sending)
    session.flush()
    if key is not None or (signed_before and not sending.dkim_selector):
        sealed = vault.seal(key.pem, (*PLACE, mailbox_id)) if key is not None else None
        keep_dkim_key(session, mailbox_id, sealed)
    return sending


def keep_dkim_key(session: Session, mailbox_id: int, sealed: bytes | None) -> None:
    """Keep a sealed key, by a statement of its own: who sets it cannot read it."""
    session.execute(
        update(MailboxSending).where(MailboxSending.mailbox_id == mailbox_id).values(dkim_key=sealed),
        execution_options={"synchronize_session": False},
    )


def _default(mailbox: Mailbox) -> MailboxSending:
    return MailboxSending(
        mailbox_id=mailbox.id, is_paused=False, quotes_history=False, link_over=10 * 2**20, dkim_selector=""
    )


def _checked(field: str, value: Any) -> Any:
    return clean_line(field, value, limit=63, required=False).lower() if field == "dkim_selector" else value
