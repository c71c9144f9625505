"""Webhooks as a receiver sees them: what is told, to whom, and how often."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete, select, text, update
from standardwebhooks import WebhookVerificationError

from ombud import Desk, Ticket, TicketStatus
from ombud.db.context import DeskSession
from ombud.models import (
    DeliveryState,
    TeamMember,
    User,
    WebhookPosition,
)
from ombud.testing import Cast, make_comment, make_team, make_ticket
from ombud.tickets import change_ticket, soft_delete_ticket
from ombud.webhooks import (
    dispatch,
)
from ombud.webhooks.rules import events_of, new_secret
from tests.webhooks.conftest import SYSTEM, Post, opened


def test_a_receiver_gets_what_happens_signed(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, secret = post.endpoint(cast.agent)
    ticket = opened(desk, cast, title="Printer")
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
    ticket = opened(desk, cast)
    desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id, "Canary.", is_internal=True)
    post.send()
    (came,) = post.receiver.came
    assert (came.path, came.verified(secret)["data"]["comment"]["is_internal"]) == ("/notes", True)


def test_bulk_statements_and_plain_sql_count(desk: Desk, cast: Cast, post: Post) -> None:
    _, secret = post.endpoint(
        cast.admin, events=["ticket.status_changed", "ticket.updated", "ticket.deleted"]
    )
    tickets = [opened(desk, cast) for _ in range(3)]

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
        opened(desk, cast, title="Late, commits early")
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
    opened(desk, cast, title="Foreign", team_id=other)
    seen = opened(desk, cast, title="Theirs", team_id=cast.team.id)
    post.send()
    assert [json.loads(one.body)["data"]["ticket"]["id"] for one in post.receiver.came] == [seen.id]
    assert [one.state for one in post.deliveries(endpoint)] == [
        DeliveryState.SKIPPED,
        DeliveryState.DELIVERED,
    ]
    post.receiver.came.clear()
    opened(desk, cast, title="No more", team_id=cast.team.id)
    desk.run(SYSTEM, dispatch)
    desk.run(SYSTEM, lambda s: s.execute(delete(TeamMember).where(TeamMember.user_id == cast.team_agent.id)))
    post.send()
    assert post.receiver.came == []


def _team_of_nobody(session: DeskSession) -> int:
    return make_team(session).id


def test_who_was_let_go_is_told_nothing_more(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent)
    opened(desk, cast)
    desk.run(
        SYSTEM, lambda s: s.execute(update(User).where(User.id == cast.agent.id).values(is_active=False))
    )
    post.send()
    assert post.receiver.came == []
    assert not post.read(endpoint).is_active


def test_much_is_turned_into_messages_part_by_part_and_once(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent, events=["ticket.created"])

    def make(session: DeskSession) -> None:
        for _ in range(7):
            make_ticket(session, cast.customer.id)

    desk.run(SYSTEM, make)
    while desk.run(SYSTEM, dispatch, batch=3):
        opened(desk, cast, title="Meanwhile") if len(post.deliveries(endpoint)) == 3 else None
    assert len({one.ticket_id for one in post.deliveries(endpoint)}) == len(post.deliveries(endpoint)) >= 7


def test_a_restored_database_goes_on_from_now(desk: Desk, cast: Cast, post: Post) -> None:
    endpoint, _ = post.endpoint(cast.agent)
    ahead = "99999999:99999999:"
    desk.run(SYSTEM, lambda s: s.execute(update(WebhookPosition).values(since=ahead)))
    assert desk.run(SYSTEM, dispatch) == 0
    opened(desk, cast)
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
    ticket = opened(desk, cast, title="𝕿" * 500, description="𝕯" * 30_000)
    desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id, "𝕮" * 100_000)
    post.send()
    (came,) = post.receiver.came
    assert len(came.body) < 20_000
    assert came.verified(secret)["data"]["comment"]["is_truncated"] is True


def test_tags_and_what_is_nobodys_business() -> None:
    assert events_of("ticket_tags", "CREATE", {}) == [("ticket.updated", {"tags": None})]
    for table, action, changes in (
        ("tickets", "UPDATE", {"last_activity_at": [1, 2]}),
        ("tickets", "DELETE", {"deleted_at": ["x", None]}),
        ("users", "UPDATE", {"email": ["a", "b"]}),
        ("comments", "DELETE", {}),
    ):
        assert events_of(table, action, changes) == []
