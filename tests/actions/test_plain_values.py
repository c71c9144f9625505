"""Values as JSON and forms bring them: the text of a state, an id of another kind, a field that is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from ombud import Actor, Ticket, TicketChannel, TicketPriority, TicketStatus, UserRole, curation
from ombud.analytics import get_ticket_statistics
from ombud.audit import as_of
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.people import actions as people
from ombud.testing import Cast, Perform, Persona, make_organization
from ombud.tickets import (
    IllegalMove,
    add_comment,
    attach_file,
    bulk_create_tickets,
    discard_draft,
    open_ticket,
    quick_opening,
    remove_tag,
    reply,
    set_status,
)
from ombud.tickets.reads import get_tickets_with_details, search_tickets

NO_IDS: tuple[Any, ...] = ("1", True, 1.0, [], {}, None, datetime(2026, 1, 1, tzinfo=UTC))


def test_what_is_urgent_is_the_teams_word_however_it_is_written(perform: Perform, customer: Persona) -> None:
    for priority in (TicketPriority.URGENT, "urgent"):
        with pytest.raises(Invalid) as caught:
            perform(customer.actor, open_ticket, title="Fire", priority=priority)  # type: ignore[arg-type]
        assert list(caught.value.fields) == ["priority"]
        quick = quick_opening(customer.actor, title="Fire", priority=priority)  # type: ignore[arg-type]
        with pytest.raises(Invalid):
            perform(customer.actor, quick.usual)


def test_a_ticket_opened_with_texts_is_as_one_with_states(perform: Perform, customer: Persona) -> None:
    texts: dict[str, Any] = {"priority": "high", "status": "open", "channel": "email"}
    made = perform(customer.actor, open_ticket, title="Smoke", **texts)
    assert (made.priority, made.status, made.channel) == (
        TicketPriority.HIGH,
        TicketStatus.OPEN,
        TicketChannel.EMAIL,
    )
    assert isinstance(made.status, TicketStatus)


def test_a_reply_moves_to_a_status_by_its_text(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    def answer(session: Session, status: Any) -> Any:
        reply(session, ticket.id, "Done.", status=status)
        return session.get_one(Ticket, ticket.id).status

    assert perform(cast.agent.actor, answer, "resolved") is TicketStatus.RESOLVED
    wrong: Any
    for wrong in ("nope", "", [], 1):
        with pytest.raises(Invalid) as caught:
            perform(cast.agent.actor, answer, wrong)
        assert list(caught.value.fields) == ["status"]
    perform(cast.agent.actor, set_status, ticket.id, TicketStatus.CLOSED)
    with pytest.raises(IllegalMove, match="from closed to resolved"):
        perform(cast.agent.actor, answer, "resolved")


def test_a_customers_words_move_a_ticket_no_further_than_a_customer_may(
    perform: Perform, ticket: Ticket, cast: Cast
) -> None:
    for status in (TicketStatus.CLOSED, TicketStatus.WAITING_ON_CUSTOMER, TicketStatus.IN_PROGRESS):
        with pytest.raises(Forbidden, match="Only the support team"):  # before the database says it
            perform(cast.customer.actor, reply, ticket.id, "Thanks.", status=status)
    perform(cast.customer.actor, reply, ticket.id, "Thanks.", status=TicketStatus.RESOLVED)


def test_roles_by_their_texts(perform: Perform, admin: Persona, agent: Persona) -> None:
    home = perform(admin.actor, people.create_organization, name="Heard of once", domains=["heard.example"])
    made = perform(agent.actor, people.create_user, email="ann@heard.example", role="customer")  # type: ignore[arg-type]
    assert (made.role, made.organization_id) == (UserRole.CUSTOMER, home.id)
    with pytest.raises(Forbidden):
        perform(agent.actor, people.create_user, email="ann@b.example", role="admin")  # type: ignore[arg-type]
    wrong: Any
    for wrong in ("nope", None, []):
        with pytest.raises(Invalid) as caught:
            perform(admin.actor, people.create_user, email="ann@b.example", role=wrong)
        assert list(caught.value.fields) == ["role"]
    raised = perform(admin.actor, people.change_user, made.id, {"role": "agent"})  # type: ignore[typeddict-item]
    assert raised.role is UserRole.AGENT


def test_a_field_that_people_do_not_change_is_none(perform: Perform, cast: Cast) -> None:
    """Set as an attribute, `password_hash` would be a way in, and a misspelt name would be lost in silence."""
    home = perform(cast.admin.actor, make_organization)
    team = perform(cast.admin.actor, people.create_team, name="Second line")
    for field in ("password_hash", "is_staff", "fullname"):
        changes: Any = {field: "x"}
        for actor in (cast.agent.actor, cast.admin.actor):
            with pytest.raises(TypeError, match=f"{field} is not a field"):
                perform(actor, people.change_user, cast.customer.id, changes)
        with pytest.raises(TypeError, match=f"{field} is not a field"):
            perform(cast.admin.actor, people.change_organization, home.id, changes)
        with pytest.raises(TypeError, match=f"{field} is not a field"):
            perform(cast.admin.actor, people.change_team, team.id, changes)


@pytest.mark.parametrize("wrong", NO_IDS, ids=repr)
def test_what_is_no_id_names_nothing(perform: Perform, ticket: Ticket, cast: Cast, wrong: Any) -> None:
    admin = cast.admin.actor
    assert perform(admin, remove_tag, ticket.id, wrong) is False
    assert perform(admin, people.remove_team_member, wrong, wrong) is None
    assert perform(admin, discard_draft, wrong, is_internal=False) is None
    looked_up: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (people.get_organization, {"organization_id": wrong}),
        (people.change_organization, {"organization_id": wrong, "changes": {"name": "New"}}),
        (people.add_team_member, {"team_id": wrong, "user_id": cast.agent.id}),
        (people.set_teams, {"user_id": wrong, "teams": {}}),
        (people.set_teams, {"user_id": cast.agent.id, "teams": dict.fromkeys([repr(wrong)], False)}),
        (curation.change_tag, {"tag_id": wrong, "name": "new"}),
        (curation.delete_tag, {"tag_id": wrong}),
    ]
    if wrong is not None:
        looked_up.append((people.create_user, {"email": "a@b.example", "organization_id": wrong}))
        looked_up.append((attach_file, {"ticket_id": ticket.id, "file": None, "comment_id": wrong}))
    for action, given in looked_up:
        with pytest.raises((NotFound, Invalid)):
            perform(admin, action, **given)


@pytest.mark.parametrize("wrong", ["2026-01-01", date(2026, 1, 1), 1767225600, datetime(2026, 1, 1)])  # noqa: DTZ001 -- what is refused
def test_what_is_no_moment_is_invalid_by_name(
    perform: Perform, ticket: Ticket, system: Actor, wrong: Any
) -> None:
    for read, given in (
        (search_tickets, {"created_after": wrong}),
        (get_ticket_statistics, {"start": wrong}),
        (get_ticket_statistics, {"end": wrong}),
        (as_of, {"number": ticket.ticket_number, "at": wrong}),
    ):
        with pytest.raises(Invalid) as caught:
            perform(system, read, **given)  # type: ignore[arg-type]
        (field,) = caught.value.fields
        assert field in {*given, "created_from"}


def test_reads_take_states_by_their_texts_and_no_others(
    perform: Perform, ticket: Ticket, system: Actor
) -> None:
    def numbers(session: Session, /, **given: Any) -> list[int]:
        return [found.id for found in search_tickets(session, **given).tickets]

    assert perform(system, numbers, status_list=["open"], priority="medium") == [ticket.id]
    assert len(perform(system, get_tickets_with_details, "open").tickets) == 1  # type: ignore[arg-type]
    refused: tuple[dict[str, Any], ...] = (
        {"status_list": ["nope"]},
        {"status_list": "open"},
        {"priority": []},
        {"status_list": [None]},
    )
    for given in refused:
        with pytest.raises(Invalid) as caught:
            perform(system, numbers, **given)
        assert list(caught.value.fields) == [next(iter(given)).removesuffix("_list")]


def test_limits_are_whole_numbers_within_bounds(perform: Perform, cast: Cast) -> None:
    ticket = perform(cast.admin.actor, open_ticket, title="Smoke")

    for limit in (0, -1, 10**9, True, 2.5, "5", None):
        for read, given in (
            (search_tickets, {}),
            (curation.people_kept_apart, {}),
            (curation.tickets_kept_apart, {}),
            (curation.duplicate_people, {}),
            (curation.duplicate_tickets, {}),
            (curation.people_like, {"person_id": cast.customer.id}),
            (curation.tickets_like, {"ticket_id": ticket.id}),
        ):
            with pytest.raises(Invalid) as caught:
                perform(cast.admin.actor, read, limit=limit, **given)  # type: ignore[arg-type]
            assert list(caught.value.fields) == ["limit"]


@pytest.mark.parametrize(
    "beyond",
    [
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
    ids=["after year 9999", "before year 1", "too early for zones", "too late for zones"],
)
def test_a_time_that_nothing_could_read_again_is_not_kept(
    perform: Perform, ticket: Ticket, system: Actor, cast: Cast, beyond: datetime
) -> None:
    """PostgreSQL would keep it, and every list with such a ticket fail."""
    row = {"title": "x", "requester_id": cast.customer.id, "created_at": beyond}
    skipped = perform(system, bulk_create_tickets, [row], on_error="skip")
    assert (skipped.count, [problem.field for problem in skipped.problems]) == (0, ["created_at"])
    with pytest.raises(Invalid, match="too far away"):
        perform(system, add_comment, ticket.id, "x", author_id=cast.agent.id, created_at=beyond)
    with pytest.raises(Invalid, match="too far away"):
        perform(system, lambda s: s.execute(update(Ticket).values(created_at=beyond)))
    assert [found.id for found in perform(system, search_tickets).tickets] == [ticket.id]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ombud.tickets SET last_activity_at = 'infinity'",
        "UPDATE ombud.tickets SET created_at = '-infinity'",
        "UPDATE ombud.users SET last_login = '10000-01-01Z'",
        "UPDATE ombud.tickets SET first_response_at = '0001-01-01 20:00Z'",
    ],
)
def test_raw_sql_keeps_no_such_time_either(
    perform: Perform, ticket: Ticket, system: Actor, statement: str
) -> None:
    with pytest.raises(Invalid, match="too far away"):
        perform(system, lambda s: s.execute(text(statement)))
    assert [found.id for found in perform(system, search_tickets).tickets] == [ticket.id]
