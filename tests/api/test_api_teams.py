"""Deleting a team: what it holds goes where one says, in one request of the log that can be taken back."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import func, select, update

from ombud import clock
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import INCLUDE_DELETED, AuditLog, Mailbox, MailRule, Team, TeamMember, Ticket
from ombud.testing.factories import make_ticket
from ombud.testing.personas import Cast
from tests.api.test_api_accounts import grow_old

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def test_a_team_that_holds_something_is_not_deleted_by_the_way(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    here, heir = f"teams/{cast.team.id}", cast.other_team.id
    async with desk.abegin(SYSTEM) as session:
        kept = await session.run_sync(make_ticket, cast.customer.id, team_id=cast.team.id)
        gone = await session.run_sync(make_ticket, cast.customer.id, team_id=cast.team.id)
        past = kept.last_activity_at
        await session.execute(update(Ticket).where(Ticket.id == gone.id).values(deleted_at=clock.now()))
        session.add(Mailbox(name="Sales", address="sales@ombud.example", team_id=cast.team.id))
        session.add(MailRule(name="To sales", field="subject", pattern="offer", team_id=cast.team.id))
    assert (await agent.delete(here)).status_code == 403
    refused = await admin.delete(here)
    assert (refused.status_code, refused.json()["code"]) == (409, "team_in_use")
    for wrong in (str(cast.team.id), "999999"):
        answer = await admin.delete(here, params={"tickets_to": wrong})
        assert (answer.status_code, "tickets_to" in answer.text) == (422, True)
    assert (await admin.delete(here, params={"tickets_to": "nobody"})).status_code == 422

    key = {"Idempotency-Key": "team-1"}
    done = await admin.delete(here, params={"tickets_to": heir}, headers=key)
    assert done.status_code == 204, done.text
    assert (await admin.delete(here, params={"tickets_to": heir}, headers=key)).status_code == 204
    assert (await admin.delete(here, params={"tickets_to": heir})).status_code == 404
    everything = {INCLUDE_DELETED: True}
    async with desk.aread(SYSTEM, fresh=True) as session:
        found = select(Ticket.team_id, Ticket.last_activity_at).order_by(Ticket.id)
        rows = (await session.execute(found, execution_options=everything)).all()
        assert [row.team_id for row in rows] == [heir, heir]
        assert rows[0].last_activity_at == past, "no list is stirred up"
        assert await session.scalar(select(Mailbox.team_id)) == heir
        assert await session.scalar(select(MailRule.team_id)) == heir
        members = select(func.count()).select_from(TeamMember).where(TeamMember.team_id == cast.team.id)
        assert await session.scalar(members) == 0
        request = done.headers["X-Request-Id"]
        logged = (
            select(func.count())
            .select_from(AuditLog)
            .where(AuditLog.request_id == request, AuditLog.table_name == "tickets")
        )
        assert await session.scalar(logged) == 2

    back = await admin.post("undo", json={"request_id": request})
    assert back.status_code == 200, back.text
    assert "by hand" in back.text
    async with desk.aread(SYSTEM, fresh=True) as session:
        teams = await session.scalars(select(Ticket.team_id), execution_options=everything)
        assert set(teams) == {cast.team.id}
        assert await session.scalar(select(Team.name).where(Team.id == cast.team.id)) == cast.team.name


async def test_deleting_a_team_wants_a_fresh_proof(admin: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    made = (await admin.post("teams", json={"name": "Short-lived"})).json()
    await grow_old(desk, cast.admin)
    assert (await admin.delete(f"teams/{made['id']}")).json()["code"] == "confirmation_needed"
    assert (await admin.post("confirmation", json={"password": cast.admin.password})).status_code == 204
    assert (await admin.delete(f"teams/{made['id']}")).status_code == 204, "it held nothing"
