"""A receiver of webhooks on this machine: it keeps what came, and answers as it is told."""

import http.server
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from standardwebhooks import Webhook


@dataclass
class Came:
    """A request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """Return the message as a receiver reads it: by the library of the specification."""
        return dict(Webhook(secret).verify(self.body, dict(self.headers)))

    def read(self, secret: str) -> dict[str, Any]:
        """Return the message however long ago it came: its signature must be right, its age is not looked at."""
        sent = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        signature = Webhook(secret).sign(self.message_id, sent, self.body.decode())
        assert signature in self.headers["webhook-signature"].split()
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """Answers each path in its own way: `answers[path]` is a status, or a status with headers."""

    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    came: list[Came] = field(default_factory=list)
    slow: threading.Event = field(default_factory=threading.Event)
    """`/slow` answers when it is set."""

    def __enter__(self) -> Self:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # whoever sent it died on the way
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.came.append(Came(self.path, headers, body))
                if self.path == "/slow":
                    receiver.slow.wait(30)
                status, extra = receiver.answers.get(self.path, (204, {}))
                try:
                    self.send_response(status)
                    for name, value in extra.items():
                        self.send_header(name, value)
                    self.end_headers()
                except OSError:
                    return

            def log_message(self, *_args: object) -> None:
                """Be quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.slow.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def at(self, path: str) -> list[Came]:
        return [one for one in self.came if one.path == path]
