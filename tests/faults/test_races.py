"""Fifty at once over one thing (TRUST.md T96): whoever wins, what may be only once is once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import func, select

from ombud import Actor, Desk, Settings, Ticket, TicketStatus, clock
from ombud.curation import merge_people, merge_tickets
from ombud.errors import Conflict, OmbudError
from ombud.kit.tokens import split_api_token
from ombud.models import AuditAction, AuditLog, Comment, Passkey, RecoveryCode, TotpFactor, User, UserRole
from ombud.people import queries as people
from ombud.people.accounts import create_token, revoke_token
from ombud.people.actions import change_user, deactivate_user
from ombud.people.factors import make_recovery_codes, remove_passkey, remove_totp
from ombud.testing import Cast, ScratchDatabase, make_admin, make_comment, make_customer, make_ticket
from ombud.tickets import IllegalMove, assign, reply, set_status

FIFTY = 50
SYSTEM = Actor.system("test")


@pytest.fixture
def crowd(database: ScratchDatabase) -> Iterator[Desk]:
    """A desk with room for all of them, and patience: on a busy machine the last one waits for the others."""
    settings = Settings(pool_size=25, pool_timeout=120, lock_timeout=60, statement_timeout=60)
    with Desk(database.url, settings) as desk:
        yield desk


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Begin all at one moment; return what each gave or raised."""
    begin = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        begin.wait()
        try:
            return work()
        except OmbudError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def scalar(desk: Desk, statement: Any) -> Any:
    with desk.read(SYSTEM) as session:
        return session.scalar(statement)


def test_fifty_close_a_ticket_and_it_is_closed_once(crowd: Desk, cast: Cast) -> None:
    agent = cast.agent.actor
    ticket = crowd.run(agent, make_ticket, cast.customer.user, status=TicketStatus.IN_PROGRESS)
    results = at_once([partial(crowd.run, agent, set_status, ticket.id, TicketStatus.CLOSED)] * FIFTY)
    assert all(isinstance(one, Ticket | IllegalMove) for one in results), results
    moves = select(func.count()).where(AuditLog.ticket_id == ticket.id, AuditLog.changes.has_key("status"))
    assert scalar(crowd, moves.where(AuditLog.action == AuditAction.UPDATE)) == 1


