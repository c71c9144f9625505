"""The sockets of an engine's connections, so that all of them can be cut at once, from any thread.

A driver that waits for a server that froze waits on; when the kernel says that the link is gone, each wakes up.
"""

import contextlib
import os
import socket
from typing import Any

from sqlalchemy import Engine, event

from ombud.db.alive import file_number


class Links:
    """Follows engines. Each socket is kept by a number of our own, which nobody else can be given meanwhile."""

    def __init__(self) -> None:
        self._links: dict[int, socket.socket] = {}

    def follow(self, engine: Engine) -> None:
        """Know the connections that `engine` makes from now on."""

        @event.listens_for(engine, "connect")
        def opened(connection: Any, _record: Any) -> None:
            number = file_number(connection)
            if number is not None:
                self._links[id(connection)] = socket.socket(fileno=os.dup(number))

        @event.listens_for(engine, "close")
        def closed(connection: Any, _record: Any) -> None:
            link = self._links.pop(id(connection), None)
            if link is not None:
                link.close()

    def cut(self) -> None:
        """End every connection: whoever waits on one gets an error now, and the pool replaces it."""
        for link in list(self._links.values()):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
