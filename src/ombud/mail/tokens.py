"""Signed names of tickets, by which a reply finds its ticket: in the address it goes to, or in its references.

Knowing a ticket's number is not enough to write into it: the name carries an HMAC under the desk's own key. It
proves that *we* once sent this name, not who sends it back: the sender must take part in the ticket, too.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from ombud.kit.keyfile import secret_key

KEY_FILE = "mail-hmac.key"
_MAC_BYTES = 10
"""80 bits: out of reach for guessing by mail, and short enough for a local part of 64 octets (RFC 5321)."""
_TAG = re.compile(r"\+([tnb])([0-9a-z]{1,13})-([a-z2-7]{16})@", re.IGNORECASE)
_PURPOSES = {"t": "reply", "n": "note", "b": "bounce"}
_OWN_ID = re.compile(r"^ombud\.([0-9a-z]{1,13})\.([0-9a-f]{16})\.([a-z2-7]{16})@", re.IGNORECASE)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
MAX_TICKET_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class TicketNamer:
    """Makes and checks names of tickets under `key` (32 bytes, kept in a file)."""

    key: bytes

    def reply_address(self, address: str, ticket_id: int) -> str:
        """Return `address` with the ticket's tag: `support+t1z-abc...@example.com`."""
        return self._tagged(address, "t", ticket_id)

    def note_address(self, address: str, ticket_id: int) -> str:
        """Return `address` with a tag under which an answer becomes an internal note on the ticket."""
        return self._tagged(address, "n", ticket_id)

    def bounce_address(self, address: str, mail_id: int) -> str:
        """Return `address` with the tag of one outgoing message: where reports about it go (VERP)."""
        return self._tagged(address, "b", mail_id)

    def message_id(self, domain: str, ticket_id: int) -> str:
        """Return a new Message-ID (without angle brackets) that names the ticket."""
        nonce = secrets.token_hex(8)
        return f"ombud.{_base36(ticket_id)}.{nonce}.{self._mac('message', ticket_id, nonce)}@{domain}"

    def ticket_of_address(self, address: str) -> int | None:
        """Return the ticket that an address names; None when it names none, or the signature is not ours."""
        return self._named(address, "tn")

    def is_for_note(self, address: str) -> bool:
        """True for an address under which an answer is for colleagues only."""
        return self._named(address, "n") is not None

    def mail_of_address(self, address: str) -> int | None:
        """Return the outgoing message that a report's address names (VERP); None for all others."""
        return self._named(address, "b")

    def sign(self, purpose: str, number: int, words: str) -> str:
        """Return a signature for a link in a mail; `purpose` keeps different kinds apart."""
        return self._mac(purpose, number, words)

    def ticket_of_message_id(self, message_id: str) -> int | None:
        """Return the ticket that one of our own Message-IDs names; None for all others and forged ones."""
        found = _OWN_ID.match(message_id)
        if found is None:
            return None
        return self._checked(found[1], found[3], "message", found[2].lower())

    def _tagged(self, address: str, tag: str, number: int) -> str:
        local, _, domain = address.rpartition("@")
        return f"{local}+{tag}{_base36(number)}-{self._mac(_PURPOSES[tag], number, '')}@{domain}"

    def _named(self, address: str, tags: str) -> int | None:
        found = _TAG.search(address)
        if found is None or found[1].lower() not in tags:
            return None
        return self._checked(found[2], found[3], _PURPOSES[found[1].lower()], "")

    def _checked(self, digits: str, mac: str, purpose: str, nonce: str) -> int | None:
        ticket_id = int(digits, 36)
        if ticket_id > MAX_TICKET_ID:
            return None
        expected = self._mac(purpose, ticket_id, nonce)
        return ticket_id if hmac.compare_digest(mac.lower().encode(), expected.encode()) else None

    def _mac(self, purpose: str, ticket_id: int, nonce: str) -> str:
        words = f"ombud-mail-1\n{purpose}\n{ticket_id}\n{nonce}".encode()
        digest = hmac.new(self.key, words, hashlib.sha256).digest()[:_MAC_BYTES]
        return base64.b32encode(digest).decode().lower()


def open_namer(folder: Path) -> TicketNamer:
    """Return what signs the names of tickets, with the key in the data folder."""
    return TicketNamer(secret_key(folder / "keys" / KEY_FILE))


def looks_signed(text: str) -> bool:
    """True for an address or Message-ID of our form, whoever signed it."""
    return bool(_TAG.search(text) or _OWN_ID.match(text))


def without_tag(address: str) -> str:
    """Return the address without a ticket's tag."""
    return _TAG.sub("@", address)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
