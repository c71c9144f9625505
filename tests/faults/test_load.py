"""Faults that last while people work (TRUST.md R7, R10, R13, R28, T25): one house, one history, fault after fault.

Short forms count writes and answers, so a busy machine changes nothing. `--load-seconds 60` (`make faults`) makes each
fault last so long, and then looks at the clock, too; `--tries 1000` is how many try a door at once.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_context

import httpx
import pyotp
import pytest
from redis import Redis

from ombud import clock
from ombud.kit.hash_process import step_back
from ombud.kit.vault import open_vault
from ombud.people.factors import begin_totp, confirm_totp
from ombud.people.throttle import CODES, SIGN_IN, Rate
from ombud.testing import Persona
from tests.faults.flood import HOME, Answer, Form, flood
from tests.faults.house import House, Told, open_house, wait_until
from tests.faults.judging import wrongs
from tests.redis_running import RunningRedis, redis_program, redis_running
from tests.web.hosting import TOKEN

pytestmark = [pytest.mark.usefixtures("built"), pytest.mark.timeout(1800)]
PEOPLE, READERS = 3, 2
BETWEEN = 5
"""Writes that are acknowledged from one stroke to the next."""
REFUSED = {422, 429, 503}
"""Compared and wrong; too many; no turn in ten seconds, which only a busy machine says."""
PAUSE = 2.0
"""Seconds between two strokes in the long form."""

EVERY = 20
INJECT = f"""
CREATE SEQUENCE public.turns;
CREATE FUNCTION public.lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE turn bigint := nextval('public.turns');
BEGIN
    IF turn % {EVERY} = 0 THEN
        RAISE EXCEPTION 'injected' USING ERRCODE = CASE WHEN turn % {2 * EVERY} = 0 THEN '40001' ELSE '40P01' END;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lose AFTER INSERT OR UPDATE ON ombud.tickets FOR EACH ROW EXECUTE FUNCTION public.lose();
