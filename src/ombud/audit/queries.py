"""Calls of the database's audit functions."""

from sqlalchemy import Select, func, select


def partitions_step(months_ahead: int) -> Select[int]:
    """Make the partitions of this month and the next ones; returns how many were missing."""
    return select(func.ombud.ensure_audit_partitions(months_ahead))
