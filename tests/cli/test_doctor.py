"""`ombud doctor`: a sound desk has nothing wrong; each weakness that is planted is named, and no secret is shown."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import URL, update

from ombud import clock
from ombud.audit.keys import KEY_FILE, signing_key
from ombud.cli.app import run
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.health.doctor import CHECKS, examine_files, examine_settings
from ombud.kit.keyfile import make_file, secret_key
from ombud.kit.vault import Vault, add_key, open_vault
from ombud.models import (
    ApiToken,
    IdentityProvider,
    Mailbox,
    MailboxSending,
    Security,
    WebhookEndpoint,
)
from ombud.testing import Cast

SYSTEM = Actor.system("test")
YEAR = timedelta(days=365)
FAR = "192.0.2.7"
GOOD = secrets.token_urlsafe(32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The keys of a sound desk."""
    found = tmp_path / "keys"
    open_vault(found)
    signing_key(found)
    secret_key(found / "mail-hmac.key")
    return found


def named(found: list[Any]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for one in found:
        told.setdefault(one.check, []).append(one.what)
    return told


def test_the_files_of_a_sound_desk_are_let_be(folder: Path) -> None:
    assert examine_files(folder, YEAR) == []
    assert examine_files(folder / "none", YEAR) == []


def test_files_that_others_read_and_keys_that_are_none_are_named(folder: Path) -> None:
    ring, hmac = folder / "vault.keys", folder / "mail-hmac.key"
    add_key(folder)
    os.utime(ring, (ring.stat().st_atime, (clock.now() - 2 * YEAR).timestamp()))
    key = rsa_pem(1024)
    (folder / "audit-other.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\n")
    for path in (hmac, folder / "audit-other.pem"):
        path.chmod(0o644)
    folder.chmod(0o755)
    hmac.write_text("00" * 32, encoding="ascii")
    make_file(folder / "copy.key", ring.read_text().split()[1].encode())
    told = named(examine_files(folder, YEAR))
    assert set(told) == {"key_permissions", "key_weak", "key_shared", "key_old", "key_unretired"}
    assert [one.split(" (")[0] for one in told["key_permissions"]] == [
        f"others may use {folder}",
        f"others may use {hmac}",
    ], "a public key may be read by everybody"
    assert told["key_weak"] == [f"{hmac} repeats itself"]
    assert f"is the same as {folder / 'copy.key'}" in told["key_shared"][0]
    assert key


def rsa_pem(bits: int) -> str:
    key = rsa.generate_private_key(65537, bits)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def test_settings_that_are_easy_to_guess_or_to_hear_are_named(tmp_path: Path) -> None:
    def look(**given: Any) -> dict[str, list[str]]:
        return named(examine_settings(Settings(**given)))

    assert look() == {}
    assert look(base_url="https://desk.example", metrics_token=GOOD, host=FAR) == {}
    assert look(base_url="http://localhost:8377", redis_url="redis://127.0.0.1/1") == {}
    assert set(look(base_url="http://desk.example")) == {"plain_base_url"}
    assert set(look(host=FAR)) == {"plain_base_url"}
    weak = look(
        metrics_token="changeme" * 3, files_secret_key=GOOD, redis_url=f"rediss://:{GOOD}@cache.example"
    )
    assert set(weak) == {"secret_weak", "secret_shared"}
    assert weak["secret_shared"] == ["the password in OMBUD_REDIS_URL is the same as OMBUD_FILES_SECRET_KEY"]
    assert GOOD not in str(weak)
    far = look(
        database_url=f"postgresql://desk:{GOOD}@db.example/desk",
        replica_url="postgresql://desk@db2.example/desk?sslmode=verify-full",
        redis_url="redis://cache.example",
        files_endpoint="http://s3.example",
    )
    assert [one.split(" is ")[0].split(" leads ")[0] for one in far["plain_connection"]] == [
        "OMBUD_FILES_ENDPOINT",
        "OMBUD_DATABASE_URL",
        "OMBUD_REDIS_URL",
    ]
    assert set(look(smtp_port=25, mail_host=FAR)) == {"plain_mail_port"}
    certificate, password = tmp_path / "mail.pem", tmp_path / "password"
    certificate.write_text("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n" + rsa_pem(1024))
    certificate.chmod(0o644)
    password.write_text("postgres\n")
    password.chmod(0o666)
    found = look(mail_certificate=certificate, database_password_file=password)
    assert set(found) == {"certificate_weak", "secret_permissions"}
    assert len(found["secret_permissions"]) == 2
    password.chmod(0o600)
    certificate.chmod(0o600)
    certificate.write_text("nothing")
    found = look(mail_certificate=certificate, database_password_file=password)
    assert found["secret_weak"] == [
        "the password in OMBUD_DATABASE_PASSWORD_FILE is a sample that everybody knows"
    ]
    assert "no key can be read" in found["certificate_weak"][0]


def plant(desk: Desk, cast: Cast, vault: Vault) -> None:
    """Keep what is weak: a mailbox without TLS, short DKIM keys, one sealed elsewhere, http addresses, an old token."""
    with desk.begin(SYSTEM) as session:
        for number, sealed_for in enumerate((0, 1, 99)):
            box = Mailbox(name=f"Box {number}", address=f"box{number}@desk.example")
            if number == 0:
                box.imap_host, box.imap_security = "imap.example", Security.PLAIN
                box.smtp_host, box.smtp_security = "localhost", Security.PLAIN
            session.add(box)
            session.flush()
            key = rsa_pem(1024 if number == 0 else 2048)
            place = ("mailbox_sending", "dkim_key", box.id if sealed_for != 99 else 999)
            session.add(MailboxSending(mailbox_id=box.id, dkim_selector="one"))
            session.flush()
            session.execute(
                update(MailboxSending)
                .where(MailboxSending.mailbox_id == box.id)
                .values(dkim_key=vault.seal(key, place))
            )
        session.add(
            IdentityProvider(slug="there", label="There", issuer="http://id.example", client_id="desk")
        )
        session.add(WebhookEndpoint(owner_id=cast.admin.id, url="http://hooks.example/x", secret=b"x"))
        session.add(WebhookEndpoint(owner_id=cast.admin.id, url="http://127.0.0.1/x", secret=b"x"))
        old = clock.now() - 2 * YEAR
        session.execute(update(ApiToken).where(ApiToken.user_id == cast.admin.id).values(created_at=old))


@pytest.fixture
def told(
    database_url: URL,
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    monkeypatch.setattr("ombud.cli.app.signal.signal", lambda *_: None)
    monkeypatch.setenv("OMBUD_DATABASE_URL", database_url.render_as_string(hide_password=False))
    monkeypatch.setenv("OMBUD_DATA_DIR", str(tmp_path))

    def command(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run(["doctor", *words])
        return int(left.value.code or 0), capsys.readouterr().out

    return command


def test_the_command_names_what_is_weak(
    desk: Desk,
    cast: Cast,
    folder: Path,
    told: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = sorted(folder.iterdir())
    code, words = told()
    assert (code, words) == (0, f"{len(CHECKS)} checks, nothing wrong.\n")
    code, words = told("--json")
    assert (code, json.loads(words)["findings"], json.loads(words)["sound"]) == (0, [], True)
    plant(desk, cast, open_vault(folder))
    code, words = told("--json")
    report = json.loads(words)
    assert (code, report["sound"], report["checks"]) == (1, False, list(CHECKS))
    assert [(one["check"], one["severity"]) for one in report["findings"]] == [
        ("plain_mail", "bad"),
        ("secret_unopenable", "bad"),
        ("plain_provider", "bad"),
        ("dkim_weak", "notice"),
        ("plain_webhook", "notice"),
        ("token_old", "notice"),
    ]
    code, words = told()
    assert code == 1
    assert "imap.example" in words
    assert "1024 bits" in words
    assert f"{cast.admin.email} has 1 API token" in words
    assert sorted(folder.iterdir()) == before, "to look makes nothing"
    (folder / "vault.keys").chmod(0o644)
    code, words = told("--json")
    assert {"key_permissions", "plain_mail"} <= {one["check"] for one in json.loads(words)["findings"]}
    assert KEY_FILE not in words
    monkeypatch.setenv("OMBUD_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    code, words = told("--json")
    assert (code, [one["check"] for one in json.loads(words)["findings"]]) == (
        1,
        ["key_permissions", "database"],
    )
    monkeypatch.delenv("OMBUD_DATABASE_URL")
    code, words = told("--json")
    assert "there is no desk" in words
    assert sorted(folder.iterdir()) == before


def test_every_check_is_named_by_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [one for one in CHECKS if f'"{one}"' not in text] == []
