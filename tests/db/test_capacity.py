"""Pools that are larger than the server lets in are refused at start."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from ombud import Settings, open_desk
from ombud.db.capacity import needed
from ombud.errors import Invalid
from ombud.testing import ScratchDatabase


def test_pools_that_fit_are_taken_and_larger_ones_refused(database: ScratchDatabase) -> None:
    """The suite's server lets 200 in, three of them kept for superusers."""
    url = SecretStr(database.admin_url.render_as_string(hide_password=False))
    fits = Settings(database_url=url, processes=3, pool_size=10, pool_overflow=20)
    assert needed(fits) == 183
    assert needed(fits.model_copy(update={"replica_url": url})) == 186
    with open_desk(fits):
        pass
    wanted = r"may take 244 connections \(4 processes.*lets 197 in.*OVERFLOW to 24, or raise max_connections to 254"
    with pytest.raises(Invalid, match=wanted), open_desk(fits.model_copy(update={"processes": 4})):
        pass
    with open_desk(fits.model_copy(update={"processes": 4, "pool_size": 4})):
        pass
