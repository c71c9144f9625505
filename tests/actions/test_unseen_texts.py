"""A title, or a comment, of which nothing can be seen is refused, whichever way it comes. Mail is never lost by it
(`tests/mail_desk/test_intake.py`).
"""

from __future__ import annotations

import pytest

from ombud import Desk
from ombud.errors import Invalid
from ombud.testing import Cast, make_ticket
from ombud.tickets import (
    TicketChanges,
    bulk_create_tickets,
    change_ticket,
    note,
    open_ticket,
    quick_opening,
    reply,
)

UNSEEN = "\u200b \u2060\u3164"
REFUSED = "must not be blank."


def test_opening_and_changing(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.id)
    with pytest.raises(Invalid) as refused:
        desk.run(cast.agent.actor, open_ticket, title=UNSEEN, requester_id=cast.customer.id)
    assert refused.value.fields == {"title": REFUSED}
    with pytest.raises(Invalid) as refused:
        desk.run(cast.agent.actor, change_ticket, ticket.id, TicketChanges(title=UNSEEN))
    assert refused.value.fields == {"title": REFUSED}


def test_many_at_once(desk: Desk, cast: Cast) -> None:
    rows = [{"title": UNSEEN, "description": "x", "requester_id": cast.customer.id}]
    outcome = desk.run(cast.agent.actor, bulk_create_tickets, rows, on_error="skip")
    assert [(one.field, one.rule) for one in outcome.problems] == [("title", REFUSED)]


@pytest.mark.asyncio
async def test_the_quick_way(desk: Desk, cast: Cast) -> None:
    for field, title, said in (("title", UNSEEN, "y"), ("content", "x", UNSEEN)):
        with pytest.raises(Invalid) as refused:
            await desk.aquick(
                cast.agent.actor,
                quick_opening,
                title=title,
                description="x",
                requester_id=cast.customer.id,
                reply=said,
            )
        assert refused.value.fields == {field: REFUSED}


def test_what_is_said(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.id)
    for who in (cast.agent, cast.customer):
        with pytest.raises(Invalid) as refused:
            desk.run(who.in_new_request(), reply, ticket.id, UNSEEN)
        assert refused.value.fields == {"content": REFUSED}
    with pytest.raises(Invalid):
        desk.run(cast.agent.in_new_request(), note, ticket.id, UNSEEN)
    desk.run(cast.agent.in_new_request(), reply, ticket.id, "\u200b👍\ufe0f")
