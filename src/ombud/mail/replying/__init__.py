"""Mail for a reply that is written in one round trip (`ombud.tickets.queries.answering`)."""

from ombud.mail.replying.rules import NO_MAIL, planned

__all__ = ["NO_MAIL", "planned"]
