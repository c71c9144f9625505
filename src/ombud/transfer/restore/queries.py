"""What the loader of an export looks up: builders that return a Select."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select

from ombud.models import INCLUDE_DELETED, Organization, Tag, Team, Ticket, User


def set_curating() -> Select[str]:
    """Tell the database, until the transaction ends, that what comes in has its own times and states."""
    return select(func.set_config("ombud.curating", "on", True))


def users(emails: Collection[str]) -> Select[str, int]:
    """Return people by address in lower case: themselves, not whom they were merged into."""
    return select(User.email_norm, User.id).where(User.email_norm.in_([one.lower() for one in emails]))


def organizations(names: Collection[str]) -> Select[str, int]:
    """Return organizations by name in lower case."""
    return _named(Organization, names)


def teams(names: Collection[str]) -> Select[str, int]:
    """Return teams by name in lower case."""
    return _named(Team, names)


def tags(names: Collection[str]) -> Select[str, int]:
    """Return tags by name in lower case."""
    return _named(Tag, names)


def tickets(numbers: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Return number, id and time of creation of tickets."""
    return (
        select(Ticket.ticket_number, Ticket.id, Ticket.created_at)
        .where(Ticket.ticket_number.in_(numbers))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _named(model: Any, names: Collection[str]) -> Select[str, int]:
    return select(func.lower(model.name), model.id).where(
        func.lower(model.name).in_([name.lower() for name in names])
    )
