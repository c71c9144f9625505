"""An application ends, and leaves what its owner still works with."""

from __future__ import annotations

import pytest

from ombud import Actor
from ombud.asgi import build_app
from ombud.config import Settings
from ombud.db.desk import Desk


@pytest.mark.asyncio
@pytest.mark.own_engines
@pytest.mark.usefixtures("built")
async def test_chores_keep_their_connections_when_the_application_ends(
    desk: Desk, settings: Settings, system: Actor
) -> None:
    app = build_app(desk, settings)
    with desk.begin(system):
        async with app.router.lifespan_context(app):
            await desk.arun(system, lambda session: session.connection().exec_driver_sql("SELECT 1"))
        assert desk.async_engine.sync_engine.pool.checkedin() == 0  # type: ignore[attr-defined]
    # A pool that was closed meanwhile would never close what is given back to it.
    assert desk.engine.pool.checkedin() == 1  # type: ignore[attr-defined]
