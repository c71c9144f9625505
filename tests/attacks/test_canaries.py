"""Canaries of every secret that a desk has, planted and used, and looked for wherever anything is told (T84, T85).

One story: secrets are set over the API and the pages, used against servers that send them back in their refusals, and
then all that the desk says is searched: lines of the log, answers of all routes, pages, errors, the audit log, exports,
a backup, figures, the description of the API, and what the database shows of its sessions.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from ombud import Actor, Desk, Settings
from ombud.asgi import build_app
from ombud.audit.keys import signing_key
from ombud.backup import make_backup
from ombud.backup.make import Source
from ombud.backup.programs import find_program
from ombud.files import open_store
from ombud.kit.vault import open_vault
from ombud.models import Mailbox
from ombud.testing import Cast, make_ticket
from ombud.tickets import reply
from ombud.transfer.export import export_records
from ombud.worker.fetch import keep_fetching
from ombud.worker.hooks import send_webhooks
from ombud.worker.mail_out import send_mail
from tests.api.test_api_matrix import filled, routes
from tests.attacks.echoing import Echo, Http, Imap, Smtp
from tests.web.hosting import TOKEN, plain_pages

pytestmark = pytest.mark.usefixtures("built")
SYSTEM = Actor.system("test")
ORIGIN = "http://desk.example"
CANARIES = {
    name: f"canary+{name}/7f3a=Zq"
    for name in (
        "imap", "smtp", "refresh", "client", "openid", "metrics", "s3-name", "s3-key", "password", "wrong-password",
    )
}  # fmt: skip


@pytest.fixture
def servers() -> Iterator[dict[str, Echo]]:
    with Echo(Imap) as imap, Echo(Smtp) as smtp, Echo(Http) as http, Echo(Http) as hook:
        yield {"imap": imap, "smtp": smtp, "http": http, "hook": hook}


@pytest.fixture
def settings(settings: Settings, servers: dict[str, Echo]) -> Settings:
    return settings.model_copy(
        update={
            "metrics_token": SecretStr(CANARIES["metrics"]),
            "internal_hosts": "127.0.0.1",
            "base_url": ORIGIN,
        }
    )


def test_no_secret_is_told_anywhere(  # noqa: PLR0917 -- fixtures
    desk: Desk, settings: Settings, cast: Cast, servers: dict[str, Echo], written: io.StringIO, tmp_path: Path
) -> None:
    assert settings.data_dir is not None
    logging.getLogger().setLevel(logging.DEBUG)  # all that anybody logs; `written` puts it back
    story = Story(desk, settings, cast, servers)
    signing_key(settings.data_dir / "keys")
    asyncio.run(story.plant())
    _use(desk, servers, cast.agent.in_new_request())
    asyncio.run(story.look_around())
    told = {
        "log": written.getvalue(),
        **story.told,
        **_rows(desk),
        "export": "\n".join(map(str, desk_export(desk))),
        "backup": _backup(desk, settings, tmp_path),
        "settings": repr(story.elsewhere) + str(story.elsewhere.model_dump()),
    }
    secrets = {**CANARIES, **story.secrets, **_keys(settings.data_dir / "keys")}
    assert len(secrets) >= 18
    _is_planted(desk, settings, servers, secrets)
    for where in ("log", "pages", "answers", "audit", "export", "backup", "sessions", "figures"):
        assert len(told[where]) > 500, f"{where} tells nothing, so nothing was searched"
    found = [
        (name, where)
        for name, secret in secrets.items()
        for where, said in told.items()
        if any(form in said for form in _forms(secret))
    ]
    assert found == []


class Story:
    """What an administrator does with secrets, and then sees."""

    def __init__(self, desk: Desk, settings: Settings, cast: Cast, servers: dict[str, Echo]) -> None:
        self.desk, self.settings, self.cast, self.servers = desk, settings, cast, servers
        self.secrets = {"token": cast.admin.token, "agent's password": cast.agent.password}
        self.told: dict[str, str] = {}
        self.app = build_app(desk, settings)
        bucket = {
            "files_url": "s3://bucket/desk",
            "files_endpoint": f"http://127.0.0.1:{servers['http'].port}",
            "files_region": "here",
            "files_access_key": SecretStr(CANARIES["s3-name"]),
            "files_secret_key": SecretStr(CANARIES["s3-key"]),
        }
        self.elsewhere = settings.model_copy(update=bucket)
        self.number = ""
        self.cookies = httpx.Cookies()

    def client(self, app: FastAPI | None = None, **headers: str) -> httpx.AsyncClient:
        """Return a client of the whole application."""
        transport = httpx.ASGITransport(app or self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    async def plant(self) -> None:
        """Set every secret that there is, and use what can be used by a call."""
        ticket = await self.desk.arun(SYSTEM, make_ticket, self.cast.customer.id)
        self.number = ticket.ticket_number
        http = f"http://127.0.0.1:{self.servers['http'].port}"
        async with self.client(Authorization=f"Bearer {self.cast.admin.token}") as api:
            password = {"imap_password": CANARIES["imap"], "smtp_password": CANARIES["smtp"]}
            hosts = {f"{kind}_host": "127.0.0.1" for kind in ("imap", "smtp")}
            ports = {f"{kind}_port": self.servers[kind].port for kind in ("imap", "smtp")}
            users = {f"{kind}_user": "desk" for kind in ("imap", "smtp")}
            plain = {f"{kind}_security": "plain" for kind in ("imap", "smtp")}
            mailbox = {
                "name": "Support",
                "address": "support@desk.example",
                **hosts,
                **ports,
                **users,
                **plain,
            }
            first = await self._post(api, "mailboxes", {**mailbox, **password})
            oauth = {"oauth_refresh_token": CANARIES["refresh"], "oauth_client_secret": CANARIES["client"]}
            asked = {"auth": "oauth", "oauth_token_url": f"{http}/token", "oauth_client_id": "desk"}
            second = await self._post(
                api, "mailboxes", {**mailbox, "address": "second@desk.example", **oauth, **asked}
            )
            key = rsa.generate_private_key(65537, 2048)
            form = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            pem = key.private_bytes(serialization.Encoding.PEM, *form).decode()
            self.secrets["DKIM key"] = pem.splitlines()[-3]  # the first ones are the public part
            signed = {"dkim_selector": "one", "dkim_key": pem}
            kept = await api.patch(f"/api/v1/mailboxes/{first['id']}/sending", json=signed)
            assert kept.status_code == 200, kept.text
            for one in (first, second):
                assert (await api.post(f"/api/v1/mailboxes/{one['id']}/trial")).status_code == 200
            hook = await self._post(
                api,
                "webhooks",
                {"url": f"http://127.0.0.1:{self.servers['hook'].port}/", "events": ["ticket.commented"]},
                told=False,
            )
            again = await api.post(f"/api/v1/webhooks/{hook['id']}/secret")
            self.secrets |= {"webhook's first": hook["secret"], "webhook's second": again.json()["secret"]}
            await api.post(f"/api/v1/webhooks/{hook['id']}/trial")
            provider = await self._post(
                api,
                "identity-providers",
                {
                    "slug": "stage", "label": "Stage", "issuer": http, "client_id": "desk",
                    "client_secret": CANARIES["openid"],
                },
            )  # fmt: skip
            assert (await api.post(f"/api/v1/identity-providers/{provider['id']}/trial")).status_code == 200
            made = await self._post(api, "tokens", {"name": "canary"}, told=False)
            self.secrets["another token"] = made["token"]
        bucket = build_app(self.desk, self.elsewhere)
        async with self.client(bucket, Authorization=f"Bearer {self.cast.admin.token}") as api:
            file = {"file": ("a.txt", b"x", "text/plain")}
            sent = await api.post(f"/api/v1/tickets/{self.number}/attachments", files=file)
            assert sent.status_code >= 500, sent.text
            self._tell("errors", sent)
        await self._sign_in()
        await self.desk.aclose()

    async def _sign_in(self) -> None:
        """Sign in on the pages, set an authenticator app up, and fail in some ways."""
        agent = self.cast.agent
        async with self.client(Origin=ORIGIN) as browser:
            form = {"email": agent.email, "csrf": _csrf(await browser.get("/sign-in"))}
            wrong = await browser.post("/sign-in", data={**form, "password": CANARIES["wrong-password"]})
            self._tell("errors", wrong)
            form["csrf"] = _csrf(await browser.get("/sign-in"))
            signed = await browser.post("/sign-in", data={**form, "password": agent.password})
            assert signed.status_code == 303
            self.secrets |= {
                f"cookie {name}": value for name, value in browser.cookies.items() if len(value) > 20
            }
            form = {"csrf": _csrf(await browser.get("/me/security"))}
            shown = (await browser.post("/me/app", data=form)).text
            found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', shown)
            assert found
            self.secrets["authenticator app"] = found[1].replace(" ", "")
            self.cookies = browser.cookies

    async def look_around(self) -> None:
        """Fetch every address that shows anything, as the administrator and as the agent."""
        answers, pages, errors = io.StringIO(), io.StringIO(), io.StringIO()
        async with self.client(Authorization=f"Bearer {self.cast.admin.token}") as api:
            for method, path in sorted(routes()):
                if method == "GET" and path != "/events":
                    answer = await api.get(f"/api/v1/{filled(path, self.cast, self.number)}")
                    answers.write(answer.text + str(answer.headers))
            for path in ("openapi.json", "docs", "mailboxes/2", "outbox/2"):
                answers.write((await api.get(f"/api/v1/{path}")).text)
            errors.write((await api.get("/api/v1/me", headers={"Authorization": "Bearer omb_live_x"})).text)
            bad = {"imap_password": 7, "name": CANARIES["imap"] * 100}
            errors.write(
                (await api.post("/api/v1/mailboxes", json=bad)).text.replace(CANARIES["imap"] * 100, "")
            )
            figures = await api.get("/metrics", headers={"Authorization": f"Bearer {CANARIES['metrics']}"})
            assert figures.status_code == 200
        async with self.client(Origin=ORIGIN) as browser:
            form = {"email": self.cast.admin.email, "csrf": _csrf(await browser.get("/sign-in"))}
            await browser.post("/sign-in", data={**form, "password": self.cast.admin.password})
            one = (
                "settings/mailboxes/1",
                "settings/mailboxes/2",
                "settings/providers/1",
                "settings/webhooks/1",
            )
            for path in (
                *plain_pages(),
                *(f"/{path}" for path in one),
                f"/tickets/{self.number}",
                "/outbox/1",
            ):
                page = await browser.get(path)
                pages.write(page.text + str({k: v for k, v in page.headers.items() if k != "set-cookie"}))
        self.told["answers"], self.told["pages"] = answers.getvalue(), pages.getvalue()
        self.told["errors"] = self.told.get("errors", "") + errors.getvalue()
        self.told["figures"] = figures.text
        await self.desk.aclose()

    async def _post(
        self, api: httpx.AsyncClient, path: str, body: dict[str, object], *, told: bool = True
    ) -> dict[str, str]:
        answer = await api.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        if told:
            self._tell("first answers", answer)
        made: dict[str, str] = answer.json()
        return made

    def _tell(self, where: str, answer: httpx.Response) -> None:
        headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
        self.told[where] = self.told.get(where, "") + answer.text + str(headers)


def _use(desk: Desk, servers: dict[str, Echo], who: Actor) -> None:
    """Let the worker fetch, send and tell, until each server has refused it."""
    for server in servers.values():
        server.was_told.clear()
    with desk.read(SYSTEM) as session:
        ticket = session.scalars(text("SELECT id FROM ombud.tickets")).one()
    desk.run(who, reply, ticket, "An answer.")
    works: list[tuple[Callable[[Desk, threading.Event], None], Echo]] = [
        (keep_fetching, servers["imap"]),
        (send_mail, servers["smtp"]),
        (send_webhooks, servers["hook"]),
    ]
    for work, server in works:
        stop = threading.Event()
        thread = threading.Thread(target=work, args=(desk, stop))
        thread.start()
        came = server.was_told.wait(30)
        stop.set()
        thread.join()
        assert came, f"{work.__name__} asked nobody"


def _rows(desk: Desk) -> dict[str, str]:
    """Return the audit log and the other things that the database tells."""
    with desk.engine.connect() as connection:
        connection.execute(text("SET ROLE ombud_backup"))
        logged = connection.scalars(text("SELECT (a.*)::text FROM ombud.audit_logs a")).all()
        seen = connection.scalars(text("SELECT (a.*)::text FROM ombud.access_logs a")).all()
    with desk.read(SYSTEM) as session:
        sessions = session.scalars(text("SELECT (a.*)::text FROM pg_stat_activity a")).all()
        asked = session.scalars(text("SELECT name || statement FROM pg_prepared_statements")).all()
    return {"audit": "\n".join([*logged, *seen]), "sessions": "\n".join([*sessions, *asked])}


def desk_export(desk: Desk) -> list[str]:
    """Return what leaves by an export."""
    with desk.read(SYSTEM) as session:
        return [json.dumps(record, default=str) for record in export_records(session, None)]


def _backup(desk: Desk, settings: Settings, tmp_path: Path) -> str:
    """Return a backup in clear: its dump as SQL, and everything beside it."""
    assert settings.data_dir is not None
    files = open_store(tmp_path / "files", limit=1)
    make_backup(Source(desk.engine.url, files, settings.data_dir), tmp_path / "backup")
    parts = sorted((tmp_path / "backup" / "database").iterdir())
    program = find_program("pg_restore", at_least=0)
    dump = subprocess.run(
        [program.path, "--file=-"],
        input=b"".join(map(Path.read_bytes, parts)),
        capture_output=True,
        check=True,
    )
    beside = [path for path in (tmp_path / "backup").rglob("*") if path.is_file() and path not in parts]
    return dump.stdout.decode() + "".join(path.read_text(errors="replace") for path in beside)


def _keys(folder: Path) -> dict[str, str]:
    """Return the secret part of each key file."""
    found = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        lines = [line for line in path.read_text().splitlines() if "PUBLIC" not in path.read_text()]
        for number, line in enumerate(
            line for line in lines if not line.startswith(("-", "#")) and line.strip()
        ):
            found[f"{path.name} {number}"] = max(re.split(r"[\s:]", line), key=len)
    return found


def _is_planted(desk: Desk, settings: Settings, servers: dict[str, Echo], secrets: dict[str, str]) -> None:
    """See that the secrets are there, and that they were used: what is nowhere is found nowhere."""
    assert settings.data_dir is not None
    vault = open_vault(settings.data_dir / "keys")
    with desk.read(SYSTEM) as session:
        sealed = session.execute(
            text("SELECT id, imap_secret, smtp_secret, oauth_secret FROM ombud.mailboxes ORDER BY id")
        ).all()
    place = Mailbox.__tablename__
    assert vault.open(sealed[0].imap_secret, (place, "imap_secret", sealed[0].id)) == CANARIES["imap"]
    assert vault.open(sealed[0].smtp_secret, (place, "smtp_secret", sealed[0].id)) == CANARIES["smtp"]
    assert CANARIES["refresh"] in vault.open(sealed[1].oauth_secret, (place, "oauth_secret", sealed[1].id))
    assert CANARIES["imap"] in servers["imap"].heard
    assert CANARIES["smtp"] in servers["smtp"].heard
    assert quote(CANARIES["client"], safe="") in servers["http"].heard
    assert CANARIES["s3-name"] in servers["http"].heard
    assert "webhook-signature" in servers["hook"].heard.lower()
    assert any(name.startswith("vault.keys") for name in secrets)
    assert any(name.startswith("audit") for name in secrets)


def _csrf(page: httpx.Response) -> str:
    found = TOKEN.search(page.text)
    assert found, page.text
    return found[1]


def _forms(secret: str) -> set[str]:
    """Return a secret as it may be spelt: as it is, in an address, in base64, in hexadecimal digits, in JSON."""
    data = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        base64.b64encode(data).decode().rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        data.hex(),
        json.dumps(secret)[1:-1],
    }
