"""The form about how a mailbox sends: what it shows, and what was typed into it."""

from __future__ import annotations

from starlette.datastructures import FormData

from ombud.errors import Invalid
from ombud.mail.actions.sending import SendingChanges
from ombud.models import MailboxSending
from ombud.web.forms import text_of

SENDING = {"link_over": "The size", "dkim_selector": "The selector", "dkim_key": "The key"}
"""The fields with their names, for messages about them."""
_MB = 2**20
_FLAGS = ("is_paused", "quotes_history")


def sending_values(sending: MailboxSending | None, sent: FormData | None = None) -> dict[str, str]:
    """Return what the fields hold: what was typed, or how it is. A key is never shown."""
    if sent is not None:
        return {name: text_of(sent, name) for name in (*_FLAGS, "link_over", "dkim_selector")}
    if sending is None:
        return {}
    return {
        "is_paused": "yes" if sending.is_paused else "",
        "quotes_history": "yes" if sending.quotes_history else "",
        "link_over": str(sending.link_over // _MB),
        "dkim_selector": sending.dkim_selector,
    }


def sending_changes(form: FormData) -> SendingChanges:
    """Return what was typed; Invalid names the field."""
    size = text_of(form, "link_over").strip()
    if not (size.isascii() and size.isdigit() and int(size[:3]) <= 50 and len(size) < 3):
        raise Invalid(fields={"link_over": "must be 0 to 50 MB."})
    return {
        "is_paused": bool(text_of(form, "is_paused")),
        "quotes_history": bool(text_of(form, "quotes_history")),
        "link_over": int(size) * _MB,
        "dkim_selector": text_of(form, "dkim_selector").strip(),
    }
