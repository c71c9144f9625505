"""Servers that refuse everybody, and say so with all that they were told: for secrets in errors of the other side."""

from __future__ import annotations

import base64
import socketserver
import threading
from typing import Any, Self


class Echo(socketserver.ThreadingTCPServer):
    """One server on 127.0.0.1 that speaks one protocol, keeps what it heard, and sends it back in its refusals."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handler: type[socketserver.StreamRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.heard = ""
        self.was_told = threading.Event()
        """Set when somebody has tried to sign in, or has asked."""
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def hear(self, said: str) -> None:
        """Keep what was said."""
        self.heard += said

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class Imap(socketserver.StreamRequestHandler):
    """Takes no LOGIN."""

    server: Any

    def handle(self) -> None:
        """Answer until the other side goes."""
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline():
            tag, _, said = line.strip().partition(b" ")
            self.server.hear(said.decode())
            if said.upper().startswith(b"CAPABILITY"):
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                continue
            self.wfile.write(tag + b" NO [AUTHENTICATIONFAILED] you said: " + said + b"\r\n")
            if said.upper().startswith(b"LOGIN"):
                self.server.was_told.set()


class Smtp(socketserver.StreamRequestHandler):
    """Takes no AUTH."""

    server: Any

    def handle(self) -> None:
        """Answer until the other side goes."""
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline():
            said = line.strip().decode()
            word, _, rest = said.partition(" ")
            if word.upper() == "EHLO":
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            elif word.upper() == "AUTH":
                clear = base64.b64decode(rest.partition(" ")[2]).decode().replace("\0", " ")
                self.server.hear(clear)
                self.wfile.write(f"535 5.7.8 you said: {rest} which is {clear}\r\n".encode())
                self.server.was_told.set()
            else:
                self.wfile.write(b"221 bye\r\n" if word.upper() == "QUIT" else b"250 well\r\n")


class Http(socketserver.StreamRequestHandler):
    """Refuses every request."""

    server: Any

    def handle(self) -> None:
        """Answer one request."""
        head, size = "", 0
        while (line := self.rfile.readline().decode()).strip():
            head += line
            if line.lower().startswith("content-length:"):
                size = int(line.partition(":")[2])
        said = head + self.rfile.read(size).decode()
        self.server.hear(said)
        body = f'{{"error": "invalid_client", "error_description": {said!r}}}'.encode()
        answer = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.wfile.write(answer.encode() + body)
        self.server.was_told.set()
