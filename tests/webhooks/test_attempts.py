"""When a message goes again, what switches an endpoint off, and that nobody waits for somebody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import select

from ombud import Desk, clock
from ombud.errors import Conflict
from ombud.models import AccountNotice, AccountRequest, DeliveryState, NoticeKind
from ombud.testing import Cast, frozen
from ombud.webhooks import (
    attempts,
    change_endpoint,
    dispatch,
    send_again,
    send_test,
)
from ombud.webhooks.attempts import Result
from ombud.webhooks.rules import SCHEDULE, next_attempt, retry_after
from ombud.worker.hooks import Courier
from tests.webhooks.conftest import GUARD, SYSTEM, Post, opened

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_the_schedule_of_the_specification(desk: Desk, cast: Cast, post: Post) -> None:
    """Ten attempts under one id, each with a time of its own; then the message fails and the endpoint is off."""
    endpoint, secret = post.endpoint(cast.agent, "/down", events=["ticket.created"])
    post.receiver.answers["/down"] = (500, {})
    with frozen(NOON):
        opened(desk, cast)
        post.send()
    at, waits = NOON, []
    for _ in SCHEDULE[1:]:
        (message,) = post.deliveries(endpoint)
        waits.append(message.due_at - at)
        at = message.due_at
        with frozen(at - timedelta(milliseconds=1)):
            before = len(post.receiver.came)
            post.send()
            assert len(post.receiver.came) == before, "not before it is due"
        with frozen(at):
            post.send()
    for planned, wait in zip(SCHEDULE[1:], waits, strict=True):
        assert planned <= wait <= planned * 1.1
    (message,) = post.deliveries(endpoint)
    assert (message.state, message.attempts) == (DeliveryState.FAILED, 10)
    assert [one["status"] for one in message.log] == [500] * 10
    assert {one.message_id for one in post.receiver.came} == {message.message_id}
    assert len({one.headers["webhook-timestamp"] for one in post.receiver.came}) == 10
    found = post.read(endpoint)
    assert not found.is_active
    assert found.problem == "Nothing could be delivered for 3 days."
    assert secret not in str(message.log)


def test_it_recovers(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, "/down", events=["ticket.created"])
    post.receiver.answers["/down"] = (500, {})
    now = clock.now()
    with frozen(now):
        opened(desk, cast)
        post.send()
        assert post.read(endpoint).failing_since == now
    post.receiver.answers.clear()
    with frozen(now + timedelta(seconds=6)):
        post.send()
    first, second = post.receiver.came
    assert first.message_id == second.message_id
    assert post.read(endpoint).failing_since is None
    assert [one.state for one in post.deliveries(endpoint)] == [DeliveryState.DELIVERED]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_only_2xx_is_success(desk: Desk, cast: Cast, post: Post, status: int) -> None:
    endpoint, _ = post.endpoint(cast.agent, "/odd")
    post.receiver.answers["/odd"] = (status, {"Location": post.receiver.url("/elsewhere")})
    opened(desk, cast)
    with frozen(clock.now()):
        post.send()
    assert [one.path for one in post.receiver.came] == ["/odd"], "a redirect is not followed"
    (message,) = post.deliveries(endpoint)
    assert (message.state, message.log[0]["status"]) == (DeliveryState.WAITING, status)


def test_410_switches_off_and_nothing_is_queued_meanwhile(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, "/gone")
    post.receiver.answers["/gone"] = (410, {})
    opened(desk, cast)
    post.send()
    found = post.read(endpoint)
    assert (found.is_active, found.problem) == (False, "It answered 410 Gone.")
    with desk.read(SYSTEM) as session:
        told = session.execute(select(AccountNotice.user_id, AccountNotice.kind, AccountNotice.detail)).all()
        asked = session.scalars(
            select(AccountRequest.user_id).where(AccountRequest.kind == "webhook_off")
        ).all()
    host = found.url.split("/")[2]
    assert {tuple(one) for one in told} == {
        (user_id, NoticeKind.WEBHOOK_OFF, host) for user_id in (cast.admin.id, found.owner_id)
    }, "its owner and administrators"
    assert set(asked) == {cast.admin.id, found.owner_id}
    (message,) = post.deliveries(endpoint)
    assert message.state is DeliveryState.FAILED
    opened(desk, cast)
    post.send()
    assert len(post.receiver.came) == 1
    with pytest.raises(Conflict):
        desk.run(cast.agent.actor, send_again, endpoint, message.id)
    with pytest.raises(Conflict):
        desk.run(cast.agent.actor, send_test, endpoint)
    post.receiver.answers.clear()
    desk.run(cast.agent.actor, change_endpoint, endpoint, {"is_active": True}, guard=GUARD)
    desk.run(cast.agent.actor, send_again, endpoint, message.id)
    post.send()
    assert post.receiver.came[-1].message_id == message.message_id
    assert post.read(endpoint).problem == ""


def test_an_endpoint_is_left_alone_as_long_as_it_asks(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, "/busy", events=["ticket.created"])
    post.receiver.answers["/busy"] = (429, {"Retry-After": "120"})
    now = clock.now() + timedelta(seconds=1)
    with frozen(now):
        opened(desk, cast)
        post.send()
        assert post.read(endpoint).held_until == now + timedelta(seconds=120)
        opened(desk, cast)
        post.send()
    assert len(post.receiver.came) == 1, "the next message waits, too"
    post.receiver.answers.clear()
    with frozen(now + timedelta(seconds=121)):
        post.send()
    assert {one.state for one in post.deliveries(endpoint)} == {DeliveryState.DELIVERED}


def test_a_slow_endpoint_delays_nobody_else(desk: Desk, cast: Cast, post: Post) -> None:
    """T77: while twenty messages to one wait for an answer, the other endpoint gets all of its own."""
    post.endpoint(cast.agent, "/slow", events=["ticket.created"])
    post.endpoint(cast.agent, "/quick", events=["ticket.created"])
    for _ in range(20):
        opened(desk, cast)

    async def run() -> None:
        courier = Courier(desk, post.vault, GUARD, seconds=30)
        while len(post.receiver.at("/quick")) < 20:
            await courier.look()
            await asyncio.sleep(0)
        assert len(post.receiver.at("/slow")) <= 4, "and it is not flooded"
        post.receiver.slow.set()
        await courier.run_until_idle()

    asyncio.run(run())
    assert len(post.receiver.at("/slow")) == 20


def test_another_process_that_wakes_up_settles_nothing(desk: Desk, cast: Cast, post: Post) -> None:
    """Fencing: the lease ended, somebody else took the message, and the first verdict is not counted."""
    endpoint, _ = post.endpoint(cast.agent, events=["ticket.created"])
    opened(desk, cast)
    now = clock.now() + timedelta(seconds=1)
    with frozen(now):
        desk.run(SYSTEM, dispatch)
        (first,) = desk.run(SYSTEM, attempts.claim)
        assert desk.run(SYSTEM, attempts.claim) == []
    with frozen(now + attempts.LEASE + timedelta(seconds=1)):
        desk.run(cast.agent.actor, change_endpoint, endpoint, {"is_active": False}, guard=GUARD)
        assert desk.run(SYSTEM, attempts.claim) == [], "nothing goes to what is switched off"
        desk.run(cast.agent.actor, change_endpoint, endpoint, {"is_active": True}, guard=GUARD)
        (second,) = desk.run(SYSTEM, attempts.claim)
        assert (first.delivery_id, first.attempt != second.attempt) == (second.delivery_id, True)
        assert desk.run(SYSTEM, attempts.settle, first, Result(200)) is None
        assert desk.run(SYSTEM, attempts.settle, second, Result(200)) is DeliveryState.DELIVERED
    assert post.deliveries(endpoint)[0].attempts == 1, "of those that the schedule has, one"


def test_retry_after_in_both_forms() -> None:
    assert retry_after("90", NOON) == timedelta(seconds=90)
    assert retry_after(format_datetime(NOON + timedelta(minutes=5), usegmt=True), NOON) == timedelta(
        minutes=5
    )
    assert retry_after("99999999999", NOON) == timedelta(days=1)
    assert retry_after("-5", NOON) is None
    assert retry_after("soon", NOON) is None
    assert retry_after(None, NOON) is None
    assert next_attempt(NOON, 1, timedelta(hours=1), chance=0) == NOON + timedelta(hours=1)
    assert next_attempt(NOON, 10) is None