CREATE TRIGGER lose AFTER INSERT ON ombud.comments FOR EACH ROW EXECUTE FUNCTION public.lose();
CREATE CONSTRAINT TRIGGER lose_late AFTER INSERT OR UPDATE ON ombud.tickets
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.lose();
"""
"""Every twentieth row loses a race or is in a deadlock: when it is written, or when its transaction commits."""
TAKE_BACK = """
DROP TRIGGER lose ON ombud.tickets; DROP TRIGGER lose_late ON ombud.tickets; DROP TRIGGER lose ON ombud.comments;
DROP FUNCTION public.lose; DROP SEQUENCE public.turns;
"""


@dataclass
class Load:
    """The house, its Redis, and how long it is to be tried."""

    house: House
    redis: RunningRedis | None
    seconds: float
    tries: int

    @property
    def is_long(self) -> bool:
        return self.seconds > 0

    @property
    def port(self) -> int:
        return int(self.house.address.rpartition(":")[2])

    def strike(self, fault: Callable[[], object], times: int = 3) -> list[Told]:
        """Let people work, and the fault strike so many times and more; return what they were told meanwhile."""
        before = len(self.house.told)
        end = time.monotonic() + self.seconds
        with self.house.used(PEOPLE, READERS):
            self.house.until_acknowledged(BETWEEN)
            stroke = 0
            while stroke < times or time.monotonic() < end:
                fault()
                stroke += 1
                self.house.until_acknowledged(BETWEEN)
                if self.is_long:
                    self.house.stop.wait(PAUSE)
        assert wrongs(self.house, self.house.history.writes()) == []
        assert self.house.wrong == []
        return self.house.told[before:]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Load]:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_running()) if shutil.which("redis-server") else None
        settings = {"OMBUD_REDIS_URL": redis[1]} if redis is not None else {}
        seconds, tries = (pytestconfig.getoption(name) for name in ("--load-seconds", "--tries"))
        folder = tmp_path_factory.mktemp("house")
        house = stack.enter_context(open_house(folder, webs=2, has_worker=seconds > 0, settings=settings))
        yield Load(house, redis, seconds, tries)


def _nothing() -> None:
    """Be no fault: people just work."""


def _quantiles(told: list[Told]) -> tuple[float, float]:
    """Return p50 and p95 in milliseconds."""
    steps = statistics.quantiles((one.seconds * 1000 for one in told), n=20, method="inclusive")
    return steps[9], steps[18]


def test_connections_that_are_ended_are_replaced_unseen(load: Load) -> None:
    """R7: all of them, again and again; at most one answer in a thousand tells of it, and in the right words."""
    ended: list[int] = []

    def cut() -> None:
        rows = load.house.server.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        ended.append(int(str(rows[0][0])))

    told = load.strike(cut)
    visible = [one for one in told if not 200 <= one.status < 300]
    print(f"\n{len(ended)} cuts of {sum(ended)} connections, {len(told)} requests, visible: {visible}")
    assert min(ended) > 0
    assert {(one.status, one.code) for one in visible} <= {
        (503, "unavailable"),
        (409, "idempotency_key_in_use"),
    }
    if load.is_long:
        assert len(visible) <= len(told) / 1000


def test_lost_races_are_run_again_unseen(load: Load) -> None:
    """R13: of every twentieth row that is written nobody hears, whenever the transaction learns of it."""
    load.house.server.execute(INJECT)
    try:
        told = load.strike(_nothing)
        turns = int(str(load.house.server.execute("SELECT last_value FROM public.turns")[0][0]))
    finally:
        load.house.server.execute(TAKE_BACK)
    print(f"\n{turns // EVERY} failures in {turns} rows, {len(told)} requests")
    assert turns >= EVERY
    assert all(200 <= one.status < 300 for one in told)


def test_redis_makes_no_answer_wrong_and_hardly_one_late(load: Load) -> None:
    """R10: flushed, frozen or killed, it changes nothing in what is answered; limits at doors do not know it."""
    redis_program()
    assert load.redis is not None
    process, url = load.redis

    def flush() -> None:
        with Redis.from_url(url) as client:
            client.flushall()

    times: dict[str, tuple[float, float]] = {}
    for state in ("well", "flushed", "frozen", "killed"):
        fault: Callable[[], object] = _nothing
        match state:
            case "flushed":
                fault = flush
            case "frozen":
                process.send_signal(signal.SIGSTOP)
            case "killed":
                process.kill()
                process.wait()
            case _:
                pass
        told = load.strike(fault, times=1)
        assert all(200 <= one.status < 300 for one in told), state
        times[state] = _quantiles([one for one in told if one.kind == "figures"])
        if state == "frozen":
            assert _wrong_passwords(load, load.house.cast.team_agent.email) <= _most(SIGN_IN.both, 0)
    shown = ", ".join(f"{state} {p50:.0f}/{p95:.0f} ms" for state, (p50, p95) in times.items())
    print(f"\nstatistics, p50/p95: {shown}")
    if load.is_long:
        for state, (p50, _p95) in times.items():
            assert p50 <= 1.3 * times["well"][0], state


def test_of_many_codes_at_once_few_are_looked_at(load: Load) -> None:
    """T25: two processes count together, whatever networks they come from; a half minute's code opens one door."""
    person = load.house.cast.other_agent
    app, recovery_codes = _with_app(load, person)
    right = app.at(clock.now() + timedelta(seconds=30))  # not the one that the set-up used
    doors = [_code_form(load, person, right) for _ in range(4)]
    assert sorted(one.status for one in flood(load.port, doors)) == [303, 422, 422, 422]

    wrong = _code_form(load, person, "aaaaa-aaaaa-aaaaa-aaaaa")
    begun = time.monotonic()
    answers = flood(
        load.port, [replace(wrong, source=f"127.1.{number % 50}.1") for number in range(load.tries)]
    )
    most = _most(CODES.account, time.monotonic() - begun)
    told = Counter(one.status for one in answers)
    print(f"\nof {load.tries} codes {told[422]} were looked at")
    assert set(told) <= REFUSED
    assert 0 < told[422] <= most
    assert all(int(one.headers["retry-after"]) > 0 for one in answers if one.status == 429)
    (owner,) = flood(load.port, [_code_form(load, person, recovery_codes[0])])
    assert owner.status == 303, "from where they came in before, strangers do not keep them out"


def test_a_flood_of_sign_ins_keeps_nobody_out(load: Load) -> None:
    """R28: right passwords among many wrong ones open the door, its owner's too; what is compared has a limit.

    The long form floods three times, from a process of its own, as those who do so have machines of their own; the
    one in the middle says what others wait.
    """
    owner = load.house.cast.agent
    (first,) = flood(load.port, [_password_form(_door(load), "owner", owner.email, owner.password)])
    assert first.status == 303
    if not load.is_long:
        _flood_of_sign_ins(load, 1, flood)
        return
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_elsewhere) as pool:
        ratios = [
            _flood_of_sign_ins(load, turn, lambda port, forms: pool.submit(flood, port, forms).result())
            for turn in (1, 2, 3)
        ]
    assert statistics.median(ratios) < 2


def _elsewhere() -> None:
    """Be as little in the way of the desk as a process on the same machine can."""
    os.setsid()
    step_back()


