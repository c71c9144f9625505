"""What the loader of an export looks up: builders that return a Select."""

from collections.abc import Collection
from typing import Any, TypeAlias

from sqlalchemy import Select, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from ombud.models import INCLUDE_DELETED, CustomRole, Organization, Tag, Team, Ticket, User

Names: TypeAlias = Select[*tuple[Any, ...]]


def set_curating() -> Select[str]:
    """Tell the database, until the transaction ends, that what comes in has its own times and states."""
    return select(func.set_config("ombud.curating", "on", True))


def users(emails: Collection[str]) -> Names:
    """Look people up by address: themselves, not whom they were merged into."""
    return _looked_up(emails, User.id, User.email_norm)


def organizations(names: Collection[str]) -> Names:
    """Look organizations up by name."""
    return _looked_up(names, Organization.id, func.lower(Organization.name))


def roles(names: Collection[str]) -> Names:
    """Look custom roles up by name."""
    return _looked_up(names, CustomRole.id, func.lower(CustomRole.name))


def teams(names: Collection[str]) -> Names:
    """Look teams up by name."""
    return _looked_up(names, Team.id, func.lower(Team.name))


def tags(names: Collection[str]) -> Names:
    """Look tags up by name."""
    return _looked_up(names, Tag.id, func.lower(Tag.name))


def tickets(numbers: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Return number, id and time of creation of tickets."""
    return (
        select(Ticket.ticket_number, Ticket.id, Ticket.created_at)
        .where(Ticket.ticket_number.in_(numbers))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def _looked_up(names: Collection[str], key: Any, lower: Any) -> Names:
    """Return each name as given and in lower case, with the id of what it is here, or None."""
    called = (
        func.unnest(bindparam(None, list(names), type_=ARRAY(Text)))
        .table_valued("given")
        .render_derived("called")
    )
    folded = func.lower(called.c.given)
    return select(called.c.given, folded, key).select_from(called).outerjoin(key.class_, lower == folded)
