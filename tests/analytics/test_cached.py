"""Figures by way of Redis: never old ones, whoever wrote and whatever happens to Redis."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from threading import Thread

import pytest
from redis import Redis
from sqlalchemy import text

from ombud import Actor, Desk, TicketStatus
from ombud.analytics import Figures, get_ticket_statistics
from ombud.errors import Forbidden, Invalid
from ombud.kit.cache import NoCache, RedisCache, open_cache
from ombud.testing import Cast, ScratchDatabase, counted, make_ticket
from ombud.tickets import set_status
from tests.redis_running import RunningRedis, redis_running


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RunningRedis]:
    """A Redis for all of these tests; and its URL."""
    with redis_running() as running:
        yield running


@pytest.fixture
def cache(redis_server: RunningRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisCache]:
    """Where a busy machine may take a second for an answer, and no rest ends by itself."""
    monkeypatch.setattr("ombud.kit.cache.WAIT_SECONDS", 1.0)
    monkeypatch.setattr("ombud.kit.cache.REST_SECONDS", 3600.0)
    process, url = redis_server
    process.send_signal(signal.SIGCONT)
    made = RedisCache(url)
    with Redis.from_url(url) as plain:
        plain.config_set("maxmemory", 0)
        plain.flushall()
    yield made
    made.close()


@pytest.fixture
def figures(desk: Desk, cache: RedisCache) -> Figures:
    return Figures(desk, cache)


def truth(desk: Desk, actor: Actor) -> object:
    with desk.read(actor) as session:
        return get_ticket_statistics(session)


def test_what_is_asked_again_is_found(figures: Figures, desk: Desk, cast: Cast) -> None:
    desk.run(cast.admin.actor, make_ticket)
    first = figures.statistics(cast.agent.actor)
    with counted() as log:
        second = figures.statistics(cast.admin.actor)
    assert first == second == truth(desk, cast.agent.actor)
    assert len(log) == 2, "who acts, and whether anything has changed"
    found = figures.cache.figures
    assert (found.hits, found.misses, found.failures, found.hit_rate) == (1, 1, 0, 0.5)


def test_every_way_of_writing_is_noticed_at_once(
    figures: Figures, desk: Desk, cast: Cast, database: ScratchDatabase
) -> None:
    ticket = desk.run(cast.admin.actor, make_ticket)
    agent = cast.agent.actor
    assert figures.counters(agent)["open"] == 1

    desk.run(agent, set_status, ticket.id, TicketStatus.RESOLVED)
    assert figures.counters(agent)["open"] == 0
    database.execute("UPDATE ombud.tickets SET status = 'open'")
    assert figures.counters(agent)["open"] == 1
    with desk.begin(cast.admin.actor) as session:
        session.execute(text("UPDATE ombud.users SET full_name = full_name || '!'"))
    assert figures.statistics(agent) == truth(desk, agent)
    assert figures.cache.figures.hits == 0
    assert figures.counters(agent)["open"] == 1
    assert figures.counters(agent)["open"] == 1
    assert figures.cache.figures.hits == 1


def test_what_is_not_committed_yet_is_noticed_when_it_is(figures: Figures, desk: Desk, cast: Cast) -> None:
    agent = cast.agent.actor
    with desk.begin(cast.admin.actor) as session:
        make_ticket(session)
        session.flush()
        assert figures.counters(agent)["open"] == 0
        assert figures.counters(agent)["open"] == 0
    assert figures.counters(agent)["open"] == 1


def test_everybody_has_figures_of_their_own(figures: Figures, desk: Desk, cast: Cast) -> None:
    desk.run(cast.admin.actor, make_ticket)
    for person in (cast.agent, cast.team_agent, cast.customer, cast.other_customer, cast.agent):
        with desk.read(person.actor) as session:
            from ombud.tickets.queries import view_counters

            expected = dict(session.execute(view_counters(person.actor)).one()._mapping)
        assert figures.counters(person.actor) == expected
        assert figures.counters(person.actor) == expected
    with pytest.raises(Forbidden):
        figures.statistics(cast.customer.actor)
    assert figures.statistics(cast.team_agent.actor) == truth(desk, cast.team_agent.actor)


def test_other_rights_are_another_name(figures: Figures, cast: Cast) -> None:
    before = Actor.agent(cast.agent.id, teams=frozenset({1}))
    after = Actor.agent(cast.agent.id, teams=frozenset({1, 2}))
    figures.counters(before)
    figures.counters(after)
    assert figures.cache.figures.hits == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        *("", "x", "[]", '["a", {}]', '["1/2:3:", {"open": 99}]', "[1, {}]", '["/9:9:9", {}]', "null"),
        *('["\\u0000", {}]', '["\\ud800", {}]', "[" * 100_000, f"[{'9' * 5000}, {{}}]"),
    ],
    ids=lambda text: text[:12],
)
def test_what_others_put_there_is_not_believed(
    figures: Figures, cache: RedisCache, cast: Cast, nonsense: str
) -> None:
    actor = cast.agent.actor
    cache.put(figures._counters_of(actor), nonsense, 60)
    assert figures.counters(actor)["open"] == 0


def test_what_is_none_of_ours_is_replaced(figures: Figures, redis_server: RunningRedis, cast: Cast) -> None:
    """Another program's list or bytes under a name of ours: not used, and no reason to leave Redis alone."""
    actor = cast.agent.actor
    name = figures._counters_of(actor)
    with Redis.from_url(redis_server[1]) as plain:
        for put in (partial(plain.rpush, name, "x"), partial(plain.set, name, b"\xff\xfe")):
            plain.flushall()
            put()
            assert figures.counters(actor) == figures.counters(actor)
    found = figures.cache.figures
    assert (found.hits, found.failures) == (2, 0)


