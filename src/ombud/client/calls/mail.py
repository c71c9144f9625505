"""Mail: the desk's addresses, what came in, what goes out, letters and rules."""

from typing import Any

from ombud.client.calls.making import Call, Json, Listing, given, part


def mailboxes() -> Listing[Json]:
    """List the desk's addresses."""
    return Listing("mailboxes")


def mailbox(mailbox_id: int) -> Call[Json]:
    """Read one of them."""
    return Call("GET", f"mailboxes/{mailbox_id}")


def add_mailbox(name: str, address: str, **fields: Any) -> Call[Json]:
    """Add an address of the desk."""
    return Call("POST", "mailboxes", json={"name": name, "address": address, **fields})


def change_mailbox(mailbox_id: int, **fields: Any) -> Call[Json]:
    """Change an address of the desk, or how its mail comes and goes."""
    return Call("PATCH", f"mailboxes/{mailbox_id}", json=fields)


def try_mailbox(mailbox_id: int) -> Call[Json]:
    """Try whether mail can be fetched and sent, step by step."""
    return Call("POST", f"mailboxes/{mailbox_id}/trial")


def mailbox_sending(mailbox_id: int) -> Call[Json]:
    """Read how a mailbox sends."""
    return Call("GET", f"mailboxes/{mailbox_id}/sending")


def change_mailbox_sending(mailbox_id: int, **fields: Any) -> Call[Json]:
    """Change how a mailbox sends: pause, DKIM, quotes, ..."""
    return Call("PATCH", f"mailboxes/{mailbox_id}/sending", json=fields)


def mail_rule(rule_id: int) -> Call[Json]:
    """Read a rule for mail that comes in."""
    return Call("GET", f"mail/rules/{rule_id}")


def mail_rules() -> Listing[Json]:
    """List the rules for mail that comes in, in their order."""
    return Listing("mail/rules")


def add_mail_rule(name: str, field: str, pattern: str, **fields: Any) -> Call[Json]:
    """Add a rule."""
    return Call("POST", "mail/rules", json={"name": name, "field": field, "pattern": pattern, **fields})


def change_mail_rule(rule_id: int, **fields: Any) -> Call[Json]:
    """Change a rule."""
    return Call("PATCH", f"mail/rules/{rule_id}", json=fields)


def delete_mail_rule(rule_id: int) -> Call[None]:
    """Delete a rule."""
    return Call("DELETE", f"mail/rules/{rule_id}")


def inbound_mails(**params: Any) -> Listing[Json]:
    """List mail that came in, newest first: `state="quarantined"`, `mailbox=3`, ..."""
    return Listing("mail/inbound", params)


def inbound_mail(mail_id: int) -> Call[Json]:
    """Read what became of a mail."""
    return Call("GET", f"mail/inbound/{mail_id}")


def inbound_mail_content(mail_id: int) -> Call[bytes]:
    """Fetch a mail as it came."""
    return Call("GET", f"mail/inbound/{mail_id}/content", is_bytes=True)


def hand_in_mail(content: bytes, *, mailbox: str | None = None) -> Call[Json]:
    """Give the desk a mail, as it came. The token must have the scope `mail`."""
    headers = {"Content-Type": "message/rfc822"}
    return Call("POST", "mail/inbound", given(mailbox=mailbox), content=content, headers=headers)


def decide_mail_anew(mail_id: int) -> Call[Json]:
    """Decide anew about a mail that came to nothing, after a rule or a setting was changed."""
    return Call("POST", f"mail/inbound/{mail_id}/decision")


def discard_mail(mail_id: int) -> Call[Json]:
    """Discard a mail that is held for somebody to look at."""
    return Call("DELETE", f"mail/inbound/{mail_id}/quarantine")


def move_mail(mail_id: int, ticket: str) -> Call[Json]:
    """Put what a mail said into another ticket."""
    return Call("PUT", f"mail/inbound/{mail_id}/ticket", json={"ticket": ticket})


def undo_mail_move(request_id: str) -> Call[Json]:
    """Take such a move back."""
    return Call("DELETE", f"mail/moves/{part(request_id)}")


def mail_templates() -> Listing[Json]:
    """List the texts of the desk's letters."""
    return Listing("mail-templates")


def change_mail_template(kind: str, body: str, *, team_id: int | None = None) -> Call[None]:
    """Replace the text of a letter, of all or of one team."""
    return Call("PUT", f"mail-templates/{part(kind)}", json={"body": body, "team_id": team_id})


def outbox(**params: Any) -> Listing[Json]:
    """List mail that goes out, newest first; `state="failed"`, ..."""
    return Listing("outbox", params)


def outbound_mail(mail_id: int) -> Call[Json]:
    """Read how far a mail is."""
    return Call("GET", f"outbox/{mail_id}")


def retry_mail(mail_id: int) -> Call[Json]:
    """Send a mail now that waits, failed or was held."""
    return Call("POST", f"outbox/{mail_id}/attempt")


def hold_mail(mail_id: int) -> Call[Json]:
    """Hold a mail that was not sent yet."""
    return Call("POST", f"outbox/{mail_id}/pause")


def cancel_mail(mail_id: int) -> Call[Json]:
    """Send a mail never."""
    return Call("POST", f"outbox/{mail_id}/cancellation")


def bounced_addresses(**params: Any) -> Listing[Json]:
    """List addresses that the desk does not write to any more."""
    return Listing("bounced-addresses", params)


def forgive_address(email: str) -> Call[None]:
    """Write to such an address again."""
    return Call("DELETE", f"bounced-addresses/{part(email)}")
