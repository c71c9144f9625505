"""Whole numbers from outside: what can be the key of a row at all, and how much may be asked for."""

from ombud.errors import Invalid

BIGINT_MAX = 2**63 - 1


def is_id(value: int) -> bool:
    """True for what PostgreSQL could have given out as a key; anything else names nothing, of whatever type it is."""
    return type(value) is int and 0 < value <= BIGINT_MAX  # True is no key, nor is the text of one


def bounded(field: str, value: int, most: int) -> int:
    """Return a whole number from 1 to `most`; Invalid for any other value, of whatever type."""
    if type(value) is not int or not 1 <= value <= most:
        raise Invalid(fields={field: f"must be between 1 and {most}."})
    return value
