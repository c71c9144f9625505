"""A database connection that is lost under a request: what only read is done again, and nobody notices."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event

from ombud import Actor, Desk
from ombud.db.alive import file_number
from ombud.testing import Cast, make_ticket
from tests.web.hosting import Browser

pytestmark = [pytest.mark.asyncio, pytest.mark.own_engines]


def cut_under(desk: Desk, mark: str, times: int) -> Callable[[], int]:
    """Cut the connection under the next statements with `mark` in them; returns how often that was done."""
    done: list[str] = []

    @event.listens_for(desk.async_engine.sync_engine, "before_cursor_execute")
    def lose(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if mark in statement and len(done) < times:
            done.append(statement)
            cut(connection)

    return lambda: len(done)


def cut(connection: Connection) -> None:
    """End a connection as a network does."""
    number = file_number(connection.connection.dbapi_connection)
    assert number is not None
    with socket.socket(fileno=os.dup(number)) as link:
        link.shutdown(socket.SHUT_RDWR)


async def test_a_page_is_made_again(web: Browser, desk: Desk, cast: Cast) -> None:
    ticket = await desk.arun(Actor.system("test"), make_ticket)
    await web.sign_in(cast.agent)
    cuts = cut_under(desk, "FROM ombud.tickets", 1)
    page = await web.get("/tickets")
    assert (page.status_code, cuts()) == (200, 1)
    assert ticket.ticket_number in page.text


async def test_once_only_and_then_it_is_told(web: Browser, desk: Desk, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    cuts = cut_under(desk, "FROM ombud.tickets", 5)
    page = await web.get("/tickets")
    assert (page.status_code, cuts()) == (503, 2)
    assert page.headers["retry-after"] == "1"
    assert "Nothing that was saved is lost" in page.text or "Try again" in page.text


async def test_the_look_at_the_session_is_made_again(web: Browser, desk: Desk, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    cuts = cut_under(desk, "find_session", 1)
    assert (await web.get("/tickets")).status_code == 200
    assert cuts() == 1
