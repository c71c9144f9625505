"""What was chosen: rows for who changes them, and the whole for every process."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import JSONB

from ombud.models import DeskSetting

_LOCK = 0x6F6D_7365


def one_at_a_time() -> Select[Any]:
    """Wait until nobody else changes settings; the lock ends with the transaction."""
    return select(func.pg_advisory_xact_lock(_LOCK))


def rows() -> Select[DeskSetting]:
    """Return all that was ever chosen, by name. For administrators."""
    return select(DeskSetting).order_by(DeskSetting.name)


def chosen() -> Select[Any]:
    """Return what is chosen now as one object, whoever asks."""
    return select(func.ombud.chosen_settings(type_=JSONB))
