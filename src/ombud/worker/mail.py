"""Everything that brings mail into a running desk: the ports it listens on, and the mailboxes it fetches."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ombud.config import Settings
from ombud.db.desk import Desk
from ombud.worker.fetch import keep_fetching
from ombud.worker.listen import listening


@contextmanager
def mail_running(desk: Desk, settings: Settings) -> Iterator[list[int]]:
    """Listen and fetch for as long as the block lasts; yields the ports on which mail is taken."""
    stop = threading.Event()
    fetching = threading.Thread(target=keep_fetching, args=(desk, stop), name="ombud-imap", daemon=True)
    with listening(desk, settings) as listeners:
        fetching.start()
        try:
            yield [listener.port for listener in listeners]
        finally:
            stop.set()
            fetching.join(timeout=10)
