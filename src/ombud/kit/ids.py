"""Ids from outside: what can be the key of a row at all."""

BIGINT_MAX = 2**63 - 1


def is_id(value: int) -> bool:
    """True for what PostgreSQL could have given out as a key; anything else names nothing."""
    return 0 < value <= BIGINT_MAX
