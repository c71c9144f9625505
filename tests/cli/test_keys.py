"""`ombud keys`: rotating under readers and writers who never notice."""

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import URL, update
from typer.testing import CliRunner

from ombud.cli import keys
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Conflict
from ombud.kit.vault import Vault, open_vault
from ombud.mail import queries
from ombud.mail.actions import MailboxChanges, NewSecrets, change_mailbox, create_mailbox
from ombud.mail.actions.mailboxes import secret_of
from ombud.models import MailboxSending

runner = CliRunner()
SYSTEM = Actor.system("test")


@pytest.fixture
def folder(database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMBUD_DATABASE_URL", database_url.render_as_string(hide_password=False))
    monkeypatch.setenv("OMBUD_DATA_DIR", str(tmp_path))
    return tmp_path / "keys"


def make(desk: Desk, vault: Vault, number: int) -> int:
    changes = MailboxChanges(name=f"Box {number}", address=f"box{number}@desk.example")
    secrets = NewSecrets(imap_secret=f"secret {number}")
    made = desk.run(SYSTEM, create_mailbox, changes, secrets=secrets, vault=vault)
    return made.id


def grow_old(folder: Path) -> None:
    ring = folder / "vault.keys"
    os.utime(ring, (ring.stat().st_atime, ring.stat().st_mtime - 120))


def test_keys_are_rotated_under_load_and_nothing_is_lost(desk: Desk, folder: Path) -> None:
    long_running = open_vault(folder)
    ids = {number: make(desk, long_running, number) for number in range(5)}
    place = ("mailbox_sending", "dkim_key", ids[0])
    with desk.begin(SYSTEM) as session:
        session.add(MailboxSending(mailbox_id=ids[0], dkim_selector="one"))
        session.flush()
        session.execute(update(MailboxSending).values(dkim_key=long_running.seal("a key", place)))
    over, wrong, progress = threading.Event(), list[object](), threading.Condition()
    rounds = [0, 0]

    def use(me: int) -> None:
        while not over.is_set():
            try:
                for number, mailbox_id in ids.items():
                    with desk.read(SYSTEM) as session:
                        box = session.scalars(queries.mailbox_with_secrets(mailbox_id)).one()
                        if secret_of(long_running, box, "imap_secret") != f"secret {number}":
                            wrong.append(number)
                    again = NewSecrets(imap_secret=f"secret {number}")
                    desk.run(SYSTEM, change_mailbox, mailbox_id, {}, secrets=again, vault=long_running)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is a failure of this test
                wrong.append(error)
            with progress:
                rounds[me] += 1
                progress.notify_all()

    def wait_for_a_round() -> None:
        begun = list(rounds)
        with progress:
            assert progress.wait_for(
                lambda: all(now > was + 1 for now, was in zip(rounds, begun, strict=True)), 60
            )

    users = [threading.Thread(target=use, args=(me,)) for me in range(2)]
    for one in users:
        one.start()
    try:
        for _ in range(3):
            assert runner.invoke(keys.app, ["rotate"]).exit_code == 0
            wait_for_a_round()  # instead of the minute
            grow_old(folder)
            retired = runner.invoke(keys.app, ["retire"])
            assert retired.exit_code == 0, retired.exception
            wait_for_a_round()
    finally:
        over.set()
        for one in users:
            one.join()
    assert wrong == []
    assert len((folder / "vault.keys").read_text().splitlines()) == 1
    with desk.begin(SYSTEM) as session:
        sending = session.scalars(queries.sendings_with_keys()).one()
        assert open_vault(folder).open(sending.dkim_key or b"", place) == "a key"


def test_old_keys_stay_while_something_needs_them(desk: Desk, folder: Path) -> None:
    vault = open_vault(folder)
    number = make(desk, vault, 1)
    with desk.read(SYSTEM) as session:
        before = session.scalars(queries.mailbox_with_secrets(number)).one().imap_secret
    assert runner.invoke(keys.app, ["rotate"]).exit_code == 0
    young = runner.invoke(keys.app, ["retire"])
    assert isinstance(young.exception, Conflict)
    grow_old(folder)
    with desk.begin(SYSTEM) as session:
        session.scalars(queries.mailbox_with_secrets(number)).one().imap_secret = before
    refused = runner.invoke(keys.app, ["retire"])
    assert isinstance(refused.exception, Conflict)
    assert "1 secrets" in refused.exception.message
    assert vault.open(before or b"", ("mailboxes", "imap_secret", number)) == "secret 1"
