"""A worker for jobs, and the store that it works with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ombud import Desk
from ombud.files import FileStore, open_store
from ombud.worker.transfers import Mover
from tests.transfer.jobs.moving import LIMIT


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return open_store(tmp_path / "files", limit=LIMIT)


@pytest.fixture
def mover(desk: Desk, store: FileStore) -> Mover:
    return Mover(desk, store, attachment_limit=LIMIT)
