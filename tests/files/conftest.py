"""Stores on both kinds of places, and an S3 server for the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from ombud.config import Settings
from ombud.files import FileStore, files_of
from tests.files.s3 import S3, s3_running


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    with s3_running() as server:
        yield server


@pytest.fixture(params=["folder", "file-url", "s3"])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a desk with files in its data directory, in another folder, in a bucket."""
    base = Settings(data_dir=tmp_path / "data", attachment_limit=20_000_000)
    if request.param == "folder":
        return base
    if request.param == "file-url":
        return base.model_copy(update={"files_url": (tmp_path / "else where").as_uri()})
    s3: S3 = request.getfixturevalue("s3")
    return s3.settings(base, uuid4().hex)


@pytest.fixture
def store(store_settings: Settings) -> FileStore:
    return files_of(store_settings)
