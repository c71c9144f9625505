"""Webhooks after the Standard Webhooks specification: programs elsewhere are told of what happens on tickets."""

from ombud.webhooks.actions import (
    CHOICES,
    EndpointChanges,
    change_endpoint,
    count_stale,
    create_endpoint,
    delete_endpoint,
    forget_old_deliveries,
    get_endpoint,
    reseal,
    rotate_secret,
    send_again,
    send_test,
)
from ombud.webhooks.dispatch import dispatch

__all__ = [
    "CHOICES",
    "EndpointChanges",
    "change_endpoint",
    "count_stale",
    "create_endpoint",
    "delete_endpoint",
    "dispatch",
    "forget_old_deliveries",
    "get_endpoint",
    "reseal",
    "rotate_secret",
    "send_again",
    "send_test",
]
