"""Who reads what through the API leaves a record, and so does who was refused (T83)."""

import re

import httpx
import pytest
from sqlalchemy import select

from ombud import Actor, Desk
from ombud.api.app import ROUTERS
from ombud.models import AccessLog
from ombud.runtime import Runtime
from ombud.testing import Cast, counted, make_ticket
from ombud.tickets import StoredFile, attach_file
from ombud.worker.logs import write_views
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")

Seen = list[tuple[str, str, str]]


def looks(desk: Desk) -> Seen:
    """Write what was gathered and return the log, oldest first."""
    write_views(desk, Actor.system("worker/access-log"))
    with desk.read(SYSTEM) as session:
        rows = session.scalars(select(AccessLog).order_by(AccessLog.id))
        return [(row.principal, row.kind.value, row.object) for row in rows]


async def test_each_kind_of_read_leaves_its_record(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    who = cast.agent.actor.label
    for address, kind, thing in (
        (f"tickets/{number}", "view", f"ticket:{number}"),
        (f"tickets/{number}/comments", "view", f"ticket:{number}/comments"),
        (f"tickets/{number}/history", "view", f"ticket:{number}/history"),
        (f"users/{cast.customer.id}", "view", f"user:{cast.customer.id}"),
        ("tickets?status=open", "list", "tickets?status=open"),
        ("tickets?q=lamp", "search", "tickets?q=lamp"),
        ("organizations", "list", "organizations"),
    ):
        assert (await agent.get(address)).status_code == 200
        assert looks(desk)[-1] == (who, kind, thing)


async def test_a_refusal_is_recorded_each_time_whatever_was_tried(
    customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.other_customer.id).ticket_number
    assert (await customer.get(f"tickets/{number}")).status_code == 404
    assert (await customer.get(f"tickets/{number}")).status_code == 404
    assert (await customer.patch(f"tickets/{number}", json={"title": "Mine"})).status_code == 404
    assert (await customer.get("teams")).status_code == 403
    who = cast.customer.actor.label
    assert looks(desk) == [(who, "denied", f"ticket:{number}")] * 3 + [(who, "denied", "teams")]


async def test_a_download_is_recorded_once_and_before_it_begins(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast, runtime: Runtime
) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    stored = runtime.files.put([b"a scan"])
    file = StoredFile("scan.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)
    attachment = desk.run(SYSTEM, attach_file, ticket.id, file)
    assert (await agent.get(f"attachments/{attachment.id}/content")).content == b"a scan"
    assert looks(desk) == [(cast.agent.actor.label, "download", f"attachment:{attachment.id}")]


async def test_changes_are_for_the_other_log(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    made = await agent.post("tickets", json={"title": "Lamp", "requester_id": cast.customer.id})
    assert made.status_code == 201
    assert looks(desk) == []


async def test_noting_costs_no_statement(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    await agent.get(f"tickets/{number}")  # the token's use is noted, once a minute
    with counted() as log:
        await agent.get(f"tickets/{number}")
    assert 0 < len(log) <= 4, str(log)
    assert "access_logs" not in str(log)


async def test_every_route_that_reads_notes_it(agent: httpx.AsyncClient, caller: Caller, desk: Desk) -> None:
    """By what routes are, so that one which is added later cannot be forgotten."""
    reads = {
        getattr(route, "path", "")
        for router in ROUTERS
        for route in router.routes
        if "GET" in getattr(route, "methods", ())
    }
    assert len(reads) > 10
    for path in sorted(reads):
        address = re.sub(r"\{[^}]+\}", "999999", path.lstrip("/"))
        before = len(looks(desk))
        await agent.get(address, params={"q": "umbrela"} if path == "/search/suggestions" else None)
        assert len(looks(desk)) == before + 1, path
