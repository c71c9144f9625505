"""The verbs of mail: take in (`intake`), put elsewhere (`refile`), bounces, letters by itself, administration."""

from ombud.mail.actions.answers import claim_automatic_letter, forget_old_letters
from ombud.mail.actions.bounces import clear_bounce
from ombud.mail.actions.intake import (
    Acknowledge,
    begin_attempts,
    receive,
    refuse,
    requeue,
    routing,
    settle,
)

__all__ = [
    "Acknowledge",
    "begin_attempts",
    "claim_automatic_letter",
    "clear_bounce",
    "forget_old_letters",
    "receive",
    "refuse",
    "requeue",
    "routing",
    "settle",
]
