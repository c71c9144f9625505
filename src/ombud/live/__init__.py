"""Live updates: who is told when tickets change. The audit log knows, whoever wrote; we pass it on."""

from ombud.live.hub import Changes, LiveHub

__all__ = ["Changes", "LiveHub"]
