"""What tests of hosts need: the desk's built pages, and a database that asynchronous engines can use."""

from __future__ import annotations

import pytest
from sqlalchemy import URL

from ombud.testing import ScratchDatabase


@pytest.fixture
def database_url(database: ScratchDatabase) -> URL:
    """Name no driver: each engine takes its own default."""
    return database.url.set(drivername="postgresql")
