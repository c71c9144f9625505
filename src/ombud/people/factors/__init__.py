"""Second factors: authenticator apps with recovery codes, and passkeys, which count as both factors."""

from ombud.people.factors.actions import (
    ProofOver,
    SecondFactorNeeded,
    add_passkey,
    begin_second_step,
    begin_totp,
    confirm_totp,
    count_stale,
    drop_expired_steps,
    end_step,
    make_recovery_codes,
    remove_passkey,
    remove_totp,
    rename_passkey,
    renew_session,
    reseal,
    reset_factors,
    sign_in,
)
from ombud.people.factors.door import SecondDoor

__all__ = [
    "ProofOver",
    "SecondDoor",
    "SecondFactorNeeded",
    "add_passkey",
    "begin_second_step",
    "begin_totp",
    "confirm_totp",
    "count_stale",
    "drop_expired_steps",
    "end_step",
    "make_recovery_codes",
    "remove_passkey",
    "remove_totp",
    "rename_passkey",
    "renew_session",
    "reseal",
    "reset_factors",
    "sign_in",
]
