"""Webhooks as a receiver sees them: what is told, signed how, and tried again when."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import delete, select, text, update
from standardwebhooks import WebhookVerificationError

from ombud import Desk, Ticket, TicketStatus, clock
from ombud.db.context import DeskSession
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.vault import add_key, open_vault, retire_keys
from ombud.models import (
    AuditLog,
    DeliveryState,
    TeamMember,
    User,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookPosition,
)
from ombud.testing import Cast, frozen, make_comment, make_team, make_ticket
from ombud.tickets import change_ticket, soft_delete_ticket
from ombud.webhooks import (
    attempts,
    change_endpoint,
    delete_endpoint,
    dispatch,
    forget_old_deliveries,
    get_endpoint,
    reseal,
    rotate_secret,
    send_again,
    send_test,
)
from ombud.webhooks.attempts import Result
from ombud.webhooks.rules import SCHEDULE, events_of, headers_of, new_secret, next_attempt, retry_after
from ombud.worker.hooks import Courier
from tests.webhooks.conftest import GUARD, SYSTEM, Post

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def _ticket(desk: Desk, cast: Cast, **given: object) -> Ticket:
    return desk.run(SYSTEM, make_ticket, cast.customer.id, **given)


def test_a_receiver_gets_what_happens_signed(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, secret = post.endpoint(cast.agent)
    ticket = _ticket(desk, cast, title="Printer")
    desk.run(
        cast.agent.actor,
        change_ticket,
        ticket.id,
        {"status": TicketStatus.IN_PROGRESS, "assignee_id": cast.agent.id},
    )
    desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id, "Use **water**.")
    desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id, "Canary.", is_internal=True)
    desk.run(cast.agent.actor, soft_delete_ticket, ticket.id)
    post.send()
    told = [one.verified(secret) for one in post.receiver.came]
    assert sorted(one["type"] for one in told) == [
        "ticket.assigned",
        "ticket.commented",
        "ticket.created",
        "ticket.deleted",
        "ticket.status_changed",
    ]
    by_type = {one["type"]: one["data"] for one in told}
    assert by_type["ticket.status_changed"]["changes"] == {"status": ["open", "in_progress"]}
    assert by_type["ticket.assigned"]["ticket"]["assignee"]["id"] == cast.agent.id
    assert by_type["ticket.commented"]["comment"]["content"] == "Use **water**."
    assert by_type["ticket.commented"]["actor"] == f"user:{cast.agent.id}"
    assert by_type["ticket.created"]["ticket"]["requester"]["email"] == cast.customer.email
    assert "Canary" not in str(told)
    assert {one.state for one in post.deliveries(endpoint)} == {DeliveryState.DELIVERED}
    assert len({one.message_id for one in post.receiver.came}) == 5
    post.send()
    assert len(post.receiver.came) == 5, "once"
    with pytest.raises(WebhookVerificationError):
        post.receiver.came[0].verified(new_secret())


def test_internal_notes_go_only_where_the_endpoint_says_so(desk: Desk, cast: Cast, post: Post) -> None:
    _, secret = post.endpoint(cast.agent, "/notes", includes_notes=True, events=["ticket.commented"])
    post.endpoint(cast.agent, "/plain", events=["ticket.commented"])
    ticket = _ticket(desk, cast)
    desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id, "Canary.", is_internal=True)
    post.send()
    (came,) = post.receiver.came
    assert (came.path, came.verified(secret)["data"]["comment"]["is_internal"]) == ("/notes", True)


def test_bulk_statements_and_plain_sql_count(desk: Desk, cast: Cast, post: Post) -> None:
    _, secret = post.endpoint(
        cast.admin, events=["ticket.status_changed", "ticket.updated", "ticket.deleted"]
    )
    tickets = [_ticket(desk, cast) for _ in range(3)]

    def change(session: DeskSession) -> None:
        session.execute(update(Ticket).values(status=TicketStatus.IN_PROGRESS, priority="high"))
        session.execute(
            text("UPDATE ombud.tickets SET title = 'By SQL' WHERE id = :id"), {"id": tickets[0].id}
        )

    desk.run(SYSTEM, change)
    post.send()
    told = [one.verified(secret) for one in post.receiver.came]
    status = [one for one in told if one["type"] == "ticket.status_changed"]
    updated = {one["data"]["ticket"]["id"]: one["data"] for one in told if one["type"] == "ticket.updated"}
    assert {one["data"]["ticket"]["id"] for one in status} == {ticket.id for ticket in tickets}
    assert updated[tickets[0].id]["changed"] == ["priority", "title"], "one transaction, one event"
    assert updated[tickets[0].id]["changes"] == {"priority": ["medium", "high"]}
    post.receiver.came.clear()
    desk.run(SYSTEM, lambda session: session.execute(delete(Ticket).where(Ticket.id == tickets[0].id)))
    post.send()
    (gone,) = [one.verified(secret) for one in post.receiver.came]
    assert (gone["type"], gone["data"]["ticket"]["number"]) == ("ticket.deleted", tickets[0].ticket_number)


def test_what_was_rolled_back_is_not_told_and_what_commits_late_is(
    desk: Desk, cast: Cast, post: Post
) -> None:
    _, secret = post.endpoint(cast.agent, events=["ticket.created"])
    with desk.begin(SYSTEM) as session:
        make_ticket(session, cast.customer.id, title="Never")
        session.rollback()
    with desk.begin(SYSTEM) as early:
        make_ticket(early, cast.customer.id, title="Early, commits late")
        _ticket(desk, cast, title="Late, commits early")
        post.send()
        assert [one.verified(secret)["data"]["ticket"]["title"] for one in post.receiver.came] == [
            "Late, commits early"
        ]
    post.send()
    assert post.receiver.came[-1].verified(secret)["data"]["ticket"]["title"] == "Early, commits late"
    assert len(post.receiver.came) == 2


def test_rights_of_the_owner_bound_what_is_told(desk: Desk, cast: Cast, post: Post) -> None:
    """A confined agent is told of what they see; rights that end before the attempt count, too."""
    endpoint, _ = post.endpoint(cast.team_agent, events=["ticket.created"])
    other = desk.run(SYSTEM, _team_of_nobody)
    _ticket(desk, cast, title="Foreign", team_id=other)
    seen = _ticket(desk, cast, title="Theirs", team_id=cast.team.id)
    post.send()
    assert [json.loads(one.body)["data"]["ticket"]["id"] for one in post.receiver.came] == [seen.id]
    assert [one.state for one in post.deliveries(endpoint)] == [
        DeliveryState.SKIPPED,
        DeliveryState.DELIVERED,
    ]
    post.receiver.came.clear()
    _ticket(desk, cast, title="No more", team_id=cast.team.id)
    desk.run(SYSTEM, dispatch)
    desk.run(SYSTEM, lambda s: s.execute(delete(TeamMember).where(TeamMember.user_id == cast.team_agent.id)))
    post.send()
    assert post.receiver.came == []


def _team_of_nobody(session: DeskSession) -> int:
    return make_team(session).id


def test_who_was_let_go_is_told_nothing_more(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent)
    _ticket(desk, cast)
    desk.run(
        SYSTEM, lambda s: s.execute(update(User).where(User.id == cast.agent.id).values(is_active=False))
    )
    post.send()
    assert post.receiver.came == []
    assert not post.read(endpoint).is_active


def test_the_schedule_of_the_specification(desk: Desk, cast: Cast, post: Post) -> None:
    """Ten attempts under one id, each with a time of its own; then the message fails and the endpoint is off."""
    endpoint, secret = post.endpoint(cast.agent, "/down", events=["ticket.created"])
    post.receiver.answers["/down"] = (500, {})
    with frozen(NOON):
        _ticket(desk, cast)
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
        _ticket(desk, cast)
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
    _ticket(desk, cast)
    with frozen(clock.now()):
        post.send()
    assert [one.path for one in post.receiver.came] == ["/odd"], "a redirect is not followed"
    (message,) = post.deliveries(endpoint)
    assert (message.state, message.log[0]["status"]) == (DeliveryState.WAITING, status)


def test_410_switches_off_and_nothing_is_queued_meanwhile(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, "/gone")
    post.receiver.answers["/gone"] = (410, {})
    _ticket(desk, cast)
    post.send()
    found = post.read(endpoint)
    assert (found.is_active, found.problem) == (False, "It answered 410 Gone.")
    (message,) = post.deliveries(endpoint)
    assert message.state is DeliveryState.FAILED
    _ticket(desk, cast)
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
        _ticket(desk, cast)
        post.send()
        assert post.read(endpoint).held_until == now + timedelta(seconds=120)
        _ticket(desk, cast)
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
        _ticket(desk, cast)

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


def test_two_signatures_for_a_day_after_a_rotation(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, old = post.endpoint(cast.agent, events=["ticket.created"])
    _, new = desk.run(cast.agent.actor, rotate_secret, endpoint, vault=post.vault)
    assert new != old
    _ticket(desk, cast)
    post.send()
    (came,) = post.receiver.came
    assert came.verified(old) == came.verified(new)
    assert len(came.headers["webhook-signature"].split()) == 2
    _ticket(desk, cast)
    with frozen(clock.now() + timedelta(hours=25)):
        post.send()
    assert len(post.receiver.came[-1].headers["webhook-signature"].split()) == 1


def test_secrets_are_sealed_and_moved_to_a_new_key(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, old = post.endpoint(cast.agent, events=["ticket.created"])
    _, new = desk.run(cast.agent.actor, rotate_secret, endpoint, vault=post.vault)
    with desk.read(SYSTEM) as session:
        row = session.execute(
            text("SELECT secret, old_secret FROM ombud.webhook_endpoints WHERE id = :id"), {"id": endpoint}
        ).one()
        logged = " ".join(str(one) for one in session.scalars(select(AuditLog.changes)))
    for secret in (old, new):
        bare = secret.removeprefix("whsec_")
        assert bare.encode() not in bytes(row.secret) + bytes(row.old_secret)
        assert bare not in logged
    assert bytes(row.secret).decode() not in logged, "not sealed either"
    with pytest.raises(Forbidden), desk.read(cast.admin.actor) as session:
        session.execute(text("SELECT secret FROM ombud.webhook_endpoints"))


def test_another_process_that_wakes_up_settles_nothing(desk: Desk, cast: Cast, post: Post) -> None:
    """Fencing: the lease ended, somebody else took the message, and the first verdict is not counted."""
    post.endpoint(cast.agent, events=["ticket.created"])
    _ticket(desk, cast)
    now = clock.now() + timedelta(seconds=1)
    with frozen(now):
        desk.run(SYSTEM, dispatch)
        (first,) = desk.run(SYSTEM, attempts.claim)
        assert desk.run(SYSTEM, attempts.claim) == []
    with frozen(now + attempts.LEASE + timedelta(seconds=1)):
        (second,) = desk.run(SYSTEM, attempts.claim)
        assert (first.delivery_id, first.attempt != second.attempt) == (second.delivery_id, True)
        assert desk.run(SYSTEM, attempts.settle, first, Result(200)) is None
        assert desk.run(SYSTEM, attempts.settle, second, Result(200)) is DeliveryState.DELIVERED


def test_much_is_turned_into_messages_part_by_part_and_once(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, events=["ticket.created"])

    def make(session: DeskSession) -> None:
        for _ in range(7):
            make_ticket(session, cast.customer.id)

    desk.run(SYSTEM, make)
    while desk.run(SYSTEM, dispatch, batch=3):
        _ticket(desk, cast, title="Meanwhile") if len(post.deliveries(endpoint)) == 3 else None
    assert len({one.ticket_id for one in post.deliveries(endpoint)}) == len(post.deliveries(endpoint)) >= 7


def test_a_restored_database_goes_on_from_now(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent)
    ahead = "99999999:99999999:"
    desk.run(SYSTEM, lambda s: s.execute(update(WebhookPosition).values(since=ahead)))
    assert desk.run(SYSTEM, dispatch) == 0
    _ticket(desk, cast)
    post.send()
    assert len(post.deliveries(endpoint)) == 1


def test_an_idle_desk_writes_nothing(desk: Desk, cast: Cast, post: Post) -> None:
    post.send()
    with desk.read(SYSTEM) as session:
        before = session.scalar(select(WebhookPosition.since))
    post.send()
    with desk.read(SYSTEM) as session:
        assert session.scalar(select(WebhookPosition.since)) == before


def test_messages_stay_below_20_kb(desk: Desk, cast: Cast, post: Post) -> None:
    _, secret = post.endpoint(cast.agent, events=["ticket.commented"])
    ticket = _ticket(desk, cast, title="𝕿" * 500, description="𝕯" * 30_000)
    desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id, "𝕮" * 100_000)
    post.send()
    (came,) = post.receiver.came
    assert len(came.body) < 20_000
    assert came.verified(secret)["data"]["comment"]["is_truncated"] is True


def test_who_keeps_which(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent)
    for who, error in (
        (cast.other_agent, NotFound),
        (cast.customer, Forbidden),
        (cast.light_agent, Forbidden),
    ):
        for action in (delete_endpoint, send_test):
            with pytest.raises(error):
                desk.run(who.actor, action, endpoint)
        with pytest.raises(error):
            desk.run(who.actor, rotate_secret, endpoint, vault=post.vault)
        with desk.read(who.actor) as session:
            assert session.scalars(select(WebhookEndpoint.id)).all() == [], "row security alone"
            assert session.scalars(select(WebhookDelivery.id)).all() == []
    with pytest.raises(Forbidden):
        post.endpoint(cast.customer)
    with pytest.raises(Invalid):
        post.endpoint(cast.agent, url="https://10.0.0.1/")
    with pytest.raises(Invalid):
        post.endpoint(cast.agent, events=["ticket.exploded"])
    assert desk.run(cast.admin.actor, get_endpoint, endpoint).id == endpoint
    desk.run(cast.admin.actor, delete_endpoint, endpoint)
    with pytest.raises(NotFound):
        desk.run(cast.agent.actor, get_endpoint, endpoint)


def test_what_was_settled_a_month_ago_goes(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, events=["ticket.created"])
    _ticket(desk, cast)
    post.send()
    assert desk.run(SYSTEM, forget_old_deliveries) == 0
    with frozen(clock.now() + timedelta(days=31)):
        assert desk.run(SYSTEM, forget_old_deliveries) == 1
    assert post.deliveries(endpoint) == []


def test_tags_and_what_is_nobodys_business() -> None:
    assert events_of("ticket_tags", "CREATE", {}) == [("ticket.updated", {"tags": None})]
    for table, action, changes in (
        ("tickets", "UPDATE", {"last_activity_at": [1, 2]}),
        ("tickets", "DELETE", {"deleted_at": ["x", None]}),
        ("users", "UPDATE", {"email": ["a", "b"]}),
        ("comments", "DELETE", {}),
    ):
        assert events_of(table, action, changes) == []


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


def test_the_vector_of_the_specification() -> None:
    """The example in the specification's own text."""
    headers = headers_of(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1_614_265_330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_both_secrets_open_after_the_keys_were_changed(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, old = post.endpoint(cast.agent, events=["ticket.created"])
    _, new = desk.run(cast.agent.actor, rotate_secret, endpoint, vault=post.vault)
    folder = desk.settings.data_dir
    assert folder is not None
    keys = folder.parent / "keys"
    add_key(keys)
    assert desk.run(SYSTEM, reseal, open_vault(keys)) == 2
    retire_keys(keys)
    post.vault = open_vault(keys)
    _ticket(desk, cast)
    post.send()
    (came,) = post.receiver.came
    assert came.verified(old) == came.verified(new)
