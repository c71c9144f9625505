"""Work that nobody waits for: a thread of the server process keeps the desk in order."""

from ombud.worker.chores import chores_running

__all__ = ["chores_running"]