def test_fifty_take_a_ticket_and_one_has_it(crowd: Desk, cast: Cast) -> None:
    ticket = crowd.run(SYSTEM, make_ticket, cast.customer.user)
    takers = [cast.agent, cast.other_agent, cast.admin, cast.team_agent, cast.agent] * (FIFTY // 5)
    works = [
        partial(crowd.run, one.actor, assign, ticket.id, one.id, seen={"assignee_id": None}) for one in takers
    ]
    results = at_once(works)
    won = [one for one in results if isinstance(one, Ticket)]
    assert len(won) == 1
    assert all(isinstance(one, Conflict) for one in results if one is not won[0])
    assert scalar(crowd, select(Ticket.assignee_id).where(Ticket.id == ticket.id)) == won[0].assignee_id


def test_fifty_merge_one_ticket_into_five_and_it_is_in_one(crowd: Desk, cast: Cast) -> None:
    agent = cast.agent.actor
    source, *targets = [crowd.run(agent, make_ticket, cast.customer.user) for _ in range(6)]
    crowd.run(agent, make_comment, source, cast.agent.user, "Said once")
    works = [partial(crowd.run, agent, merge_tickets, [source.id], targets[n % 5].id) for n in range(FIFTY)]
    won = [one for one in at_once(works) if not isinstance(one, Exception)]
    assert len(won) == 1
    said = select(Comment.ticket_id).where(Comment.content == "Said once")
    with crowd.read(SYSTEM) as session:
        (where,) = session.scalars(said).all()
    assert where in {one.id for one in targets}


def test_fifty_merge_two_people_both_ways_and_there_is_no_circle(crowd: Desk, cast: Cast) -> None:
    first, second = (crowd.run(SYSTEM, make_customer).id for _ in range(2))
    for person in (first, second):
        crowd.run(SYSTEM, make_ticket, person)
    pairs = [(first, second), (second, first)] * (FIFTY // 2)
    works = [partial(crowd.run, cast.admin.actor, merge_people, [one], other) for one, other in pairs]
    won = [one for one in at_once(works) if not isinstance(one, Exception)]
    assert len(won) == 1
    with crowd.read(SYSTEM) as session:
        active = session.scalars(select(User.id).where(User.id.in_([first, second]), User.is_active)).all()
        owners = set(session.scalars(select(Ticket.requester_id)))
    assert len(active) == 1
    assert owners == set(active)


def test_fifty_answer_while_it_is_merged_and_no_word_is_lost(crowd: Desk, cast: Cast) -> None:
    """Whoever comes before the merge moves along, whoever comes after it is told; nothing lies on the stub."""
    agent = cast.agent.actor
    source, target = (crowd.run(agent, make_ticket, cast.customer.user) for _ in range(2))
    works: list[Callable[[], Any]] = [
        partial(crowd.run, agent, reply, source.id, f"Word {n}") for n in range(FIFTY)
    ]
    works.insert(FIFTY // 2, partial(crowd.run, agent, merge_tickets, [source.id], target.id))
    results = at_once(works)
    said = [one for one in results if isinstance(one, Comment)]
    with crowd.read(SYSTEM) as session:
        where = {
            row.content: row.ticket_id for row in session.execute(select(Comment.content, Comment.ticket_id))
        }
    assert set(where) == {one.content for one in said}, "what was taken is there, what was refused is not"
    assert set(where.values()) <= {target.id}


def test_a_revoked_token_is_refused_to_fifty_from_that_moment(crowd: Desk, cast: Cast) -> None:
    """They use it all the while; once the revocation is committed nobody gets in any more."""
    token, record = crowd.run(SYSTEM, create_token, cast.agent.id, "soon gone")
    found = split_api_token(token)
    assert found is not None
    begin, revoked = Barrier(FIFTY + 1), Event()

    def is_let_in() -> bool:
        with crowd.read(SYSTEM) as session:
            return session.execute(people.token_principal(found[0])).one_or_none() is not None

    def use(_number: int) -> tuple[bool, bool]:
        before = is_let_in()
        begin.wait()
        for _ in range(3):
            is_let_in()
        assert revoked.wait(60)
        return before, is_let_in()

    with ThreadPoolExecutor(FIFTY) as pool:
        everybody = pool.map(use, range(FIFTY))
        begin.wait()
        crowd.run(SYSTEM, revoke_token, record.id)
        revoked.set()
        assert list(everybody) == [(True, False)] * FIFTY


def test_fifty_make_recovery_codes_and_one_set_opens_the_account(crowd: Desk, cast: Cast) -> None:
    who = cast.agent
    with crowd.begin(SYSTEM) as session:
        session.add(TotpFactor(user_id=who.id, secret=b"sealed", confirmed_at=clock.now()))
    sets = at_once([partial(crowd.run, who.actor, make_recovery_codes)] * FIFTY)
    assert {len(one) for one in sets} == {10}
    codes = select(func.count()).where(RecoveryCode.user_id == who.id)
    assert scalar(crowd, codes) == 10, "the codes that a newer set replaced open nothing"


def test_the_last_two_factors_removed_at_once_leave_no_recovery_codes(crowd: Desk, cast: Cast) -> None:
    """The second removal waits for the first: neither takes the other's factor for one that stays."""
    who = cast.agent
    with crowd.begin(SYSTEM) as session:
        session.add(TotpFactor(user_id=who.id, secret=b"sealed", confirmed_at=clock.now()))
        key = Passkey(user_id=who.id, name="Key", credential_id=b"c", public_key=b"k")
        session.add(key)
        session.flush()
        key_id = key.id
    crowd.run(who.actor, make_recovery_codes)
    with ThreadPoolExecutor(1) as pool:
        with crowd.begin(who.actor) as session:
            remove_totp(session)
            other = pool.submit(crowd.run, who.actor, remove_passkey, key_id)
            wait([other], timeout=1)
        other.result()
    assert scalar(crowd, select(func.count()).where(RecoveryCode.user_id == who.id)) == 0


def test_administrators_who_let_each_other_go_leave_one(crowd: Desk, cast: Cast) -> None:
    """Each is the other's last one: nobody who could come in would be left, and a stranger would set the desk up."""
    ids = [cast.admin.id, *(crowd.run(SYSTEM, make_admin).id for _ in range(9))]
    works = [
        partial(crowd.run, Actor.admin(one), change_user, other, {"role": UserRole.AGENT})
        if one % 2
        else partial(crowd.run, Actor.admin(one), deactivate_user, other)
        for one in ids
        for other in ids
        if other != one
    ]
    refused = [one.code for one in at_once(works[::2]) + at_once(works[1::2]) if isinstance(one, OmbudError)]
    assert "last_administrator" in refused
    left = select(func.count()).where(User.role == UserRole.ADMIN, User.is_active)
    assert scalar(crowd, left) == 1
