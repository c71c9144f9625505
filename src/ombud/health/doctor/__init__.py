"""Which keys and secrets of a desk are weak, and which doors have no lock. Nothing is changed, no secret is shown.

`examine_files` looks at the key files, `examine_settings` at what the environment says, `examine_stored` at what is
kept in the database. `ombud doctor` runs all three.
"""

from ombud.health.doctor.files import examine_files
from ombud.health.doctor.settings import examine_settings
from ombud.health.doctor.stored import examine_stored

CHECKS = (
    "key_permissions", "key_weak", "key_shared", "key_old", "key_unretired", "secret_weak", "secret_shared",
    "secret_permissions", "plain_base_url", "plain_connection", "plain_mail_port", "plain_mail", "certificate_weak",
    "dkim_weak", "secret_unopenable", "plain_provider", "plain_webhook", "token_old", "database",
)  # fmt: skip
"""The names of all that may be found; they are stable."""

__all__ = ["CHECKS", "examine_files", "examine_settings", "examine_stored"]
