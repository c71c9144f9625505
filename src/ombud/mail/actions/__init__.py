"""The verbs of mail: take in (`intake`), put elsewhere (`refile`), bounces, letters by itself, administration."""

from ombud.mail.actions.answers import claim_automatic_letter, forget_old_letters
from ombud.mail.actions.bounces import clear_bounce
from ombud.mail.actions.intake import (
    Acknowledge,
    begin_attempts,
    receive,
    refuse,
    requeue,
    settle,
)
from ombud.mail.actions.mailboxes import (
    MailboxChanges,
    NewSecrets,
    change_mailbox,
    clean_address,
    count_stale,
    create_mailbox,
    get_mailbox,
    reseal,
)
from ombud.mail.actions.refile import (
    Refiled,
    acting_for,
    discard,
    move_message,
    release,
    split_message,
    undo_refiling,
)
from ombud.mail.actions.rules import RuleChanges, change_rule, create_rule, delete_rule, get_rule
from ombud.mail.routing import routing

__all__ = [
    "Acknowledge",
    "MailboxChanges",
    "NewSecrets",
    "Refiled",
    "RuleChanges",
    "acting_for",
    "begin_attempts",
    "change_mailbox",
    "change_rule",
    "claim_automatic_letter",
    "clean_address",
    "clear_bounce",
    "count_stale",
    "create_mailbox",
    "create_rule",
    "delete_rule",
    "discard",
    "forget_old_letters",
    "get_mailbox",
    "get_rule",
    "move_message",
    "receive",
    "refuse",
    "release",
    "requeue",
    "reseal",
    "routing",
    "settle",
    "split_message",
    "undo_refiling",
]
