"""Which tables are not audited, and why. All others must have their three triggers; `verify` looks."""

from collections.abc import Mapping

TRIGGERS_PER_TABLE = 3

EXEMPT: Mapping[str, str] = {
    "access_logs": "is a log itself, which no application role can change",
    "account_letters": "says what a message of the outbox is about; the message is audited",
    "account_requests": "asks for a letter; the link and the message that come of it are audited",
    "account_notices": "follow from changes that are audited",
    "alembic_version": "is Alembic's own; migrations are recorded by what they change",
    "audit_checkpoints": "seals the log and is signed",
    "audit_logs": "is the log",
    "automatic_mails": "counts letters for two days; the letters themselves have a record of their own",
    "audit_redacted_rows": "is under the signature of its redaction, which is audited",
    "drafts": "unsent words are nobody's business, and are saved at every pause in typing",
    "external_refs": "says where an imported ticket came from; written once, with the ticket",
    "kept_answers": "repeats for a day what was answered; what the call did is audited",
    "login_attempts": "counts tries of strangers; a guesser must not be able to fill the log",
    "known_browsers": "say which browsers somebody has used; sign-ins have records of their own",
    "logout_tokens": "last for minutes and open nothing; what they end is in no log of its own either",
    "mail_references": "follows from the messages on a ticket, whose arrival is audited",
    "mailbox_positions": "says how far a mailbox was fetched; it changes with every fetch",
    "sign_in_flows": "last for minutes and open nothing; what comes of them is audited",
    "sign_in_steps": "last for minutes and open nothing; what comes of them is audited",
    "stale_files": "follows from the files of tickets and mails by triggers",
    "search_queue": "follows from tickets by triggers; empty but for the seconds after a bulk load",
    "search_words": "follows from tickets and comments by the worker",
    "notification_settings": "how somebody wants to be told is their own business",
    "notifications": "follow from changes that are audited; reading them is no change",
    "outbound_recipients": "say what servers answered at each attempt; what became of the message is audited",
    "ticket_reads": "who has seen what is for the access log; it changes with every look",
    "ticket_stats": "follows from tickets by triggers",
    "ticket_stats_delta": "follows from tickets by triggers",
    "ticket_search": "follows from tickets and comments by triggers",
    "ticket_texts": "follows from tickets and comments by the worker",
    "webhook_deliveries": "follow from the log; what became of each attempt is in themselves",
    "webhook_position": "says how far the log was read for webhooks; it moves all the time",
    "transfer_problems": "say what of a file did not come in; the import is audited",
    "web_sessions": "changes with every page; sign-ins have records of their own",
}
