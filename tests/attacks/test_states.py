"""Each class of database error through whole pages and API: its status, nothing of the inside, and a line in the log.

TRUST.md T03.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from ombud import Desk, Settings
from ombud.asgi import build_app
from ombud.testing import Cast, ScratchDatabase
from tests.web.hosting import ORIGIN, TOKEN

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("built")]
STATES = {
    "23505": 409, "23503": 404, "23514": 422, "22001": 422, "22P02": 422, "42501": 403, "25006": 403,
    "40001": 503, "40P01": 503, "55P03": 503, "57014": 503, "57P01": 503, "08006": 503, "53300": 503,
    "42P01": 500, "XX000": 500,
}  # fmt: skip
INSIDE = (
    "secret",
    "select of",
    "raising",
    "sqlstate",
    "asyncpg",
    "psycopg",
    "sqlalche",
    "pl/pgsql",
    "traceback",
)
RAISING = """
CREATE FUNCTION ombud.raising() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'secret SELECT of %', NEW.description USING ERRCODE = NEW.title, DETAIL = 'secret detail',
    CONSTRAINT = 'uq_secret', COLUMN = 'secret', TABLE = 'secret', SCHEMA = 'ombud';
END $$;
CREATE TRIGGER raising BEFORE INSERT ON ombud.tickets FOR EACH ROW
  WHEN (NEW.title ~ '^[0-9A-Z]{5}$') EXECUTE FUNCTION ombud.raising()
"""


@pytest.fixture
def raising(database: ScratchDatabase) -> Iterator[None]:
    """Let a ticket whose title is a SQLSTATE be refused with it."""
    url = database.admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(RAISING)
        yield
        connection.execute("DROP FUNCTION ombud.raising() CASCADE")


async def test_each_class_has_its_status_and_shows_nothing(
    raising: None, desk: Desk, settings: Settings, cast: Cast, written: io.StringIO
) -> None:
    transport = httpx.ASGITransport(build_app(desk, settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        door = TOKEN.search((await client.get("/sign-in")).text)
        form = {"email": cast.agent.email, "password": cast.agent.password, "csrf": door[1] if door else ""}
        assert (await client.post("/sign-in", data=form)).status_code == 303
        found = TOKEN.search((await client.get("/tickets/new")).text)
        csrf = found[1] if found else ""
        bearer = {"Authorization": f"Bearer {cast.agent.token}"}
        for state, status in STATES.items():
            said = {"title": state, "description": "canary", "email": "one@example.com"}
            body = {"title": state, "description": "canary", "requester_id": cast.customer.id}
            page = await client.post("/tickets", data={**said, "csrf": csrf})
            called = await client.post("/api/v1/tickets", json=body, headers=bearer)
            for answer in (page, called):
                assert answer.status_code == status, (state, answer.status_code, answer.text)
                assert not [word for word in INSIDE if word in answer.text.lower()], (state, answer.text)
                lines = [json.loads(line) for line in written.getvalue().splitlines()]
                told = [line for line in lines if line["request_id"] == answer.headers["X-Request-Id"]]
                assert [line["status"] for line in told if line["event"] == "request"] == [status]
                failed = [line["error"] for line in told if line["event"] == "request failed"]
                assert len(failed) == (status == 500), (
                    state,
                    "what nobody foresaw is told to who runs the desk",
                )
            assert state not in called.text
