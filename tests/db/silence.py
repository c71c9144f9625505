"""A door to a port, in front of which the network can fall silent: nothing is passed on, and nothing is closed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Door:
    """Passes on what comes to `port`, as long as it is open."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_open = threading.Event()
        self._is_open.set()
        self._links: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._let_in)

    def shut(self) -> None:
        """Fall silent: who is connected hears nothing more, who comes is let in by the kernel and hears nothing."""
        self._is_open.clear()

    def open(self) -> None:
        """Pass everything on again, what waited too."""
        self._is_open.set()

    def close(self) -> None:
        """End everything."""
        self._is_open.set()
        for link in self._links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for link in self._links:
            link.close()

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _let_in(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _address = self._listener.accept()
                self._links.append(here)
                self._is_open.wait()
                try:
                    there = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    here.shutdown(socket.SHUT_RDWR)
                    continue
                self._links.append(there)
                self._start(self._pass_on, here, there)
                self._start(self._pass_on, there, here)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                self._is_open.wait()
                target.sendall(data)
        for link in (source, target):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)


@contextmanager
def door_to(target: int) -> Iterator[Door]:
    """Open a door to a port of this machine, and remove it afterwards."""
    door = Door(target)
    try:
        yield door
    finally:
        door.close()
