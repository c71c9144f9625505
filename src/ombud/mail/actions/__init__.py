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
from ombud.mail.actions.mailboxes import (
    MailboxChanges,
    NewSecrets,
    change_mailbox,
    clean_address,
    create_mailbox,
    get_mailbox,
    reseal,
)
from ombud.mail.actions.rules import RuleChanges, change_rule, create_rule, delete_rule

__all__ = [
    "Acknowledge",
    "MailboxChanges",
    "NewSecrets",
    "RuleChanges",
    "begin_attempts",
    "change_mailbox",
    "change_rule",
    "claim_automatic_letter",
    "clean_address",
    "clear_bounce",
    "create_mailbox",
    "create_rule",
    "delete_rule",
    "forget_old_letters",
    "get_mailbox",
    "receive",
    "refuse",
    "requeue",
    "reseal",
    "routing",
    "settle",
]
