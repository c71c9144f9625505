"""`ombud provider`, as typed; and its secrets under `ombud keys`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, select
from sqlalchemy.orm import undefer
from typer.testing import CliRunner

from ombud.cli import keys, provider
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.kit.vault import add_key, open_vault
from ombud.models import IdentityProvider
from tests.openid.stage import CLIENT_ID, CLIENT_SECRET, Stage

runner = CliRunner()
SYSTEM = Actor.system("test")


@pytest.fixture
def folder(database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMBUD_DATABASE_URL", database_url.render_as_string(hide_password=False))
    monkeypatch.setenv("OMBUD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OMBUD_INTERNAL_HOSTS", "127.0.0.1")
    return tmp_path / "keys"


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as running:
        yield running


def typed(*words: str, given: str = "") -> str:
    done = runner.invoke(provider.app, list(words), input=given)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def found(desk: Desk) -> IdentityProvider:
    with desk.read(SYSTEM) as session:
        wanted = select(IdentityProvider).options(undefer(IdentityProvider.client_secret))
        return session.scalars(wanted).one()


def test_a_provider_is_kept_from_the_command_line(desk: Desk, folder: Path, stage: Stage) -> None:
    add = ["add", "staff", "--issuer", stage.issuer, "--client-id", CLIENT_ID, "--secret-stdin"]
    typed(
        *add, "--no-customers", "--domain", "ours.example", "--new-role", "agent", given=f"{CLIENT_SECRET}\n"
    )
    row = found(desk)
    assert (row.label, row.for_customers, row.domains, row.new_role) == (
        "staff",
        False,
        ["ours.example"],
        "agent",
    )
    listed = typed("list")
    assert "staff" in listed
    assert CLIENT_SECRET not in listed
    assert "good  Client: The provider knows this client id and secret." in typed("test", "staff")
    typed("set", "staff", "--new-role", "none", "--secret-stdin", given="wrong\n")
    tried = runner.invoke(provider.app, ["test", "staff"])
    assert tried.exit_code == 1
    assert "BAD   Client: The provider does not know this client id" in tried.output
    typed("set", "staff", "--inactive")
    assert found(desk).is_active is False
    assert typed("delete", "staff") == "staff is deleted.\n"
    assert typed("list") == ""


def test_secrets_are_sealed_again_with_a_new_key(desk: Desk, folder: Path, stage: Stage) -> None:
    add = ["add", "staff", "--issuer", stage.issuer, "--client-id", CLIENT_ID, "--secret-stdin"]
    typed(*add, given=f"{CLIENT_SECRET}\n")
    before = found(desk).client_secret
    rotated = runner.invoke(keys.app, ["rotate"])
    assert "1 secrets are sealed with the new key" in rotated.output, rotated.exception
    ring = folder / "vault.keys"
    os.utime(ring, (ring.stat().st_atime, ring.stat().st_mtime - 120))
    assert runner.invoke(keys.app, ["retire"]).exit_code == 0
    row = found(desk)
    assert row.client_secret not in (None, before)
    assert row.client_secret is not None
    place = ("identity_providers", "client_secret", row.id)
    assert open_vault(folder).open(row.client_secret, place) == CLIENT_SECRET


def test_nothing_is_retired_while_a_secret_needs_it(desk: Desk, folder: Path, stage: Stage) -> None:
    add = ["add", "staff", "--issuer", stage.issuer, "--client-id", CLIENT_ID, "--secret-stdin"]
    typed(*add, given=f"{CLIENT_SECRET}\n")

    add_key(folder)
    ring = folder / "vault.keys"
    os.utime(ring, (ring.stat().st_atime, ring.stat().st_mtime - 120))
    refused = runner.invoke(keys.app, ["retire"])
    assert refused.exit_code != 0
    assert "1 secrets are sealed with an old key" in str(refused.exception)
