"""Sealed secrets: they open where they were sealed for, and nowhere else."""

from pathlib import Path

import pytest

from ombud.errors import Unavailable
from ombud.kit.vault import Key, Unopenable, Vault, add_key, open_vault, retire_keys

HERE = ("mailboxes", "imap_secret", 7)


def test_a_secret_opens_in_its_own_place_only(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    sealed = vault.seal("pässword", HERE)
    assert sealed.startswith(b"v1:")
    assert sealed.count(b":") == 3
    assert "pässword".encode() not in sealed
    assert vault.open(sealed, HERE) == "pässword"
    for place in (
        ("mailboxes", "imap_secret", 8),
        ("mailboxes", "smtp_secret", 7),
        ("users", "imap_secret", 7),
    ):
        with pytest.raises(Unopenable):
            vault.open(sealed, place)


def test_the_same_secret_is_never_sealed_alike(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    assert len({vault.seal("x", HERE) for _ in range(100)}) == 100


def test_whatever_is_changed_does_not_open(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    sealed = vault.seal("secret", HERE)
    for at in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[at] ^= 1
        with pytest.raises(Unopenable):
            vault.open(bytes(damaged), HERE)
    for nonsense in (b"", b"v1", b"v1:a:b:c", b"\xff\xfe", b":::"):
        with pytest.raises(Unopenable):
            vault.open(nonsense, HERE)


def test_keys_live_in_a_file_for_its_owner_only(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path).seal("secret", HERE)
    file = tmp_path / "vault.keys"
    assert file.stat().st_mode & 0o777 == 0o400
    assert open_vault(tmp_path).open(sealed, HERE) == "secret"
    file.chmod(0o440)
    with pytest.raises(Unavailable, match="chmod 400"):
        open_vault(tmp_path)


def test_a_ring_of_keys_rotates(tmp_path: Path) -> None:
    old = open_vault(tmp_path).seal("secret", HERE)
    add_key(tmp_path)
    vault = open_vault(tmp_path)
    assert vault.open(old, HERE) == "secret"
    assert not vault.is_current(old)
    fresh = vault.seal("secret", HERE)
    assert vault.is_current(fresh)
    assert (tmp_path / "vault.keys").stat().st_mode & 0o777 == 0o400
    assert retire_keys(tmp_path) == 1
    assert open_vault(tmp_path).open(fresh, HERE) == "secret"
    with pytest.raises(Unopenable):
        open_vault(tmp_path).open(old, HERE)


def test_short_or_damaged_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        Vault([Key("a", b"short")])
    with pytest.raises(Unavailable):
        Vault([])
    (tmp_path / "vault.keys").write_text("a zz\n")
    (tmp_path / "vault.keys").chmod(0o400)
    with pytest.raises(Unavailable, match="damaged"):
        open_vault(tmp_path)


def test_a_key_is_not_shown() -> None:
    assert "61" * 16 not in repr(Key("name", b"a" * 32))
