"""`ombud settings`: as typed, on a real desk."""

import json

import pytest
from sqlalchemy import URL
from typer.testing import CliRunner

from ombud.cli import settings
from ombud.errors import Invalid, NotFound

runner = CliRunner()


def test_settings_are_chosen_shown_and_taken_back(
    database_url: URL, desk: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMBUD_DATABASE_URL", database_url.render_as_string(hide_password=False))
    monkeypatch.setenv("OMBUD_STAFF_IDLE_HOURS", "3")

    def said(*words: str) -> str:
        done = runner.invoke(settings.app, words)
        assert done.exit_code == 0, done.output
        return done.output.strip()

    assert said("set", "sign_in_links", "yes") == "sign_in_links is true."
    assert said("get", "OMBUD_SIGN_IN_LINKS") == "true"
    listed = {line.split("\t")[0]: line.split("\t")[1:3] for line in said("list").splitlines()}
    assert listed["sign_in_links"] == ["true", "desk"]
    assert listed["staff_idle_hours"] == ["3", "environment"]
    assert listed["purge_after_days"] == ["none", "default"]
    assert "OMBUD_PORT" not in listed
    every = {one["name"]: one for one in json.loads(said("list", "--all", "--json"))}
    assert every["OMBUD_DATABASE_URL"]["value"] is None
    assert json.loads(said("get", "sign_in_links", "--json"))["source"] == "desk"
    assert said("unset", "sign_in_links") == "sign_in_links is false."
    for words, kind in (
        (("set", "sign_in_links", "perhaps"), Invalid),
        (("set", "staff_idle_hours", "5"), Invalid),
        (("set", "port", "1"), Invalid),
        (("get", "nope"), NotFound),
    ):
        assert isinstance(runner.invoke(settings.app, words).exception, kind), words
    refused = runner.invoke(settings.app, ["set", "staff_idle_hours", "5"]).exception
    assert "OMBUD_STAFF_IDLE_HOURS" in str(refused)
