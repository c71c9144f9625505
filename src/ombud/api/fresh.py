"""Sensitive calls ask for a fresh proof of who calls: a token made, or confirmed, a short while ago."""

from ombud import clock
from ombud.api.calls import Call
from ombud.errors import Forbidden
from ombud.people.accounts import is_fresh


class ConfirmationNeeded(Forbidden):
    """The caller must prove again who they are."""

    code = "confirmation_needed"
    default_message = "Confirm your password first: POST /api/v1/confirmation."


def require_fresh(call: Call) -> None:
    """Refuse a call whose owner has not proved who they are within the last minutes."""
    if not is_fresh(call.principal, clock.now()):
        raise ConfirmationNeeded
