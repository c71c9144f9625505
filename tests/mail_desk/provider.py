"""A provider of access tokens (RFC 6749, section 6), on a port of 127.0.0.1: for servers that ask whose one is.

Each refresh token is good once: the answer brings the next one. `POST /token` exchanges, `GET /whose?token=...`
tells the owner.
"""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

CLIENT_ID, CLIENT_SECRET = "desk", "the desk's own s3cret"


@dataclass
class Provider:
    """What it gave, and to whom; a context manager that serves."""

    owner: str
    seconds: int = 3600
    refresh_token: str = field(default_factory=secrets.token_urlsafe)
    access_tokens: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = {name: found[0] for name, found in parse_qs(self.rfile.read(length).decode()).items()}
                self._answer(*provider.exchange(form))

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                owner = provider.owner_of(query.get("token", [""])[0])
                self._answer(200 if owner else 400, {"email": owner} if owner else {"error": "invalid_token"})

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def token_url(self) -> str:
        """Where refresh tokens are exchanged."""
        return f"http://127.0.0.1:{self._port}/token"

    @property
    def whose(self) -> str:
        """Where one asks whose an access token is, up to the token."""
        return f"http://127.0.0.1:{self._port}/whose?token="

    def owner_of(self, token: str) -> str | None:
        """Return whose token that is."""
        return self.access_tokens.get(token)

    def revoke(self) -> None:
        """Let all access tokens be good for nothing, long before they end."""
        self.access_tokens.clear()

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and answer."""
        self.asked.append(form)
        wanted = ("refresh_token", self.refresh_token, CLIENT_ID, CLIENT_SECRET)
        given = tuple(
            form.get(name) for name in ("grant_type", "refresh_token", "client_id", "client_secret")
        )
        if given != wanted:
            return 400, {"error": "invalid_grant"}
        token, self.refresh_token = secrets.token_urlsafe(), secrets.token_urlsafe()
        self.access_tokens[token] = self.owner
        return 200, {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.seconds,
            "refresh_token": self.refresh_token,
        }

    @property
    def _port(self) -> int:
        assert self._server is not None
        found: int = self._server.server_address[1]
        return found
