"""What the loader asks before it writes: builders that return a Select."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from ombud.models import ExternalRef, Organization, OrganizationDomain, Tag, Team, Ticket, User

INDEX_BATCH = 1000


def hold_source(source: str) -> Select[Any]:
    """Take the source's lock until the transaction ends: two imports of it take turns."""
    return select(func.pg_advisory_xact_lock(func.hashtextextended(f"import:{source}", 0)))


def known_keys(source: str, keys: Collection[str]) -> Select[str, int, datetime]:
    """Return those keys that came in already, with their ticket and when that was."""
    return select(ExternalRef.key, ExternalRef.ticket_id, ExternalRef.created_at).where(
        ExternalRef.source == source, ExternalRef.key.in_(keys)
    )


def people_by_email(emails: Collection[str]) -> Select[str, int, bool, bool]:
    """Return address in lower case, id, is_staff and is_active of the people with these addresses."""
    return select(User.email_norm, User.id, User.is_staff, User.is_active).where(User.email_norm.in_(emails))


def organizations_by_domain(domains: Collection[str]) -> Select[str, int]:
    """Return which organization has each of these mail domains."""
    return select(OrganizationDomain.domain, OrganizationDomain.organization_id).where(
        OrganizationDomain.domain.in_(domains)
    )


def teams_by_name(names: Collection[str]) -> Select[str, int]:
    """Return the teams with these names, in lower case."""
    return select(func.lower(Team.name), Team.id).where(func.lower(Team.name).in_(names))


def tags_by_name(names: Collection[str]) -> Select[str, int]:
    """Return the tags with these names, in lower case."""
    return select(func.lower(Tag.name), Tag.id).where(func.lower(Tag.name).in_(names))


def deleted_among(ticket_ids: Collection[int]) -> Select[int]:
    """Return those of the tickets that are deleted."""
    return select(Ticket.id).where(Ticket.id.in_(ticket_ids), Ticket.deleted_at.is_not(None))


def organization_by_name(name: str) -> Select[Organization]:
    """Return the organization of that name."""
    return select(Organization).where(Organization.name == name)


def database_time() -> Select[datetime]:
    """Return the database's clock, to tell this run's rows from those of earlier runs."""
    return select(func.now())


def index_tail() -> Select[int]:
    """Move up to INDEX_BATCH fresh search documents into the index; 0 when none are left."""
    return select(func.ombud.index_search_tail(INDEX_BATCH))


def count_keys(source: str) -> Select[int]:
    """Return how many keys a source has brought."""
    return select(func.count()).select_from(ExternalRef).where(ExternalRef.source == source)
