"""Telling agents: what they were given, who answered, who named them. In the page at once, by mail a little later."""

from ombud.notifications.actions import (
    change_settings,
    mail_notifications,
    mark_all_read,
    mark_notices_read,
    mark_notification_read,
    mark_ticket_read,
)

__all__ = [
    "change_settings",
    "mail_notifications",
    "mark_all_read",
    "mark_notices_read",
    "mark_notification_read",
    "mark_ticket_read",
]
