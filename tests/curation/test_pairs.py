"""Pairs of customers over a whole desk: the same as by comparing everybody with everybody, and without reading them."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

import pytest
from sqlalchemy import select, text

from ombud import Actor, Desk
from ombud.curation import LikePeople, duplicate_people, keep_alike, keep_people_apart, merge_people, place_of
from ombud.curation.rules import Known, likeness_of_people
from ombud.models import User
from ombud.testing import Cast, ScratchDatabase, ScratchServer, make_cast, make_customer, make_organization

SYSTEM = Actor.system("test")
CUSTOMERS = 4_000
TWINS = 40
FILL = f"""
INSERT INTO ombud.users (email, full_name)
SELECT 'c' || n || CASE WHEN n <= {TWINS} THEN '+old' ELSE '' END || '@many.example',
       initcap(md5(n::text)) || ' ' || initcap(md5(n::text || 'x'))
  FROM generate_series(1, {CUSTOMERS}) n;
INSERT INTO ombud.users (email, full_name)
SELECT 'c' || n || '@many.example', '' FROM generate_series(1, {TWINS}) n;
"""


@pytest.fixture
def many(postgres: ScratchServer) -> Iterator[tuple[ScratchDatabase, Desk, Cast]]:
    """A desk of so many customers that reading all of them shows, on a database of its own."""
    with postgres.database() as database, Desk(database.url) as desk:
        cast = desk.run(SYSTEM, make_cast)
        database.execute(FILL)
        yield database, desk, cast


def inbox_of(address: str) -> str:
    local, _, domain = address.lower().partition("@")
    local = local.partition("+")[0]
    if domain in ("gmail.com", "googlemail.com"):
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def words_of(name: str) -> tuple[str, ...]:
    return tuple(sorted(word for word in re.split(r"[\W_]+", name.lower()) if word))


def pages(desk: Desk, cast: Cast, least: float, size: int) -> list[LikePeople]:
    found: list[LikePeople] = []
    with desk.read(cast.agent.actor) as session:
        after = None
        while page := duplicate_people(session, least=least, limit=size, after=after):
            found += page
            after = place_of(page[-1])
    return found


def by_comparing_all(desk: Desk) -> dict[tuple[int, int], float]:
    """Return each pair of one inbox, or of one name of two words and more, that 2 to 20 have, with its score."""
    customers = select(User).where(
        User.role == "customer", User.merged_into_id.is_(None), User.anonymised_at.is_(None)
    )
    groups: dict[object, list[int]] = defaultdict(list)
    with desk.read(SYSTEM) as session:
        known = {
            user.id: Known(user.id, user.email, user.full_name, inbox_of(user.email), user.organization_id)
            for user in session.scalars(customers)
        }
        for one in known.values():
            groups[one.address_key].append(one.id)
            if len(words := words_of(one.full_name)) > 1:
                groups[words].append(one.id)
        apart = {(row[0], row[1]) for row in session.execute(text("SELECT * FROM ombud.distinct_people"))}
        pairs = {
            pair for ids in groups.values() if len(ids) <= 20 for pair in combinations(sorted(ids), 2)
        } - apart
        return {
            (a, b): likeness_of_people(
                known[a],
                known[b],
                session.scalar(
                    text("SELECT CASE WHEN '' IN (:a, :b) THEN 0 ELSE ombud.similarity(:a, :b) END"),
                    {"a": known[a].full_name, "b": known[b].full_name},
                )
                or 0,
            ).score
            for a, b in pairs
        }


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_as_by_comparing_everybody_with_everybody(desk: Desk, cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    first, last = ["Ann", "ann", "BO", "Cleo", "Ümit", "D'Arcy"], ["Lee", "lee", "Ng", "Öz", ""]
    locals_ = ["ann.lee", "Ann.Lee", "annlee", "bo", "bo.ng", "cleo", "umit"]
    domains = ["gmail.com", "googlemail.com", "a.example", "b.example", "c.example"]
    with desk.begin(SYSTEM) as session:
        firms = [None, make_organization(session, "A").id, make_organization(session, "B").id]
        ids = []
        for number in range(150):
            names = [chance.choice(first), chance.choice(last)]
            chance.shuffle(names)
            crowd = number < 21  # one more than says anything about two of them
            address = f"{chance.choice(locals_)}{'+' * chance.randrange(2)}{number}@{chance.choice(domains)}"
            if "+" in address:
                address = address.replace("+", f"{number % 15}+")
            ids.append(
                make_customer(
                    session,
                    email=address,
                    full_name="Common Name" if crowd else f"{chance.choice(['', '  '])}{', '.join(names)}",
                    organization_id=chance.choice(firms),
                ).id
            )
    desk.run(cast.admin.actor, merge_people, ids[30:32], ids[32])
    two = [pair for pair in combinations(ids[40:60], 2) if chance.random() < 0.5]
    for one, other in two:
        desk.run(cast.agent.actor, keep_people_apart, one, other)
    expected = by_comparing_all(desk)
    assert len(expected) > 50

    found = pages(desk, cast, 0, 37)
    assert {(pair.person.id, pair.other.id) for pair in found} == set(expected)
    assert len(found) == len(expected)
    assert [place_of(pair) for pair in found] == sorted(place_of(pair) for pair in found)
    for pair in found:
        # Halves are rounded to even there, and away from nothing here.
        assert pair.likeness.score == pytest.approx(expected[pair.person.id, pair.other.id], abs=0.0101)
    likely = pages(desk, cast, 0.7, 50)
    assert likely == [pair for pair in found if pair.likeness.score >= 0.7]
    assert 0 < len(likely) < len(found)


def test_keys_are_read_and_not_made(many: tuple[ScratchDatabase, Desk, Cast]) -> None:
    """Two indexes are read in their order, and then each pair's two rows: never the table for everybody's keys."""
    database, desk, cast = many
    database.execute("VACUUM ANALYZE ombud.users")
    counters = text(
        "SELECT seq_scan, coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables WHERE relid = 'ombud.users'::regclass"
    )
    with desk.read(cast.agent.actor) as session:
        before = session.execute(counters).one()
        assert len(duplicate_people(session, limit=50)) == TWINS
        after = session.execute(counters).one()
    assert after[0] == before[0]
    assert 0 < after[1] - before[1] < 5 * TWINS


def test_what_is_kept_is_read_without_looking_at_everybody(
    many: tuple[ScratchDatabase, Desk, Cast],
) -> None:
    """The rows of the pairs that are shown, and of people that came since; no index is read through."""
    database, desk, cast = many
    desk.run(SYSTEM, keep_alike)
    database.execute("VACUUM ANALYZE ombud.users, ombud.alike_people")
    read = text(
        "SELECT sum(seq_tup_read) + sum(coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = 'ombud'"
    )
    indexes = text(
        "SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index JOIN pg_class c ON c.oid = indrelid"
        " WHERE c.relnamespace = 'ombud'::regnamespace"
    )
    with desk.read(cast.agent.actor) as session:
        before = session.scalar(read), session.scalar(indexes)
        assert len(duplicate_people(session, limit=50)) == TWINS
        after = session.scalar(read), session.scalar(indexes)
    assert 0 < after[0] - before[0] < 10 * TWINS
    assert after[1] - before[1] < 10 * TWINS
