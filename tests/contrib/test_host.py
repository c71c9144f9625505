"""One desk a process: opened late, anew after a fork, closed with the process; and who a host's users are."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ombud import Actor, ActorKind, Desk, Settings, UserRole
from ombud.contrib.host import HostDesk
from ombud.errors import Forbidden
from ombud.people.actions import change_user, create_user
from ombud.testing import Cast, ScratchDatabase, counted


@pytest.fixture
def host(settings: Settings, database: ScratchDatabase) -> Iterator[HostDesk]:
    made = HostDesk(settings)
    yield made
    made.close()


def test_making_one_touches_nothing() -> None:
    HostDesk(lambda: pytest.fail("the settings were asked for"))


def test_many_threads_open_it_once(host: HostDesk) -> None:
    barrier, found = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        found.append(host.desk)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_it_opens_again_after_it_was_closed(host: HostDesk) -> None:
    first = host.desk
    host.close()
    assert host.desk is not first
    with host.desk.read(Actor.system("test")) as session:
        assert session.scalar(text("SELECT 1")) == 1


def backend(desk: Desk) -> int:
    with desk.read(Actor.system("test")) as session:
        return int(session.scalar(text("SELECT pg_backend_pid()")))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_connections_of_its_own(tmp_path: Path, database: ScratchDatabase) -> None:
    """As a server does that loads the program before it forks; in a process without the tests' threads."""
    program = """
import os
from ombud import Actor, Settings
from ombud.contrib.host import HostDesk
from sqlalchemy import text

def backend(host):
    with host.desk.read(Actor.system("test")) as session:
        return session.scalar(text("SELECT pg_backend_pid()"))

host = HostDesk()
parents = backend(host)
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    os.write(writer, str(backend(host)).encode())
    raise SystemExit(0)  # the whole end of an interpreter: finalizers, atexit
os.close(writer)
childs = int(os.read(reader, 100))
assert os.waitpid(child, 0)[1] == 0
assert childs != parents, "the child used its parent's connection"
assert backend(host) == parents, "the child closed its parent's connection"
print("ok")
"""
    url = database.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "OMBUD_DATABASE_URL": url, "OMBUD_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("ok\n", "")


def test_each_event_loop_has_connections_of_its_own(host: HostDesk) -> None:
    async def ask() -> int:
        desk = await host.opened()
        assert desk is await host.opened()
        async with desk.aread(Actor.system("test")) as session:
            found = int(await session.scalar(text("SELECT pg_backend_pid()")))
        await host.aclose()
        return found

    assert asyncio.run(ask()) != asyncio.run(ask())


def test_somebody_new_gets_an_account(host: HostDesk, cast: Cast) -> None:
    ann = host.actor_for("ann@example.com", full_name="Ann Lee")
    assert ann.kind is ActorKind.CUSTOMER
    again = host.actor_for("Ann@Example.com")
    assert again.user_id == ann.user_id
    assert again.request_id != ann.request_id, "each request is told apart in the audit log"
    with counted() as log:
        host.actor_for("ann@example.com")
    assert len(log) == 2, log


def test_who_is_known_keeps_role_teams_and_organization(host: HostDesk, cast: Cast) -> None:
    for known in (
        cast.admin,
        cast.agent,
        cast.team_agent,
        cast.light_agent,
        cast.customer,
        cast.other_customer,
    ):
        found = host.actor_for(known.email, role=UserRole.ADMIN)
        assert found.for_request("") == known.actor.for_request("")


def test_who_was_let_go_does_not_come_in(host: HostDesk, cast: Cast, desk: Desk) -> None:
    desk.run(cast.admin.actor, change_user, cast.customer.id, {"is_active": False})
    with pytest.raises(Forbidden):
        host.actor_for(cast.customer.email)


def test_two_first_requests_of_one_person_make_one_account(
    host: HostDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds nobody, and somebody when it wants to write: it looks again."""
    host.desk.run(Actor.system("test"), create_user, email="ann@example.com")
    answers = iter([None])
    real = __import__("ombud.people.accounts", fromlist=["find_actor"]).find_actor
    monkeypatch.setattr("ombud.people.accounts.find_actor", lambda s, e: next(answers, real(s, e)))
    monkeypatch.setattr("ombud.contrib.host.find_actor", lambda _session, _email: None)
    assert host.actor_for("ann@example.com").kind is ActorKind.CUSTOMER


def test_asynchronous_hosts_ask_the_same(host: HostDesk) -> None:
    async def ask() -> tuple[Actor, Actor]:
        found = (
            await host.aactor_for("ann@example.com"),
            await host.aactor_for("sam@shop.example", role=UserRole.AGENT),
        )
        await host.aclose()
        return found

    ann, sam = asyncio.run(ask())
    assert (ann.kind, sam.kind) == (ActorKind.CUSTOMER, ActorKind.AGENT)
    assert host.actor_for("ann@example.com").user_id == ann.user_id
