"""How a mailbox sends: held, quoting, links, and a DKIM key that comes with its selector and is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from ombud import Actor
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.kit.vault import Vault, add_key, open_vault, retire_keys
from ombud.mail.actions import reseal
from ombud.mail.actions.sending import change_sending, get_sending, read_dkim_key
from ombud.models import MailboxSending
from tests.mail_desk.conftest import OutTray

SYSTEM = Actor.system("test")


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture(scope="module")
def private() -> str:
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path / "keys")


def sealed_key(tray: OutTray) -> bytes | None:
    with tray.desk.read(SYSTEM) as session:
        wanted = select(MailboxSending).options(undefer(MailboxSending.dkim_key))
        return session.scalars(wanted).one().dkim_key


def test_a_key_comes_with_its_selector_and_goes_with_it(tray: OutTray, vault: Vault, private: str) -> None:
    admin, box = tray.cast.admin.actor, tray.mailbox.id
    key = read_dkim_key(private)
    assert key.record.startswith("v=DKIM1; k=rsa; p=MII")
    assert "PRIVATE" not in repr(key)
    with pytest.raises(Invalid, match="dkim_key: must be given with a new selector"):
        tray.desk.run(admin, change_sending, box, {"dkim_selector": "desk1"}, vault=vault)
    with pytest.raises(Invalid, match="dkim_selector: must be given with a key"):
        tray.desk.run(admin, change_sending, box, {}, key=key, vault=vault)
    tray.desk.run(admin, change_sending, box, {"dkim_selector": "desk1"}, key=key, vault=vault)
    sealed = sealed_key(tray)
    assert sealed is not None
    assert b"PRIVATE" not in sealed
    assert vault.open(sealed, ("mailbox_sending", "dkim_key", box)) == key.pem
    tray.desk.run(admin, change_sending, box, {"is_paused": True}, vault=vault)
    assert sealed_key(tray) == sealed, "nothing else takes it away"
    tray.desk.run(admin, change_sending, box, {"dkim_selector": ""}, vault=vault)
    assert sealed_key(tray) is None


def test_a_new_key_of_the_vault_seals_it_anew(
    tray: OutTray, vault: Vault, private: str, tmp_path: Path
) -> None:
    key, box = read_dkim_key(private), tray.mailbox.id
    tray.desk.run(SYSTEM, change_sending, box, {"dkim_selector": "desk1"}, key=key, vault=vault)
    add_key(tmp_path / "keys")
    newer = open_vault(tmp_path / "keys")
    assert tray.desk.run(SYSTEM, reseal, newer) == 1
    assert tray.desk.run(SYSTEM, reseal, newer) == 0
    retire_keys(tmp_path / "keys")
    sealed = sealed_key(tray)
    assert sealed is not None
    assert open_vault(tmp_path / "keys").open(sealed, ("mailbox_sending", "dkim_key", box)) == key.pem


@pytest.mark.parametrize("kind", ["words", "short", "curve", "public"])
def test_what_is_no_key_for_signatures_is_refused(private: str, kind: str) -> None:
    given = {
        "words": "my key",
        "short": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505 - that is what is refused
        "curve": pem(ec.generate_private_key(ec.SECP256R1())),
        "public": private.replace("PRIVATE", "PUBLIC"),
    }[kind]
    with pytest.raises(Invalid, match="dkim_key: must be a private RSA key of 2048"):
        read_dkim_key(given)


def test_sending_is_set_up_by_administrators_within_limits(tray: OutTray, vault: Vault) -> None:
    box = tray.mailbox.id
    assert tray.desk.run(tray.cast.agent.actor, get_sending, box).link_over == 10 * 2**20
    with tray.desk.read(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(MailboxSending)) == 0, "to look makes nothing"
    with pytest.raises(Forbidden):
        tray.desk.run(tray.cast.agent.actor, change_sending, box, {"is_paused": True}, vault=vault)
    with pytest.raises(NotFound):
        tray.desk.run(tray.cast.admin.actor, change_sending, 10**9, {"is_paused": True}, vault=vault)
    wrongs: list[Any] = [{"link_over": 51 * 2**20}, {"dkim_selector": "ä"}, {"mailbox_id": 7}]
    for wrong in wrongs:
        with pytest.raises(Invalid):
            tray.desk.run(tray.cast.admin.actor, change_sending, box, wrong, vault=vault)