def test_another_version_of_ombud_does_not_read_it(
    figures: Figures, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept has the shape that its version gives it; both run while an update goes on."""
    figures.statistics(cast.agent.actor)
    monkeypatch.setattr("ombud.analytics.cached.__version__", "another")
    figures.statistics(cast.agent.actor)
    assert figures.cache.figures.hits == 0


@pytest.mark.parametrize("words", [b"HTTP/1.1 400 Bad Request", b":x", b"$x", b"*x", b"%x", b"", b"+", b"-"])
def test_a_server_that_is_no_redis_is_left_alone(words: bytes, cast: Cast, desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    with server.accept()[0] as link:
                        link.recv(1000)
                        link.sendall(words + b"\r\n")

        thread = Thread(target=answer)
        thread.start()
        figures = Figures(desk, RedisCache(f"redis://127.0.0.1:{server.getsockname()[1]}"))
        try:
            assert figures.counters(cast.agent.actor)["open"] == 0
            assert figures.cache.figures.failures == 1
        finally:
            figures.cache.close()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_value_of_before_a_restart_or_of_another_server_is_not_used(
    figures: Figures, cache: RedisCache, cast: Cast
) -> None:
    actor = cast.agent.actor
    figures.counters(actor)
    name = figures._counters_of(actor)
    kept = cache.get(name)
    assert kept is not None
    cache.put(name, '["1700000000.5/' + kept.split("/", 1)[1], 60)
    figures.counters(actor)
    assert figures.cache.figures.hits == 0


@pytest.mark.parametrize("blow", [signal.SIGSTOP, "flush", "full", "password", "gone"])
def test_without_redis_everything_is_right(
    figures: Figures,
    desk: Desk,
    cast: Cast,
    redis_server: RunningRedis,
    blow: object,
) -> None:
    process, url = redis_server
    agent = cast.agent.actor
    figures.counters(agent)
    if blow is signal.SIGSTOP:
        process.send_signal(signal.SIGSTOP)
    elif blow == "flush":
        with Redis.from_url(url) as plain:
            plain.flushall()
    elif blow == "full":  # it reads, and refuses to keep anything more
        with Redis.from_url(url) as plain:
            plain.config_set("maxmemory-policy", "noeviction")
            plain.config_set("maxmemory", 1)
    elif blow == "password":
        with Redis.from_url(url) as plain:  # whoever has no password gets in with any
            plain.acl_setuser("ombud", enabled=True, passwords=["+right"])
        wrong = f"{url}{'&' if '?' in url else '?'}username=ombud&password=wrong"
        figures = Figures(desk, RedisCache(wrong))
    else:
        figures = Figures(desk, RedisCache("unix:///nowhere/redis.sock"))
    for number in range(1, 4):
        desk.run(cast.admin.actor, make_ticket)
        assert figures.counters(agent)["open"] == number
    failures = figures.cache.figures.failures
    assert failures == (0 if blow == "flush" else 1), "after one failure Redis is left alone"


def test_it_is_taken_up_again_after_a_rest(
    figures: Figures, cache: RedisCache, cast: Cast, redis_server: RunningRedis
) -> None:
    process, _url = redis_server
    process.send_signal(signal.SIGSTOP)
    figures.counters(cast.agent.actor)
    assert cache.is_resting
    process.send_signal(signal.SIGCONT)
    cache._rests_until = float("-inf")  # the rest is over
    figures.counters(cast.agent.actor)
    figures.counters(cast.agent.actor)
    assert cache.figures.hits == 1


def test_input_is_checked_before_anything_is_asked(figures: Figures, cast: Cast) -> None:
    with pytest.raises(Invalid):
        figures.statistics(cast.agent.actor, time_zone="Mars/Olympus")


@pytest.mark.asyncio
async def test_the_asynchronous_twins(figures: Figures, desk: Desk, cast: Cast) -> None:
    agent = cast.agent.actor
    await desk.arun(cast.admin.actor, make_ticket)
    assert (await figures.acounters(agent)) == (await figures.acounters(agent))
    assert (await figures.astatistics(agent)) == (await figures.astatistics(agent))
    assert figures.cache.figures.hits == 2
    await desk.arun(cast.admin.actor, make_ticket)
    assert (await figures.acounters(agent))["open"] == 2
    assert (await figures.astatistics(agent))["total"] == 2


def test_no_url_is_no_cache() -> None:
    assert isinstance(open_cache(None), NoCache)
    assert open_cache(None).get("x") is None


@pytest.mark.parametrize(
    "url", ["localhost:6379", "", "http://x", "redis://x:y", "redis://x/0?socket_timeout=z"]
)
def test_an_address_that_is_none_is_told_at_the_start(url: str) -> None:
    with pytest.raises(Invalid, match="OMBUD_REDIS_URL"):
        open_cache(url)
