"""Doing an unsafe call once, however often it is sent: claim the key, keep the answer, forget it after a day.

The key is claimed and the answer kept in the transaction of the effect: both are there, or neither.
"""

from ombud.idempotency.actions import (
    KEPT_FOR,
    Answer,
    Keyed,
    KeyInUse,
    KeyReused,
    claim,
    drop_old_answers,
    keep,
)

__all__ = ["KEPT_FOR", "Answer", "KeyInUse", "KeyReused", "Keyed", "claim", "drop_old_answers", "keep"]
