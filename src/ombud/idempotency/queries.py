"""Kept answers, found by their key."""

from datetime import datetime

from sqlalchemy import Select, func, select

from ombud.models import KeptAnswer


def key_lock(name: str) -> Select[bool]:
    """Take the lock of a key for as long as the transaction lasts; false when somebody has it. Never waits."""
    return select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0)))


def kept_answer(user_id: int, route: str, key: str, *, since: datetime) -> Select[KeptAnswer]:
    """The answer that a key was given at `since` or later."""
    return select(KeptAnswer).where(
        KeptAnswer.user_id == user_id,
        KeptAnswer.route == route,
        KeptAnswer.key == key,
        KeptAnswer.created_at >= since,
    )
