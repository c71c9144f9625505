"""Searching equals a plain loop in Python over the same texts: words, phrases, exclusions, exact text, filters."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ombud import TicketChannel, TicketPriority, TicketStatus
from ombud.testing import Persona, ScratchServer
from ombud.tickets import ME, UNASSIGNED
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.queries import finding
from ombud.tickets.reads import find_tickets
from tests.search.library import (
    SIGNS,
    START,
    TAGS,
    WHO,
    WORDS,
    Library,
    Told,
    folded,
    is_cjk,
    library_on,
    tokens,
)
from tests.sql.conftest import matches


@pytest.fixture(scope="module")
def library(postgres: ScratchServer) -> Iterator[Library]:
    with library_on(postgres) as found:
        yield found


@dataclass(frozen=True)
class Clause:
    """Part of what is typed: a word, an excluded word, a phrase."""

    words: str
    kind: str

    @property
    def typed(self) -> str:
        return {"word": self.words, "not": f"-{self.words}", "phrase": f'"{self.words}"'}[self.kind]

    def holds(self, known: list[list[str]], *, unfinished: bool) -> bool:
        wanted = tokens([self.words])
        if self.kind == "word" and not any(map(is_cjk, self.words)):
            found = all(
                _follow(known, [word], unfinished=unfinished and self.kind == "word") for word in wanted
            )
        else:
            found = _follow(known, wanted, unfinished=unfinished and self.kind == "word")
        return not found if self.kind == "not" else found


def _follow(known: list[list[str]], wanted: list[str], *, unfinished: bool) -> bool:
    """Whether the words follow each other in one of the texts; the last may be the beginning of one."""
    *firsts, last = wanted
    for text_ in known:
        for at in range(len(text_) - len(firsts)):
            there = text_[at + len(firsts)]
            ends = there.startswith(last) if unfinished else there == last
            if ends and text_[at : at + len(firsts)] == firsts:
                return True
    return False


words = st.sampled_from(WORDS).flatmap(
    lambda word: st.sampled_from(
        [word, word.lower(), word.upper(), folded(word), unicodedata.normalize("NFD", word)]
    )
)
clauses = st.one_of(
    st.builds(Clause, words, st.just("word")),
    st.builds(Clause, words, st.just("not")),
    # Words that no two texts of the document have between them: a title ends and a name begins.
    st.builds(Clause, st.lists(words, min_size=1, max_size=2).map(" ".join), st.just("phrase")),
)
beginnings = st.sampled_from(WORDS).flatmap(
    lambda word: st.integers(1, len(word)).map(lambda length: Clause(word[:length], "word"))
)
typed = st.tuples(st.lists(clauses, max_size=3), st.none() | beginnings)
parts = st.one_of(
    st.sampled_from(
        [*SIGNS, "%", "_", "\\", "50 %", "%o", "_b", "RUCKER", "büro", "BÜRO", "库", "طاب", "린", "nothing"]
    ),
    st.tuples(st.sampled_from(WORDS), st.integers(0, 3), st.integers(1, 6)).map(
        lambda t: t[0][t[1] :][: t[2]] or "x"
    ),
)
others = st.fixed_dictionaries(
    {},
    optional={
        "statuses": st.lists(st.sampled_from(TicketStatus), max_size=3, unique=True).map(tuple),
        "priorities": st.lists(st.sampled_from(TicketPriority), max_size=3, unique=True).map(tuple),
        "channels": st.lists(st.sampled_from(TicketChannel), max_size=3, unique=True).map(tuple),
        "assignees": st.lists(st.sampled_from([ME, UNASSIGNED, 2]), max_size=2, unique=True).map(tuple),
        "tags": st.lists(st.sampled_from([*TAGS, "FIRE"]), max_size=1).map(tuple),
        "created_from": st.integers(0, 9).map(lambda day: START + timedelta(days=day)),
        "created_to": st.integers(1, 10).map(lambda day: START + timedelta(days=day)),
        "resolved_from": st.integers(0, 14).map(lambda day: START + timedelta(days=day)),
        "resolved_to": st.integers(1, 15).map(lambda day: START + timedelta(days=day)),
        "updated_from": st.sampled_from([START, START + timedelta(days=3650)]),
        "team_ids": st.lists(st.sampled_from([1, 2, 999]), max_size=2, unique=True).map(tuple),
        "requester_id": st.integers(6, 9),
        "organization_id": st.integers(1, 2),
        "overdue": st.booleans(),
        "has_attachment": st.booleans(),
        "deleted": st.booleans(),
    },
)

# What people type for a field, and the filter that means the same; names and dates are looked up by the search alone.
TERMS: tuple[tuple[str, dict[str, Any]], ...] = (
    *((f"status:{one.value}", {"statuses": (one,)}) for one in TicketStatus),
    ("STATUS:In-Progress", {"statuses": (TicketStatus.IN_PROGRESS,)}),
    *((f"priority:{one.value}", {"priorities": (one,)}) for one in TicketPriority),
    *((f"channel:{one.value}", {"channels": (one,)}) for one in TicketChannel),
    ("Channel:EMAIL", {"channels": (TicketChannel.EMAIL,)}),
    ("is:done", {"statuses": tuple(one for one in TicketStatus if one.is_done)}),
    ("is:open", {"statuses": tuple(one for one in TicketStatus if not one.is_done)}),
    ("is:unassigned", {"assignees": (UNASSIGNED,)}),
    ("assignee:nobody", {"assignees": (UNASSIGNED,)}),
    ("assignee:me", {"assignees": (ME,)}),
    ("is:overdue", {"overdue": True}),
    ("is:deleted", {"deleted": True}),
    ("has:attachment", {"has_attachment": True}),
    ("tag:fire", {"tags": ("fire",)}),
    ('tag:"HALL"', {"tags": ("hall",)}),
    ("created:2026-01-03", {"created_from": START + timedelta(days=2), "created_to": START + timedelta(days=3)}),
    ("created:>2026-01-04", {"created_from": START + timedelta(days=4)}),
    ("created:<=2026-01-06", {"created_to": START + timedelta(days=6)}),
    ("created:2026-01-02..2026-01-05",
     {"created_from": START + timedelta(days=1), "created_to": START + timedelta(days=5)}),
    ("resolved:>=2026-01-07", {"resolved_from": START + timedelta(days=6)}),
    ("resolved:2026", {"resolved_from": START, "resolved_to": START.replace(year=2027)}),
    ("updated:<2026-01-01", {"updated_to": START}),
    ('status:"in progress"', {"statuses": (TicketStatus.IN_PROGRESS,)}),
)  # fmt: skip
TERMS += tuple(
    (f"-{term}", {"without": (TicketFilter(**means),)}) for term, means in TERMS if "deleted" not in means
)
NAMED = {"team": "Billing", "requester": "@home.example", "from": "@acme.example", "organization": "acm",
         "assignee": "agent"}  # fmt: skip
FIELD_OF = {"from": "requester"}
# What is chosen by id on a page, or given by a program, and then typed as well.
chosen: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {},
    optional={
        "statuses": st.lists(st.sampled_from(TicketStatus), min_size=1, max_size=2, unique=True).map(tuple),
        "assignees": st.sampled_from([(UNASSIGNED,), (2,), (ME, UNASSIGNED)]),
        "team_ids": st.sampled_from([(1,), (2,)]),
        "requester_id": st.integers(6, 8),
        "organization_id": st.just(1),
        "created_from": st.integers(0, 6).map(lambda day: START + timedelta(days=day)),
        "created_to": st.integers(3, 10).map(lambda day: START + timedelta(days=day)),
    },
)
terms: st.SearchStrategy[list[tuple[str, dict[str, Any]]]] = st.lists(
    st.sampled_from(TERMS) | st.sampled_from(sorted(NAMED)).map(lambda key: (f'{key}:"{NAMED[key]}"', {})),
    min_size=1,
    max_size=3,
)

BOTH_ASSIGNEES = [("assignee:me", {"assignees": (ME,)}), ('assignee:"tara"', {})]
TWO_DAYS = [
    (f"created:2026-01-0{day}",
     {"created_from": START + timedelta(days=day - 1), "created_to": START + timedelta(days=day)})
    for day in (3, 5)
]  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(what=([], None), asked=BOTH_ASSIGNEES, chosen={}, who="agent", places=random.Random(1))
@example(what=([], None), asked=TWO_DAYS, chosen={}, who="agent", places=random.Random(1))
@given(
    what=typed,
    asked=terms,
    chosen=chosen,
    who=st.sampled_from(WHO[:3]),
    places=st.randoms(use_true_random=False),
)
def test_typed_terms_are_what_a_loop_finds(  # noqa: PLR0917  -- one for each thing that varies
    library: Library,
    what: tuple[list[Clause], Clause | None],
    asked: list[tuple[str, dict[str, Any]]],
    chosen: dict[str, Any],
    who: str,
    places: random.Random,
) -> None:
    """`field:value` among the words says what its filter says; several of one field mean any of them.

    Assignees are any of them by id or name. Of times, all must hold: the latest beginning and the earliest end.
    `chosen` is what a filter holds besides.
    """
    person: Persona = getattr(library.cast, who)
    clauses_asked = [*what[0], *([what[1]] if what[1] else [])]
    pieces = [clause.typed for clause in clauses_asked]
    meant = dict(chosen)
    for term, means in asked:
        pieces.insert(places.randint(0, len(pieces)), term)
        for key, value in means.items():
            meant[key] = _added(key, meant.get(key), value)
    names = {FIELD_OF.get(key := term.partition(":")[0], key) for term, means in asked if not means}
    of_ids = (
        {"assignee": {"assignees": meant["assignees"]}}
        if "assignees" in meant and "assignee" in names
        else {}
    )
    others_meant = {
        key: value for key, value in meant.items() if not any(key in one for one in of_ids.values())
    }

    def belongs(told: Told, field: str) -> bool:
        """By a part of a name, or by an id."""
        known = of_ids.get(field)
        wanted = TicketFilter(**known, deleted=meant.get("deleted", False)) if known else None
        by_id = wanted is not None and matches(told.facts, wanted, person.actor)
        return by_id or _is_named(library, told, field, asked)

    def is_found(told: Told) -> bool:
        return (
            matches(told.facts, TicketFilter(**others_meant), person.actor)
            and all(belongs(told, field) for field in names)
            and all(
                clause.holds(told.words(person.actor), unfinished=clause is clauses_asked[-1])
                for clause in clauses_asked
            )
        )

    wanted = TicketFilter(**chosen, text=" ".join(pieces))
    found = _found(library, person, wanted, TicketSort.CREATED, 40)
    assert found == _newest_first([told for told in library.told if is_found(told)]), wanted


def _added(key: str, known: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return (*(known or ()), *value)
    if known is None or isinstance(value, bool):
        return value
    return max(known, value) if key.endswith("_from") else min(known, value)


def _is_named(library: Library, told: Told, field: str, asked: list[tuple[str, dict[str, Any]]]) -> bool:
    """Whether the person, team or organization of a ticket has one of the parts of names that were asked for."""
    row, cast = told.facts.row, library.cast
    parts = [
        term.partition(":")[2].strip('"').lower()
        for term, means in asked
        if not means and FIELD_OF.get(term.partition(":")[0], term.partition(":")[0]) == field
    ]
    agents = {one.id: [one.user.full_name, one.email] for one in (cast.agent, cast.team_agent)}
    teams = {one.id: [one.name] for one in (cast.team, cast.other_team)}
    known = {
        "requester": told.requester,
        "assignee": agents.get(row.assignee_id or 0, []),
        "team": teams.get(row.team_id or 0, []),
        "organization": [cast.organization.name] if row.organization_id else [],
    }[field]
    return any(part in name.lower() for part in parts for name in known)


def _found(
    library: Library, person: Persona, wanted: TicketFilter, sort: TicketSort, limit: int
) -> list[int]:
    """Return the ids of all pages, one after the other."""
    ids: list[int] = []
    place = Place(sort, limit=limit)
    while True:
        with library.desk.read(person.actor) as session:
            page = find_tickets(session, wanted, place)
        assert len(page.tickets) <= limit
        ids += [ticket.id for ticket in page.tickets]
        if page.next_cursor is None:
            assert page.total == len(ids)
            assert not page.is_more
            return ids
        assert page.total > len(ids)
        place = Place(sort, limit=limit, cursor=page.next_cursor)


def _newest_first(told: list[Told]) -> list[int]:
    ordered = sorted(told, key=lambda one: (one.facts.row.created_at, one.facts.row.id), reverse=True)
    return [one.facts.row.id for one in ordered]


FILES = {"has_attachment": True}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(what=([], None), part=None, narrowed=FILES, who="agent", limit=40, by_rank=False)
@example(what=([], None), part=None, narrowed=FILES, who="customer", limit=40, by_rank=False)
@example(what=([], None), part=None, narrowed=FILES, who="other_customer", limit=40, by_rank=False)
@given(
    what=typed,
    part=st.none() | st.none() | parts,
    narrowed=st.just({}) | others,
    who=st.sampled_from(WHO),
    limit=st.integers(3, 40),
    by_rank=st.booleans(),
)
def test_every_search_is_what_a_loop_finds(  # noqa: PLR0917  -- one for each thing that varies
    library: Library,
    what: tuple[list[Clause], Clause | None],
    part: str | None,
    narrowed: dict[str, Any],
    who: str,
    limit: int,
    by_rank: bool,
) -> None:
    complete, last = what
    person: Persona = getattr(library.cast, who)
    asked = [*complete, *([last] if last else [])]
    query = " ".join(clause.typed for clause in asked)
    structured = TicketFilter(**narrowed)
    wanted = TicketFilter(**narrowed, text=query or None, substring=part)

    def is_found(told: Told) -> bool:
        texts = told.texts(person.actor)
        known = told.words(person.actor)
        return (
            matches(told.facts, structured, person.actor)
            # the last word typed may be the beginning of one
            and all(clause.holds(known, unfinished=clause is asked[-1]) for clause in asked)
            and (part is None or any(part.lower() in one.lower() for one in texts))
        )

    expected = [told for told in library.told if is_found(told)]
    sort = TicketSort.RANK if by_rank and query.strip() else TicketSort.CREATED
    found = _found(library, person, wanted, sort, limit)
    if sort is TicketSort.CREATED:
        assert found == _newest_first(expected), (query, wanted)
    else:
        assert len(found) == len(set(found))
        assert set(found) == set(_newest_first(expected)), (query, wanted)


@pytest.mark.parametrize("walked", [3, 100])
def test_thousands_found_by_words_are_paged_as_few_are(
    library: Library, monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    """Of very many the page is looked for among the newest tickets first, wherever these end."""

    def answers() -> list[Any]:
        return [
            _found(library, library.cast.agent, TicketFilter(text=word), sort, 3)
            for word in WORDS
            for sort in (TicketSort.CREATED, TicketSort.ACTIVITY)
        ]

    expected = answers()
    assert any(len(found) > 3 for found in expected), "pages that follow are found too"
    monkeypatch.setattr(finding, "MANY", 1)
    monkeypatch.setattr(finding, "WALKED", walked)
    assert answers() == expected
