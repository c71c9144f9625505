"""Letters about accounts: asking for one, and what the links in them do."""

from ombud.people.letters.actions import (
    LIFE,
    Link,
    LinkVoid,
    accept,
    ask_for_address,
    ask_for_letter,
    come_in,
    drop_expired_links,
    forget_requests,
    invite,
    issue_link,
    link_of,
    revoke_invitation,
    send_reset,
    take_address,
    use_link,
)

__all__ = [
    "LIFE",
    "Link",
    "LinkVoid",
    "accept",
    "ask_for_address",
    "ask_for_letter",
    "come_in",
    "drop_expired_links",
    "forget_requests",
    "invite",
    "issue_link",
    "link_of",
    "revoke_invitation",
    "send_reset",
    "take_address",
    "use_link",
]
