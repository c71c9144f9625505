"""A provider that can be made to lie: a real HTTP server of the tests, with a key of its own.

It does what OpenID Connect asks as long as nothing is changed. Nobody types anything: `grant` is the person who
signs in there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "desk", "the desk's s3cret: {100%}"
Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Grant:
    """What a code is good for, once."""

    redirect_uri: str
    challenge: str
    claims: dict[str, Any]


@dataclass
class Stage:
    """The provider; a context manager that serves on 127.0.0.1."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    metadata: dict[str, Any] = field(default_factory=dict)
    """What replaces parts of the document; None leaves one out."""
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    sign: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    replies: dict[str, Callable[[], Reply]] = field(default_factory=dict)
    """Answers of whole paths, instead of the right ones."""
    userinfo: dict[str, Any] | None = None
    asked: list[str] = field(default_factory=list)
    """Method and path of every request."""
    grants: dict[str, Grant] = field(default_factory=dict)
    issuer: str = ""
    _server: ThreadingHTTPServer | None = None

    def grant(self, request: dict[str, str], subject: str = "subject-1", **claims: Any) -> str:
        """Return a code for somebody who signed in at the address to which a browser was sent."""
        now = int(time.time())
        code = secrets.token_urlsafe(16)
        right = {
            "iss": self.issuer,
            "sub": subject,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": request["nonce"],
        }
        if request.get("max_age") == "0":
            right["auth_time"] = now
        merged = {name: value for name, value in {**right, **claims}.items() if value is not None}
        self.grants[code] = Grant(request["redirect_uri"], request["code_challenge"], merged)
        return code

    def token_text(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return an ID token, signed well."""
        return jwt.encode(header, claims, self.key)

    def logout(self, **claims: Any) -> str:
        """Return a logout token, signed as `sign` says; what is None is left out."""
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(16),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        merged = {name: value for name, value in {**right, **claims}.items() if value is not None}
        return (self.sign or self.token_text)(dict(self.header), merged)

    def document(self) -> dict[str, Any]:
        """Return what the provider says of itself."""
        right = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return {name: value for name, value in {**right, **self.metadata}.items() if value is not None}

    def token(self, form: dict[str, str], authorization: str) -> Reply:
        """Exchange a code: once, for its client, its address and its verifier."""
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        if [unquote(one) for one in given] != [CLIENT_ID, CLIENT_SECRET]:
            return _json(401, {"error": "invalid_client"})
        grant = self.grants.pop(form.get("code", ""), None)
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if grant is None or (grant.redirect_uri, grant.challenge) != (form.get("redirect_uri"), challenge):
            return _json(400, {"error": "invalid_grant", "error_description": "<b>reflected</b>"})
        sign = self.sign or self.token_text
        id_token = sign(dict(self.header), grant.claims)
        return _json(200, {"id_token": id_token, "access_token": "access", "token_type": "Bearer"})

    def answer(self, method: str, path: str, form: dict[str, str], authorization: str) -> Reply:
        """Answer one request."""
        self.asked.append(f"{method} {path}")
        if path in self.replies:
            return self.replies[path]()
        match path:
            case "/.well-known/openid-configuration":
                return _json(200, self.document())
            case "/keys":
                return _json(200, {"keys": [self.key.as_dict(private=False)]})
            case "/token":
                return self.token(form, authorization)
            case "/userinfo" if authorization == "Bearer access" and self.userinfo is not None:
                return _json(200, self.userinfo)
            case "/auth":
                return 200, {"Content-Type": "text/html"}, b"Sign in"
        return 404, {}, b""

    def __enter__(self) -> Self:
        stage = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer({name: found[0] for name, found in parse_qs(raw).items()})

            def _answer(self, form: dict[str, str]) -> None:
                path = urlsplit(self.path).path
                status, headers, body = stage.answer(
                    self.command, path, form, self.headers.get("Authorization", "")
                )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the desk hung up on us, as it should

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def unsigned(_header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a token that nobody signed (`alg: none`)."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def by_public_key(stage: Stage) -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """Return what signs with HMAC, and takes the public key, which everybody has, for the secret."""
    secret = stage.key.as_pem(private=False)

    def sign(_header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = f"{_part({'alg': 'HS256', 'kid': stage.key.kid})}.{_part(claims)}"
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return sign


def by_another_key(stage: Stage) -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """Return what signs well, with another key, and says that it is the provider's."""
    key = RSAKey.generate_key(2048)
    return lambda _header, claims: jwt.encode({"alg": "RS256", "kid": stage.key.kid}, claims, key)


def by_a_key_of_its_own(_header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a token that brings the key along by which it is to be believed."""
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False)}, claims, key)


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _json(status: int, body: dict[str, Any]) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
