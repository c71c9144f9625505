"""`ombud.contrib.django`: sessions, errors, checks and the command, below WSGI and below ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from sqlalchemy import func, select

from ombud import Actor, Desk, Settings, User
from ombud.testing import Cast, ScratchDatabase, counted
from tests.contrib import django_host
from tests.contrib.callers import signed_in

MIDDLEWARE = ["ombud.contrib.django.middleware.DeskMiddleware"]
WIRING = {"ACTOR": "tests.contrib.django_host.actor_of"}
Ask = Callable[..., HttpResponse]


@pytest.fixture(scope="module", autouse=True)
def project() -> None:
    """Configure Django, once for this process: nothing else here uses it."""
    if not django_settings.configured:
        django_settings.configure(
            SECRET_KEY="only for tests",
            ALLOWED_HOSTS=["testserver"],
            ROOT_URLCONF="tests.contrib.django_host",
            INSTALLED_APPS=["ombud.contrib.django"],
            MIDDLEWARE=MIDDLEWARE,
            LOGGING_CONFIG=None,
            TIME_ZONE="UTC",
            USE_TZ=True,
            OMBUD=WIRING,
        )
        django.setup()


@pytest.fixture
def wired(settings: Settings) -> Iterator[dict[str, Any]]:
    """The project on the test's database."""
    given = {
        **WIRING,
        "DATABASE_URL": settings.database_url,
        "DATA_DIR": settings.data_dir,
        "MOUNT": "/support",
    }
    with override_settings(OMBUD=given):
        yield given


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """The event loop of an ASGI server."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest, wired: dict[str, Any], loop: asyncio.Runner) -> Iterator[Ask]:
    """Ask the project by either kind of server."""
    from ombud.contrib.django import host

    def by_wsgi(path: str, **headers: str) -> Any:
        return Client(raise_request_exception=False).get(path, headers=headers)

    def by_asgi(path: str, **headers: str) -> Any:
        async def get() -> Any:
            return await AsyncClient(raise_request_exception=False).get(path, headers=headers)

        return loop.run(get())

    yield by_wsgi if request.param == "wsgi" else by_asgi
    loop.run(host().aclose())


def number_of(ask: Ask, cast: Cast) -> int:
    return int(ask("/count", **signed_in(cast.customer)).content)


@pytest.mark.parametrize("kind", ["", "/block"])
def test_a_request_is_one_transaction(ask: Ask, cast: Cast, kind: str) -> None:
    me = signed_in(cast.customer)
    assert number_of(ask, cast) == 0
    made = ask(f"{kind}/tickets?title=Broken", **me)
    assert (made.status_code, made.content) == (200, b"1001")
    assert ask("/async/count", **me).content == b"1"


def test_a_request_costs_what_its_action_costs(wired: dict[str, Any], cast: Cast) -> None:
    web, me = Client(), signed_in(cast.customer)
    web.get("/count", headers=me)
    with counted() as log:
        web.get("/tickets?title=Broken", headers=me)
    assert len(log) <= 7, log
    with counted() as log:
        web.get("/count", headers=me)
    assert len(log) == 2, log


def test_an_asynchronous_session_ends_with_its_request(
    ask: Ask, cast: Cast, request: pytest.FixtureRequest
) -> None:
    answer = ask("/async/tickets?title=Broken", **signed_in(cast.customer))
    if "wsgi" in request.node.name:  # nobody could await its end there, so it is refused
        assert answer.status_code == 500
        assert number_of(ask, cast) == 0
    else:
        assert answer.content == b"1001"
        assert number_of(ask, cast) == 1


def test_a_failing_commit_is_never_a_success(ask: Ask, cast: Cast, desk: Desk) -> None:
    answers = [ask("/twin?email=ann@example.com", **signed_in(cast.agent)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert b"created" not in answers[1].content
    with desk.read(Actor.system("test")) as session:
        found = select(func.count()).select_from(User).where(User.email == "ann@example.com")
        assert session.scalar(found) == 1


def test_nor_is_an_asynchronous_one(wired: dict[str, Any], loop: asyncio.Runner, cast: Cast) -> None:
    from ombud.contrib.django import host

    async def twice() -> list[int]:
        web, me = AsyncClient(), signed_in(cast.agent)
        found = [
            (await web.get("/async/twin?email=ann@example.com", headers=me)).status_code for _ in range(2)
        ]
        await host().aclose()
        return found

    assert loop.run(twice()) == [200, 409]


def test_a_database_that_dies_before_the_commit_is_told(
    ask: Ask, cast: Cast, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(django_host, "break_off", database.end_connections)
    answer = ask("/broken-off", **signed_in(cast.customer))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert number_of(ask, cast) == 0


@pytest.mark.parametrize(("how", "status"), [("answer", 400), ("desk", 403), ("bug", 500)])
def test_what_is_not_a_success_rolls_back(ask: Ask, cast: Cast, how: str, status: int) -> None:
    assert ask(f"/ending?how={how}", **signed_in(cast.customer)).status_code == status
    assert number_of(ask, cast) == 0


def test_people_get_the_projects_own_page_of_an_error(ask: Ask, cast: Cast) -> None:
    me = signed_in(cast.customer)
    assert ask("/ending?how=desk", **me).headers["content-type"] == "application/problem+json"
    page = ask("/ending?how=desk", **{**me, "Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert b"403 Forbidden" in page.content


def test_nobody_gets_in_without_an_actor(ask: Ask) -> None:
    answer = ask("/count", Accept="application/json")
    assert answer.status_code == 401
    assert b'"unauthenticated"' in answer.content


def test_sync_sessions_are_refused_in_an_event_loop(
    wired: dict[str, Any], loop: asyncio.Runner, cast: Cast
) -> None:
    async def ask() -> Any:
        return await AsyncClient().get("/mixing", headers=signed_in(cast.customer))

    with pytest.raises(RuntimeError, match="use asession"):
        loop.run(ask())


def test_a_session_that_nobody_would_end_is_refused(wired: dict[str, Any], cast: Cast) -> None:
    with override_settings(MIDDLEWARE=[]), pytest.raises(RuntimeError, match="DeskMiddleware"):
        Client().get("/tickets?title=Broken", headers=signed_in(cast.customer))


def test_the_actor_may_come_from_a_coroutine(wired: dict[str, Any], loop: asyncio.Runner, cast: Cast) -> None:
    from ombud.contrib.django import host

    async def ask() -> bytes:
        answer = await AsyncClient().get("/async/count", headers=signed_in(cast.customer))
        await host().aclose()
        return answer.content

    with override_settings(OMBUD={**wired, "ACTOR": "tests.contrib.django_host.actor_of_async"}):
        assert Client().get("/count", headers=signed_in(cast.customer)).content == b"0"
        assert loop.run(ask()) == b"0"


def ids(**wiring: Any) -> list[str]:
    with override_settings(OMBUD=wiring):
        return sorted(str(one.id) for one in run_checks(tags=["ombud"], databases=["default"]))


def test_checks_name_what_is_wrong(wired: dict[str, Any], fresh_database: ScratchDatabase) -> None:
    assert ids(**wired) == []
    assert ids(**{**wired, "DATABASE": "x"}) == ["ombud.E001"]
    assert ids(**{**wired, "POOL_SIZE": "many"}) == ["ombud.E001"]
    assert ids(**{**wired, "MAILS": "yes"}) == ["ombud.E001"]
    assert ids(**{**wired, "ACTOR": None}) == ["ombud.E001"]
    assert ids(**{**wired, "ACTOR": "tests.contrib.django_host.missing"}) == ["ombud.E002"]
    assert ids(**{**wired, "MOUNT": "support"}) == ["ombud.E003"]
    assert ids(**{**wired, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}) == ["ombud.E004"]
    empty = fresh_database.url.render_as_string(hide_password=False)
    assert ids(**{**wired, "DATABASE_URL": empty}) == ["ombud.E005"]
    assert ids(ACTOR=WIRING["ACTOR"]) == ["ombud.W002"]
    with override_settings(MIDDLEWARE=[]):
        assert ids(**wired) == ["ombud.W001"]


def test_what_is_wrong_is_said_without_secrets(wired: dict[str, Any]) -> None:
    from ombud.contrib.django import conf

    wrong = {"DATABASE_URL": 4711, "PASWORD": "geheim"}
    with override_settings(OMBUD=wrong), pytest.raises(ImproperlyConfigured) as refused:
        conf.configuration()
    assert "OMBUD['PASWORD'] is not a setting." in str(refused.value)
    assert "geheim" not in str(refused.value)
    assert "4711" not in str(refused.value)


def test_the_command_works_on_the_projects_database(
    wired: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OMBUD_DATABASE_URL", "OMBUD_DATA_DIR"):
        monkeypatch.setenv(name, "to be put back")
    with pytest.raises(SystemExit) as left:
        call_command("ombud", "db", "check")
    assert left.value.code in (0, None)
    assert "Database and models agree." in capsys.readouterr().out
