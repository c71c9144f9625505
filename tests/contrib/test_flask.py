"""`ombud.contrib.flask`: one session a request, its commit before the answer, errors in two tongues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, abort, request
from flask.testing import FlaskClient
from sqlalchemy import func, select

from ombud import Actor, Desk, Settings, Ticket, User
from ombud.contrib.flask import HostedDesk
from ombud.errors import Forbidden, NotFound
from ombud.testing import Cast, ScratchDatabase, counted
from ombud.tickets import open_ticket
from tests.contrib.callers import actor_from, signed_in


def make_host(settings: Settings, database: ScratchDatabase) -> tuple[Flask, HostedDesk]:
    app = Flask(__name__)
    support = HostedDesk(lambda: actor_from(request.headers.get("X-Caller")), settings, app=app)
    add_views(app, support)
    add_failing(app, support, database)

    @app.errorhandler(404)
    def lost(error: Exception) -> tuple[str, int]:
        return f"<h1>The shop's own page: {error.description}</h1>", 404  # type: ignore[attr-defined]  # Flask's own

    return app, support


def add_views(app: Flask, support: HostedDesk) -> None:
    @app.post("/tickets")
    def create() -> str:
        return open_ticket(support.session, title=request.args["title"]).ticket_number

    @app.post("/async/tickets")
    async def create_async() -> str:
        async with support.abegin() as session:
            return (await session.run_sync(open_ticket, title=request.args["title"])).ticket_number

    @app.get("/count")
    def count() -> str:
        with support.read() as session:
            return str(session.scalar(select(func.count()).select_from(Ticket)))

    @app.get("/async/count")
    async def count_async() -> str:
        async with support.aread() as session:
            return str(await session.scalar(select(func.count()).select_from(Ticket)))

    @app.post("/twin")
    def twin() -> dict[str, str]:
        support.session.add(User(email=request.args["email"]))
        return {"created": request.args["email"]}


def add_failing(app: Flask, support: HostedDesk, database: ScratchDatabase) -> None:
    @app.post("/broken-off")
    def broken_off() -> str:
        open_ticket(support.session, title="Lost?")
        database.end_connections()
        return "saved"

    @app.post("/ending")
    def ending() -> Any:
        open_ticket(support.session, title="Never")
        match request.args["how"]:
            case "abort":
                abort(418)
            case "answer":
                return "no", 400
            case "desk":
                raise Forbidden
            case "bug":
                raise ZeroDivisionError
        raise NotFound


@pytest.fixture
def web(settings: Settings, database: ScratchDatabase) -> Iterator[FlaskClient]:
    app, support = make_host(settings, database)
    yield app.test_client()
    support.close()


@pytest.mark.parametrize("kind", ["", "/async"])
def test_a_request_is_one_transaction(web: FlaskClient, cast: Cast, kind: str) -> None:
    me = signed_in(cast.customer)
    assert web.get("/count", headers=me).text == "0"
    with counted() as log:
        made = web.post(f"{kind}/tickets", query_string={"title": "Broken"}, headers=me)
    assert (made.status_code, made.text) == (200, "1001")
    # Each async view has a loop of its own in Flask, so its engine gets to know the server anew.
    assert len(log) <= (7 if not kind else 14), log
    assert web.get(f"{kind}/count", headers=me).text == "1"


def test_a_failing_commit_is_never_a_success(web: FlaskClient, cast: Cast, desk: Desk) -> None:
    me = signed_in(cast.agent)
    answers = [web.post("/twin", query_string={"email": "ann@example.com"}, headers=me) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].mimetype == "application/problem+json"
    assert "created" not in answers[1].text
    with desk.read(Actor.system("test")) as session:
        found = select(func.count()).select_from(User).where(User.email == "ann@example.com")
        assert session.scalar(found) == 1


def test_a_database_that_dies_before_the_commit_is_told(web: FlaskClient, cast: Cast) -> None:
    me = signed_in(cast.customer)
    answer = web.post("/broken-off", headers=me)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert web.get("/count", headers=me).text == "0"


@pytest.mark.parametrize(("how", "status"), [("abort", 418), ("answer", 400), ("desk", 403), ("bug", 500)])
def test_what_is_not_a_success_rolls_back(web: FlaskClient, cast: Cast, how: str, status: int) -> None:
    me = signed_in(cast.customer)
    assert web.post("/ending", query_string={"how": how}, headers=me).status_code == status
    assert web.get("/count", headers=me).text == "0"


def test_people_get_the_hosts_own_page_of_an_error(web: FlaskClient, cast: Cast) -> None:
    me = signed_in(cast.customer)
    for_program = web.post("/ending", query_string={"how": "missing"}, headers=me)
    assert for_program.get_json()["code"] == "not_found"
    for_person = web.post("/ending", query_string={"how": "missing"}, headers={**me, "Accept": "text/html"})
    assert for_person.status_code == 404
    assert for_person.text == "<h1>The shop's own page: There is no such thing here.</h1>"


def test_nobody_gets_in_without_an_actor(web: FlaskClient) -> None:
    answer = web.get("/count")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthenticated")


def test_no_transaction_is_left_open(settings: Settings, database: ScratchDatabase, cast: Cast) -> None:
    app, support = make_host(settings, database)
    with app.test_client() as web:
        for how in ("abort", "answer", "desk", "bug", "missing"):
            web.post("/ending", query_string={"how": how}, headers=signed_in(cast.customer))
    assert support.desk.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of the pool that engines use
    support.close()
