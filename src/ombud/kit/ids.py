"""Ids from outside: what can be the key of a row at all."""

BIGINT_MAX = 2**63 - 1


def is_id(value: int) -> bool:
    """True for what PostgreSQL could have given out as a key; anything else names nothing, of whatever type it is."""
    return type(value) is int and 0 < value <= BIGINT_MAX  # True is no key, nor is the text of one
