"""What agents may do, as a list of fine rights. The database knows the same words (`ombud.actor_may`)."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that agents do. Administrators do all of them and more; customers have rules of their own."""

    TICKETS_OPEN = "tickets.open"
    """Open tickets; to route them is to change them."""
    TICKETS_REPLY = "tickets.reply"
    """Answer in public; an answer may move the status with it."""
    TICKETS_CHANGE = "tickets.change"
    """Fields, tags, links, merging, and what became of mail."""
    TICKETS_DELETE = "tickets.delete"
    """Delete tickets and restore them."""
    NOTES_WRITE = "notes.write"
    TAGS_KEEP = "tags.keep"
    """Make tags."""
    PEOPLE_KEEP = "people.keep"
    """Make and change customers and organizations."""
    EXPORTS_MAKE = "exports.make"
    """Take out all that one sees, as a file."""
    IMPORTS_MAKE = "imports.make"
    """Bring tickets in from files."""
    WEBHOOKS_KEEP = "webhooks.keep"
    """See everybody's webhooks, switch them on and off, try and delete them. Agents keep their own without it."""
    ROLES_KEEP = "roles.keep"
    """Make, change and delete roles that hold no right that one has not oneself."""


BY_ROLE_ONLY = frozenset(
    {
        Permission.EXPORTS_MAKE,
        Permission.IMPORTS_MAKE,
        Permission.WEBHOOKS_KEEP,
        Permission.ROLES_KEEP,
    }
)
"""What a plain agent may not: a custom role gives it."""
AGENT = frozenset(Permission) - BY_ROLE_ONLY
LIGHT_AGENT = frozenset({Permission.TICKETS_OPEN, Permission.NOTES_WRITE})
NOBODY: frozenset[Permission] = frozenset()