def _flood_of_sign_ins(load: Load, turn: int, pour: Callable[[int, list[Form]], list[Answer]]) -> float:
    """Flood the door from networks that it has not seen; return how many times longer readers waited, at p95."""
    cast, door = load.house.cast, _door(load)
    owner, others = cast.agent, (cast.admin, cast.team_agent, cast.light_agent, cast.customer, cast.colleague)
    networks = max(6, load.tries // 50)
    forms = [
        _password_form(
            door, f"net {number % networks}", owner.email, "wrong", f"127.3.{number % networks}.{turn}"
        )
        if number % 3
        else _password_form(door, "anybody", f"user{number}@people.example", "wrong", f"127.4.0.{turn}")
        for number in range(load.tries)
    ]
    right = [_password_form(door, "owner", owner.email, owner.password)]
    for number, one in enumerate(others):
        right.append(_password_form(door, "good", one.email, one.password, f"127.5.{number}.1"))
    for number, form in enumerate(right):
        forms.insert((number + 1) * load.tries // (len(right) + 1), form)

    quiet = _read_during(load, lambda: load.house.stop.wait(load.seconds / 6))
    begun = time.monotonic()
    answers: list[Answer] = []
    busy = _read_during(load, lambda: answers.extend(pour(load.port, forms)))
    took = time.monotonic() - begun
    let_in = [one for one in answers if one.who in ("owner", "good")]
    assert [one.status for one in let_in] == [303] * len(right)
    assert {one.status for one in answers if one not in let_in} <= REFUSED
    compared = Counter(one.who for one in answers if one.status == 422)
    anybody = compared.pop("anybody")
    assert anybody <= _most(SIGN_IN.network, took)
    assert max(compared.values()) <= _most(SIGN_IN.both, took)
    assert compared.total() <= _most(SIGN_IN.account, took)
    assert all(200 <= one.status < 300 for one in (*quiet, *busy))
    slowest = max(one.seconds for one in let_in)
    print(
        f"\nof {load.tries} wrong passwords {anybody + compared.total()} were compared, in {took:.1f} s; who was right"
        f" was in after {slowest:.1f} s; readers p50/p95 {_quantiles(busy)} ms, without {_quantiles(quiet)}"
    )
    if load.is_long:
        assert slowest <= 5
    return _quantiles(busy)[1] / _quantiles(quiet)[1]


def _read_during(load: Load, work: Callable[[], object]) -> list[Told]:
    """Let readers use the house while something is done; return what they were told, of ten requests at least."""
    before = len(load.house.told)
    with load.house.used(0, READERS):
        work()
        wait_until(lambda: len(load.house.told) >= before + 10, "readers are answered")
    return load.house.told[before:]


def _most(rate: Rate, seconds: float) -> int:
    """Return how many turns there are in so many seconds, beginning at full; one may come free on the way."""
    return rate.burst + math.ceil(seconds / rate.seconds) + 1


def _wrong_passwords(load: Load, email: str) -> int:
    """Try eight wrong passwords at once from a network that nobody knows; return how many were compared."""
    form = _password_form(_door(load), "stranger", email, "wrong", "127.6.0.1")
    answers = flood(load.port, [form] * 8)
    assert {one.status for one in answers} == {422, 429}
    return sum(one.status == 422 for one in answers)


@dataclass(frozen=True)
class Door:
    """A page with a form: its token, and the cookies that go with it."""

    csrf: str
    cookies: dict[str, str]


def _door(load: Load) -> Door:
    with httpx.Client(base_url=load.house.address) as client:
        return _opened(client, "/sign-in")


def _opened(client: httpx.Client, path: str) -> Door:
    found = TOKEN.search(client.get(path).text)
    assert found is not None
    return Door(found[1], dict(client.cookies))


def _password_form(door: Door, who: str, email: str, password: str, source: str = HOME) -> Form:
    fields = {"csrf": door.csrf, "email": email, "password": password}
    return Form(who, "/sign-in", fields, door.cookies, source)


def _code_form(load: Load, person: Persona, code: str) -> Form:
    """Type somebody's password, and return the form of the second step with a code in it."""
    with httpx.Client(base_url=load.house.address, headers={"Origin": load.house.address}) as client:
        fields = _password_form(_opened(client, "/sign-in"), "", person.email, person.password).fields
        assert client.post("/sign-in", data=dict(fields)).headers["location"].startswith("/sign-in/code")
        door = _opened(client, "/sign-in/code")
    return Form("", "/sign-in/code", {"csrf": door.csrf, "code": code}, door.cookies)


def _with_app(load: Load, person: Persona) -> tuple[pyotp.TOTP, list[str]]:
    """Give somebody an authenticator app; return it, and their recovery codes."""
    desk, actor = load.house.desk, person.in_new_request()
    assert desk.settings.data_dir is not None
    secret = desk.run(actor, begin_totp, vault=open_vault(desk.settings.data_dir / "keys"))
    app = pyotp.TOTP(secret)
    return app, desk.run(actor, confirm_totp, secret, app.at(clock.now()))
