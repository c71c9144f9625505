"""How the desk fares: queues, mailboxes, sizes, slow statements, the parts around it. For administrators."""

from ombud.health.look import Health, Panel, look_at

__all__ = ["Health", "Panel", "look_at"]
