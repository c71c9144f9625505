"""Turns at a door (T25, R28): however many try at once, and from wherever, no more are judged than there are turns."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg import Connection

from ombud import Actor, Desk
from ombud.db.migrate import libpq
from ombud.errors import RateLimited
from ombud.people.throttle import (
    CODES,
    LETTERS,
    SIGN_IN,
    account_of,
    forget_turns,
    network_of,
    succeed,
    take,
)
from ombud.testing.databases import ScratchDatabase

DOOR = Actor.system("sign-in")
ANN = "ann@example.com"


def _tries(desk: Desk, count: int, *, account: str = ANN, ip: str = "192.0.2.1", limit: Any = SIGN_IN) -> int:
    """Return how many of these tries were let through."""
    good, waits = 0, [1]
    for _ in range(count):
        try:
            desk.run(DOOR, take, limit, account=account, ip=ip)
        except RateLimited as error:
            waits.append(error.retry_after)
        else:
            good += 1
    assert min(waits) >= 1
    assert max(waits) <= max(limit.both.seconds, limit.network.seconds, limit.account.seconds)
    return good


def _rows(database: ScratchDatabase) -> list[Any]:
    with Connection.connect(libpq(database.admin_url)) as owner:
        return owner.execute("SELECT key, free_at FROM ombud.login_attempts ORDER BY key").fetchall()


def test_parallel_tries_get_no_more_turns_than_there_are(desk: Desk, database: ScratchDatabase) -> None:
    def one(n: int) -> bool:
        try:
            desk.run(DOOR, take, CODES, account="7", ip="192.0.2.1")
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        let_through = sum(pool.map(one, range(60)))
    # A turn comes free each minute: a machine that is slow for so long may give one more.
    assert CODES.both.burst <= let_through <= CODES.both.burst + 2


def test_a_guesser_is_stopped_and_the_owner_elsewhere_is_not(desk: Desk) -> None:
    assert _tries(desk, 8) == SIGN_IN.both.burst
    assert _tries(desk, 1, account=ANN.upper()) == 0, "case makes no other account"
    assert _tries(desk, 1, ip="198.51.100.7") == 1, "the owner comes from elsewhere"
    assert _tries(desk, 1, account="bob@example.com") == 1, "somebody else behind the same address"


def test_no_other_spelling_of_an_address_has_turns_of_its_own(desk: Desk) -> None:
    """`İ` is `i` to PostgreSQL's `lower()`, and two characters to Python's: 2^n addresses that are one account."""
    assert _tries(desk, 8, account="mimi@example.com") == SIGN_IN.both.burst
    for spelling in ("mİmi@example.com", "MİMİ@example.com", "mimi@eXample.com", " mimi@example.com"):
        assert _tries(desk, 1, account=spelling) == 0, ascii(spelling)


def test_what_the_database_takes_for_one_address_is_counted_as_one(database: ScratchDatabase) -> None:
    every = (
        "SELECT chr(n), lower(chr(n)) FROM generate_series(1, 1114111) n "
        "WHERE n NOT BETWEEN 55296 AND 57343 AND lower(chr(n)) <> chr(n)"
    )
    with Connection.connect(libpq(database.admin_url)) as owner:
        pairs = owner.execute(every).fetchall()
    known = [(one, lower) for one, lower in pairs if unicodedata.category(one) != "Cn"]
    assert len(known) > 1000, "all but letters newer than this Python: no address may hold one"
    assert [ascii(one) for one, lower in known if account_of(f"a{one}") != account_of(f"a{lower}")] == []


def test_many_networks_together_are_stopped_and_the_owners_own_is_not(desk: Desk) -> None:
    desk.run(DOOR, take, CODES, account=ANN, ip="198.51.100.7")
    desk.run(DOOR, succeed, CODES, account=ANN, ip="198.51.100.7")
    let_through = sum(_tries(desk, 2, ip=f"203.0.113.{n}", limit=CODES) for n in range(1, 15))
    assert CODES.account.burst - 1 <= let_through <= CODES.account.burst + 1
    assert _tries(desk, 1, ip="203.0.113.99", limit=CODES) == 0
    assert _tries(desk, 1, ip="198.51.100.7", limit=CODES) == 1, "known: strangers do not keep its owner out"


def test_one_network_is_stopped_whatever_the_accounts(desk: Desk) -> None:
    let_through = sum(_tries(desk, 1, account=f"{n}@example.com") for n in range(30))
    assert SIGN_IN.network.burst <= let_through <= SIGN_IN.network.burst + 2


def test_who_is_refused_has_taken_nothing(desk: Desk, database: ScratchDatabase) -> None:
    _tries(desk, 5)
    before = _rows(database)
    assert _tries(desk, 3) == 0
    assert _rows(database) == before


def test_a_good_try_forgives(desk: Desk) -> None:
    for _ in range(4):
        assert _tries(desk, 4) == 4
        desk.run(DOOR, succeed, SIGN_IN, account=ANN, ip="192.0.2.1")


def test_turns_come_free_with_time_and_empty_keys_go(desk: Desk, database: ScratchDatabase) -> None:
    _tries(desk, 6)
    database.execute(
        "UPDATE ombud.login_attempts SET free_at = free_at - interval '61 seconds' WHERE key LIKE '%pair%'"
    )
    assert _tries(desk, 2) == 1
    database.execute("UPDATE ombud.login_attempts SET free_at = now() - interval '1 second'")
    assert desk.run(Actor.system("worker"), forget_turns) == 3


def test_nobody_reads_an_address_in_the_table(desk: Desk, database: ScratchDatabase) -> None:
    _tries(desk, 1)
    desk.run(DOOR, succeed, SIGN_IN, account=ANN, ip="192.0.2.1")
    assert len(_rows(database)) == 3
    assert "ann" not in str(_rows(database))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unix", False),
    ],
)
def test_what_counts_as_one_place(one: str, other: str, is_same: bool) -> None:
    assert (network_of(one) == network_of(other)) is is_same


def test_letters_are_one_in_five_minutes(desk: Desk) -> None:
    assert _tries(desk, 3, limit=LETTERS) == 1
