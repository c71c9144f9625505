"""Work that nobody waits for: threads of the server process keep the desk in order, and take mail in."""

from ombud.worker.chores import chores_running
from ombud.worker.mail import mail_running

__all__ = ["chores_running", "mail_running"]
