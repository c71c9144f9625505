"""What the package asks for: drivers are named, and nothing that is used is left to chance."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from ombud.db import engine

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def _wanted(extra: str | None = None) -> dict[str, Requirement]:
    lines = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    return {(one := Requirement(line)).name: one for line in lines}


def test_the_packages_name_what_they_need() -> None:
    core = _wanted()
    assert {"sqlalchemy", "psycopg", "alembic"} <= core.keys()
    assert "2.0.51" not in core["sqlalchemy"].specifier
    assert "2.1.0" in core["sqlalchemy"].specifier
    assert Version(version("sqlalchemy")) in core["sqlalchemy"].specifier
    assert _wanted("async").keys() == {"asyncpg", "greenlet"}
    for extra in ("server", "fastapi"):
        assert "async" in _wanted(extra)["ombud"].extras


def test_a_url_without_a_driver_gets_one() -> None:
    url = "postgresql://nobody@127.0.0.1/nothing"
    assert engine.make_engine(url).dialect.driver == engine.SYNC_DRIVER
    assert engine.make_async_engine(url).dialect.driver == engine.ASYNC_DRIVER
    assert engine.make_engine(url.replace("://", "+psycopg2://")).dialect.driver == "psycopg2"
