"""Secrets of a lived-in desk, looked for in its unpacked backup: what docs/security.md says is not in it is not."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from pyotp import TOTP
from sqlalchemy import text

from ombud import Desk
from ombud.backup.make import Source, make_backup
from ombud.backup.programs import find_program, output_of
from ombud.kit.guard import Guard
from ombud.kit.vault import open_vault
from ombud.mail.actions import MailboxChanges, NewSecrets, create_mailbox
from ombud.people.accounts import create_token, start_session
from ombud.people.factors import begin_totp, confirm_totp
from ombud.testing import PASSWORD, Cast
from ombud.webhooks.actions import EndpointChanges, create_endpoint
from tests.backup.conftest import SYSTEM


def forms_of(secret: str) -> Iterator[bytes]:
    """Yield a secret as a dump would show it: as text, as bytes, in base64; what it encodes, as bytes."""
    plain = secret.encode()
    yield plain
    yield base64.b64encode(plain).rstrip(b"=")[:-1]  # its end depends on what comes next
    encoded = [plain]
    if secret.startswith("whsec_"):
        encoded.append(base64.b64decode(secret.removeprefix("whsec_")))
    if secret.isupper():
        encoded.append(base64.b32decode(secret))
    yield from (one.hex().encode() for one in encoded)


def secrets_of(desk: Desk, cast: Cast, source: Source) -> dict[str, str]:
    """Live in the desk: sign in, set up what has a secret; return each as its owner was told it."""
    vault, admin = open_vault(source.data_dir / "keys"), cast.admin.actor
    told = {"password": PASSWORD}
    told["session"] = desk.run(admin, start_session, cast.admin.id, ip="192.0.2.1", browser="b" * 20)
    told["API token"] = desk.run(admin, create_token, cast.admin.id, "shop")[0].split("_")[3]
    told["TOTP secret"] = desk.run(admin, begin_totp, vault=vault)
    codes = desk.run(admin, confirm_totp, told["TOTP secret"], TOTP(told["TOTP secret"]).now())
    told |= {f"recovery code {n}": code for n, code in enumerate(codes)}
    told |= {f"recovery code {n}, as it is hashed": code.replace("-", "") for n, code in enumerate(codes)}
    changes: EndpointChanges = {"url": "http://127.0.0.1:9/hooks"}
    told["webhook secret"] = desk.run(
        admin, create_endpoint, changes, vault=vault, guard=Guard(["127.0.0.1"])
    )[1]
    words = NewSecrets(imap_secret="imap-canary-4711", smtp_secret="smtp-canary-0815")
    box = MailboxChanges(name="Box", address="box@desk.example")
    desk.run(SYSTEM, create_mailbox, box, secrets=words, vault=vault)
    return {**told, "IMAP password": words["imap_secret"], "SMTP password": words["smtp_secret"]}


def unpacked(folder: Path) -> bytes:
    """Return everything in a backup: its dump as SQL, and its other files as they are."""
    dump = sorted((folder / "database").iterdir())
    others = (one for one in sorted(folder.rglob("*")) if one.is_file() and one not in dump)
    with output_of(
        find_program("pg_restore", at_least=15), ["--file=-"], fed=(one.read_bytes() for one in dump)
    ) as sql:
        return b"\n".join(chain([sql.read()], (one.read_bytes() for one in others)))


def test_a_backup_opens_no_door(desk: Desk, cast: Cast, source: Source, tmp_path: Path) -> None:
    secrets = secrets_of(desk, cast, source)
    with desk.begin(SYSTEM) as session:  # what is looked for is found where it is in the clear
        session.execute(text("INSERT INTO ombud.tags (name) VALUES ('tag-canary-1234')"))
    make_backup(source, tmp_path / "backup")
    found = unpacked(tmp_path / "backup")
    assert any(form in found for form in forms_of("tag-canary-1234"))
    in_it = [what for what, secret in secrets.items() if any(form in found for form in forms_of(secret))]
    assert in_it == []
    private = (one for one in (source.data_dir / "keys").iterdir() if b"PUBLIC" not in one.read_bytes())
    lines = {line.split()[-1] for one in private for line in one.read_bytes().splitlines() if len(line) > 40}
    assert lines
    assert [line for line in lines if line in found] == [], "the private keys stay at home"
    # What the documents say is in it: hashes of passwords.
    assert b"$argon2id$" in found
