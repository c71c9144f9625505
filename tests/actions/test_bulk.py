"""Changing many tickets at once: what changes, what stays and why, and what it costs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ombud import Actor, AuditLog, Desk, Settings, Tag, Ticket, TicketStatus
from ombud.errors import Forbidden, Invalid
from ombud.models import INCLUDE_DELETED, TicketTag
from ombud.people.actions import deactivate_user
from ombud.testing import Cast, Perform, ScratchDatabase, counted, make_agent, make_ticket
from ombud.tickets import (
    STATUS_MOVES,
    BulkOutcome,
    Skipped,
    SkipReason,
    assign,
    bulk_assign_tickets,
    bulk_create_tickets,
    bulk_delete_tickets,
    bulk_restore_tickets,
    bulk_tag_tickets,
    bulk_update_ticket_status,
    soft_delete_ticket,
)
from tests.waiting import WAITING_HERE

Bulk = Callable[..., BulkOutcome]


def tickets(session: Session, /, customer_id: int, statuses: list[TicketStatus]) -> list[int]:
    return [make_ticket(session, customer_id, status=status).id for status in statuses]


def open_tickets(session: Session, /, customer_id: int, count: int, **given: Any) -> list[int]:
    rows = [{"title": f"Ticket {n}", "requester_id": customer_id, **given} for n in range(count)]
    return [key for key in bulk_create_tickets(session, rows).ids if key is not None]


def state(session: Session, /, key: int) -> tuple[TicketStatus, int | None, bool, bool]:
    ticket = session.scalars(
        select(Ticket).where(Ticket.id == key).execution_options(**{INCLUDE_DELETED: True})
    ).one()
    return ticket.status, ticket.assignee_id, ticket.resolved_at is not None, ticket.deleted_at is not None


def audit_rows(session: Session, /, request_id: str, table: str = "tickets") -> list[AuditLog]:
    rows = select(AuditLog).where(AuditLog.request_id == request_id, AuditLog.table_name == table)
    return list(session.scalars(rows.order_by(AuditLog.record_id)))


def every_status(perform: Perform, cast: Cast, system: Actor) -> dict[TicketStatus, int]:
    return dict(
        zip(TicketStatus, perform(system, tickets, cast.customer.id, list(TicketStatus)), strict=True)
    )


@pytest.mark.parametrize("target", list(TicketStatus))
def test_only_legal_moves_are_made(perform: Perform, cast: Cast, system: Actor, target: TicketStatus) -> None:
    ids = every_status(perform, cast, system)
    outcome = perform(cast.agent.actor, bulk_update_ticket_status, ids.values(), target)
    for status, key in ids.items():
        now, _assignee, resolved, _deleted = perform(system, state, key)
        if target in STATUS_MOVES[status]:
            assert key in outcome.changed
            assert now is target
            assert resolved is target.is_done
        else:
            expected = SkipReason.UNCHANGED if target is status else SkipReason.ILLEGAL_MOVE
            assert Skipped(key, expected) in outcome.skipped
            assert now is status
    assert outcome.count + len(outcome.skipped) == len(ids)


def test_each_changed_ticket_has_one_audit_row_with_the_actor(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    ids = every_status(perform, cast, system)
    actor = cast.agent.in_new_request()
    outcome = perform(actor, bulk_update_ticket_status, ids.values(), TicketStatus.CLOSED)
    rows = perform(system, audit_rows, actor.request_id)
    assert [row.record_id for row in rows] == sorted(outcome.changed)
    assert {row.user_id for row in rows} == {cast.agent.id}
    assert all(row.changes["status"][1] == "closed" for row in rows)


def test_duplicates_strangers_and_nonsense_are_told_once(perform: Perform, cast: Cast, system: Actor) -> None:
    (key,) = perform(system, tickets, cast.customer.id, [TicketStatus.OPEN])
    ids = [key, key, 10**12, -1, 0, 2**70, key]
    outcome = perform(cast.agent.actor, bulk_update_ticket_status, iter(ids), TicketStatus.RESOLVED)
    assert outcome.changed == (key,)
    assert outcome.skipped_for(SkipReason.NOT_FOUND) == (-1, 0, 10**12, 2**70)


@pytest.mark.parametrize("ids", [["1"], [True], [None], ["1", 2], "12", [1.0]])
def test_what_is_no_number_is_no_id(perform: Perform, cast: Cast, ids: Any) -> None:
    with pytest.raises(Invalid) as caught:
        perform(cast.agent.actor, bulk_update_ticket_status, ids, TicketStatus.CLOSED)
    assert caught.value.fields == {"ids": "must be whole numbers."}


def test_a_status_that_is_none_names_its_field(perform: Perform, cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        perform(cast.agent.actor, bulk_update_ticket_status, [1], "nope")  # type: ignore[arg-type]  # as hosts without a type checker do
    assert list(refused.value.fields) == ["status"]


ACTIONS: dict[str, tuple[Bulk, dict[str, Any]]] = {
    "status": (bulk_update_ticket_status, {"status": TicketStatus.CLOSED}),
    "assign": (bulk_assign_tickets, {"assignee_id": None}),
    "tag": (bulk_tag_tickets, {"add": ["vip"]}),
    "delete": (bulk_delete_tickets, {}),
    "restore": (bulk_restore_tickets, {}),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_no_ids_are_no_work(perform: Perform, cast: Cast, name: str) -> None:
    action, given = ACTIONS[name]
    with counted() as log:
        assert perform(cast.agent.actor, action, [], **given) == BulkOutcome()
    assert len(log) <= 2, "a savepoint and its release"


@pytest.mark.parametrize("name", ACTIONS)
def test_customers_and_light_agents_change_nothing(
    perform: Perform, cast: Cast, system: Actor, name: str
) -> None:
    action, given = ACTIONS[name]
    ids = perform(system, tickets, cast.customer.id, [TicketStatus.OPEN])
    for actor in (cast.customer.actor, cast.light_agent.actor):
        with pytest.raises(Forbidden):
            perform(actor, action, ids, **given)


@pytest.mark.parametrize("name", ACTIONS)
def test_what_an_agent_does_not_see_is_not_found(
    perform: Perform, cast: Cast, system: Actor, name: str
) -> None:
    action, given = ACTIONS[name]
    hidden = perform(system, lambda s: make_ticket(s, cast.customer.id, team_id=cast.other_team.id).id)
    if name == "restore":
        perform(system, soft_delete_ticket, hidden)
    outcome = perform(cast.team_agent.actor, action, [hidden], **given)
    assert outcome == BulkOutcome(skipped=(Skipped(hidden, SkipReason.NOT_FOUND),))


@pytest.mark.parametrize("name", ["status", "assign", "tag"])
def test_deleted_tickets_stay_as_they_are(perform: Perform, cast: Cast, system: Actor, name: str) -> None:
    action, given = ACTIONS[name]
    key, deleted = perform(system, open_tickets, cast.customer.id, 2, assignee_id=cast.agent.id)
    perform(system, soft_delete_ticket, deleted)
    outcome = perform(cast.agent.actor, action, [key, deleted], **given)
    assert outcome == BulkOutcome((key,), (Skipped(deleted, SkipReason.DELETED),))


@pytest.mark.parametrize("name", ACTIONS)
def test_statements_do_not_grow_with_ids(perform: Perform, cast: Cast, system: Actor, name: str) -> None:
    action, given = ACTIONS[name]
    costs = []
    for count in (1, 30):
        ids = perform(system, open_tickets, cast.customer.id, count, assignee_id=cast.agent.id)
        if name == "restore":
            perform(system, bulk_delete_tickets, ids)
        with counted() as log:
            assert perform(cast.agent.actor, action, ids, **given).count == count
        costs.append(len(log))
    # A tag is made in the first round and found in the second.
    assert costs[1] <= costs[0] <= 8


def test_only_active_staff_get_tickets(perform: Perform, cast: Cast, system: Actor) -> None:
    ids = every_status(perform, cast, system)
    former = perform(system, make_agent).id
    perform(system, deactivate_user, former)
    for nobody in (cast.customer.id, former, 10**9, -1):
        with pytest.raises(Invalid):
            perform(cast.agent.actor, bulk_assign_tickets, ids.values(), nobody)
    outcome = perform(cast.agent.actor, bulk_assign_tickets, ids.values(), cast.other_agent.id)
    done = tuple(key for status, key in ids.items() if status.is_done)
    assert outcome.skipped_for(SkipReason.DONE) == done
    for status, key in ids.items():
        now, assignee, _resolved, _deleted = perform(system, state, key)
        assert now is status, "handing a ticket out does not move it"
        assert assignee == (None if status.is_done else cast.other_agent.id)
    again = perform(cast.agent.actor, bulk_assign_tickets, outcome.changed, cast.other_agent.id)
    assert again.skipped_for(SkipReason.UNCHANGED) == outcome.changed


def test_deleting_and_restoring_twice_does_nothing_the_second_time(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    ids = perform(system, tickets, cast.customer.id, [TicketStatus.OPEN, TicketStatus.CLOSED])
    for action, hidden in ((bulk_delete_tickets, True), (bulk_restore_tickets, False)):
        actor = cast.agent.in_new_request()
        assert perform(actor, action, ids).changed == tuple(ids)
        again = perform(actor, action, ids)
        assert (again.count, again.skipped_for(SkipReason.UNCHANGED)) == (0, tuple(ids))
        assert [perform(system, state, key)[3] for key in ids] == [hidden, hidden]
        assert len(perform(system, audit_rows, actor.request_id)) == 2


def tags_of(session: Session, /, key: int) -> list[str]:
    names = select(Tag.name).join(TicketTag, TicketTag.tag_id == Tag.id).where(TicketTag.ticket_id == key)
    return list(session.scalars(names.order_by(Tag.name)))


def test_tags_are_put_on_and_taken_off(perform: Perform, cast: Cast, system: Actor) -> None:
    one, other = perform(system, open_tickets, cast.customer.id, 2)
    perform(system, bulk_tag_tickets, [one], add=["old", "kept"])
    actor = cast.agent.in_new_request()
    outcome = perform(
        actor, bulk_tag_tickets, [one, other], add=["VIP", "kept", "vip"], remove=["OLD", "none"]
    )
    assert outcome.changed == (one, other)
    assert perform(system, tags_of, one) == perform(system, tags_of, other) == ["VIP", "kept"]
    assert len(perform(system, audit_rows, actor.request_id, "ticket_tags")) == 4
    again = perform(actor, bulk_tag_tickets, [one, other], add=["vip", "kept"], remove=["old"])
    assert again.skipped_for(SkipReason.UNCHANGED) == (one, other)
    with pytest.raises(Invalid):
        perform(actor, bulk_tag_tickets, [one], add=["a"], remove=["A "])


def test_objects_in_the_session_are_not_stale(perform: Perform, cast: Cast, system: Actor) -> None:
    (key,) = perform(system, open_tickets, cast.customer.id, 1)

    def work(session: Session) -> None:
        ticket = session.scalars(select(Ticket).where(Ticket.id == key)).one()
        ticket.title = "Changed before, not flushed"
        before = ticket.version
        bulk_update_ticket_status(session, [key], TicketStatus.RESOLVED)
        bulk_tag_tickets(session, [key], add=["vip"])
        assert ticket.status is TicketStatus.RESOLVED
        assert ticket.resolved_at is not None
        assert ticket.version == before + 2
        assert ticket.title == "Changed before, not flushed"
        assert [tag.name for tag in ticket.tags] == ["vip"]

    perform(cast.agent.actor, work)


def test_forty_thousand_ids_are_no_trouble(perform: Perform, cast: Cast, system: Actor) -> None:
    ids = perform(system, open_tickets, cast.customer.id, 3)
    outcome = perform(
        cast.agent.actor,
        bulk_update_ticket_status,
        [*ids, *range(10**9, 10**9 + 40_000)],
        TicketStatus.CLOSED,
    )
    assert outcome.changed == tuple(ids)
    assert len(outcome.skipped) == 40_000


def test_a_bulk_larger_than_a_statement(
    perform: Perform, cast: Cast, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ombud.tickets.actions.bulk.sweep.chunks.__defaults__", (3,))
    ids = perform(system, open_tickets, cast.customer.id, 10)
    assert perform(cast.agent.actor, bulk_delete_tickets, reversed(ids)).changed == tuple(ids)


def test_the_caller_may_take_it_all_back(perform: Perform, cast: Cast, system: Actor) -> None:
    ids = perform(system, open_tickets, cast.customer.id, 2)

    def change_and_fail(session: Session) -> None:
        bulk_update_ticket_status(session, ids, TicketStatus.CLOSED)
        raise LookupError

    actor = cast.agent.in_new_request()
    with pytest.raises(LookupError):
        perform(actor, change_and_fail)
    assert [perform(system, state, key)[0] for key in ids] == [TicketStatus.OPEN] * 2
    assert perform(system, audit_rows, actor.request_id) == []


def test_two_bulks_over_the_same_tickets_do_not_deadlock(
    desk: Desk, database: ScratchDatabase, cast: Cast, system: Actor
) -> None:
    ids = desk.run(system, open_tickets, cast.customer.id, 60)
    patient = Desk(database.url, Settings(lock_timeout=60, statement_timeout=60))  # only a circle is an error
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def work(order: int, verb: Bulk, given: dict[str, Any]) -> None:
        try:
            start.wait()
            for _ in range(5):
                # desk.begin does not try again: a deadlock would show.
                with patient.begin(cast.agent.actor) as session:
                    verb(session, ids[::order], **given)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(order, verb, given))
        for order, verb, given in (
            (1, bulk_tag_tickets, {"add": ["a"]}),
            (-1, bulk_tag_tickets, {"remove": ["a"]}),
            (1, bulk_assign_tickets, {"assignee_id": cast.other_agent.id}),
            (-1, bulk_assign_tickets, {"assignee_id": None}),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    patient.close()
    assert failures == []


def test_somebody_elses_commit_meanwhile_is_judged_too(desk: Desk, cast: Cast, system: Actor) -> None:
    """A bulk that waited for a lock decides by what it finds then, not by what it saw before."""
    (key,) = desk.run(system, open_tickets, cast.customer.id, 1)
    outcomes: list[BulkOutcome] = []

    def resolve() -> None:
        outcomes.append(desk.run(cast.agent.actor, bulk_assign_tickets, [key], cast.agent.id))

    with desk.begin(cast.other_agent.actor) as session:
        session.execute(update(Ticket).where(Ticket.id == key).values(status=TicketStatus.CLOSED))
        thread = threading.Thread(target=resolve)
        thread.start()
        with desk.begin(system) as watcher:
            while not watcher.scalar(WAITING_HERE):
                pass
    thread.join()
    assert outcomes == [BulkOutcome(skipped=(Skipped(key, SkipReason.DONE),))]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_bulk_is_the_same_as_one_after_another(
    perform: Perform, cast: Cast, system: Actor, data: st.DataObject
) -> None:
    statuses = data.draw(st.lists(st.sampled_from(TicketStatus), min_size=1, max_size=6))
    gone = data.draw(st.sets(st.integers(0, len(statuses) - 1)))
    target = data.draw(st.sampled_from(TicketStatus))
    ids = perform(system, tickets, cast.customer.id, statuses)
    perform(system, bulk_delete_tickets, [ids[place] for place in gone])
    outcome = perform(cast.agent.actor, bulk_update_ticket_status, ids, target)
    expected = {
        key
        for place, (key, status) in enumerate(zip(ids, statuses, strict=True))
        if place not in gone and target in STATUS_MOVES[status]
    }
    assert set(outcome.changed) == expected
    found = [perform(system, state, key)[0] for key in ids]
    assert found == [target if key in expected else was for key, was in zip(ids, statuses, strict=True)]


def test_single_and_bulk_assignment_refuse_the_same_people(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    (key,) = perform(system, open_tickets, cast.customer.id, 1)
    with pytest.raises(Invalid) as single:
        perform(cast.agent.actor, lambda s: assign(s, key, cast.customer.id))
    with pytest.raises(Invalid) as bulk:
        perform(cast.agent.actor, bulk_assign_tickets, [key], cast.customer.id)
    assert single.value.fields == bulk.value.fields
    assert perform(system, lambda s: s.scalar(select(func.count(Ticket.assignee_id)))) == 0
