"""What the loader asks before it writes: builders that return a Select."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from ombud.models import INCLUDE_DELETED, ExternalRef, OrganizationDomain, Tag, Team, Ticket, User


def hold_source(source: str) -> Select[*tuple[Any, ...]]:
    """Take the source's lock until the transaction ends: two imports of it take turns."""
    return select(func.pg_advisory_xact_lock(func.hashtextextended(f"import:{source}", 0)))


def known_keys(source: str, keys: Collection[str]) -> Select[str, int, datetime]:
    """Return those keys that came in already, with their ticket (where it goes on) and when that was."""
    return (
        select(ExternalRef.key, func.coalesce(Ticket.merged_into_id, Ticket.id), ExternalRef.created_at)
        .select_from(ExternalRef)
        .join(Ticket, Ticket.id == ExternalRef.ticket_id)
        .where(ExternalRef.source == source, ExternalRef.key.in_(keys))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def people_by_email(emails: Collection[str]) -> Select[str, int, bool]:
    """Return each address that is somebody's, as given, with that person's id and whether they are staff.

    An address of somebody who was merged is the other person's.
    """
    given, known = _given(emails), aliased(User)
    return select(given, User.id, User.is_staff).where(
        known.email_norm == func.lower(given), User.id == func.coalesce(known.merged_into_id, known.id)
    )


def organizations_by_domain(domains: Collection[str]) -> Select[str, int]:
    """Return which organization has each of these mail domains."""
    return select(OrganizationDomain.domain, OrganizationDomain.organization_id).where(
        OrganizationDomain.domain.in_(domains)
    )


def teams_by_name(names: Collection[str]) -> Select[str, int]:
    """Return each name that is a team's, as given, with the team's id."""
    given = _given(names)
    return select(given, Team.id).join(Team, func.lower(Team.name) == func.lower(given))


def tags_by_name(names: Collection[str]) -> Select[str, int]:
    """Return each name that is a tag's, as given, with the tag's id."""
    given = _given(names)
    return select(given, Tag.id).join(Tag, func.lower(Tag.name) == func.lower(given))


def deleted_among(ticket_ids: Collection[int]) -> Select[int]:
    """Return those of the tickets that are deleted."""
    found = select(Ticket.id).where(Ticket.id.in_(ticket_ids), Ticket.deleted_at.is_not(None))
    return found.execution_options(**{INCLUDE_DELETED: True})


def database_time() -> Select[datetime]:
    """Return the database's clock, to tell this run's rows from those of earlier runs."""
    return select(func.now())


def count_keys(source: str) -> Select[int]:
    """Return how many keys a source has brought."""
    return select(func.count()).select_from(ExternalRef).where(ExternalRef.source == source)


def _given(values: Collection[str]) -> ColumnElement[str]:
    """Return the values as a column: what is lower case is for the database to say, not for Python."""
    return func.unnest(bindparam(None, list(values), type_=ARRAY(Text))).column_valued("given")
