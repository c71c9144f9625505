"""Who looks at which page leaves a record, and so does who was refused (T83)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ombud import Actor, Desk
from ombud.models import AccessLog
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.tickets import StoredFile, attach_file
from ombud.web.looks import NOTHING_TO_SEE
from ombud.worker.logs import write_views
from tests.web.hosting import Browser
from tests.web.test_matrix import PUBLIC, entries, filled, routes

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


def looks(desk: Desk) -> list[tuple[str, str, str]]:
    """Write what was gathered and return the log, oldest first."""
    write_views(desk, Actor.system("worker/access-log"))
    with desk.read(SYSTEM) as session:
        rows = session.scalars(select(AccessLog).order_by(AccessLog.id))
        return [(row.principal, row.kind.value, row.object) for row in rows]


async def test_each_kind_of_page_leaves_its_record(web: Browser, cast: Cast, desk: Desk) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    await web.sign_in(cast.agent)
    assert looks(desk) == []  # forms show nothing of anybody's
    for address, kind, thing in (
        ("/tickets?view=all", "list", "tickets?view=all"),
        ("/tickets?q=lamp", "search", "tickets?q=lamp"),
        (f"/tickets/{number}?view=all", "view", f"ticket:{number}"),
        (f"/tickets/{number}/history", "view", f"ticket:{number}/history"),
        ("/people?email=ann", "search", "people?email=ann"),
    ):
        assert (await web.get(address)).status_code == 200
        assert looks(desk)[-1] == (cast.agent.actor.label, kind, thing)
    before = looks(desk)
    for address in (f"/tickets/{number}", f"/tickets/{number}/live", "/counters", "/tickets/search"):
        assert (await web.get(address)).status_code == 200
    assert looks(desk) == before


async def test_every_page_that_shows_something_notes_it(web: Browser, cast: Cast, desk: Desk) -> None:
    """By what routes are, so that a page which is added later cannot be forgotten."""
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    await web.sign_in(cast.admin)
    pages = {path for method, path in routes() - entries(PUBLIC) if method == "GET"} - NOTHING_TO_SEE
    assert len(pages) > 40
    for path in sorted(pages):
        before = len(looks(desk))
        answer = await web.client.get(filled(path, cast, number))
        seen = looks(desk)[before:]
        if path == "/tickets/{number}/live":
            assert seen == []  # the same look as the page's, a moment ago
            continue
        assert seen, (path, answer.status_code)
        assert {who for who, _kind, _thing in seen} == {cast.admin.actor.label}, path
        if answer.status_code == 404:
            assert [kind for _who, kind, _thing in seen] == ["denied"], path


async def test_a_refusal_is_recorded_each_time(web: Browser, cast: Cast, desk: Desk) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.other_customer.id).ticket_number
    await web.sign_in(cast.customer)
    for address in (f"/tickets/{number}", f"/tickets/{number}?q=lamp", "/attachments/7"):
        assert (await web.get(address)).status_code == 404
    assert (await web.post(f"/tickets/{number}/deletion")).status_code in (403, 404)
    assert (await web.post("/tickets/bulk", {"csrf": "another site's"})).status_code == 403
    who = cast.customer.actor.label
    assert looks(desk) == [
        (who, "denied", f"ticket:{number}"),
        (who, "denied", f"ticket:{number}"),
        (who, "denied", "attachment:7"),
        (who, "denied", f"ticket:{number}/deletion"),
        (who, "denied", "tickets/bulk"),
    ]


async def test_a_download_is_recorded_once(web: Browser, cast: Cast, desk: Desk, runtime: Runtime) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    stored = runtime.files.put([b"a scan"])
    file = StoredFile("scan.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)
    attachment = desk.run(SYSTEM, attach_file, ticket.id, file)
    await web.sign_in(cast.customer)
    assert (await web.get(f"/attachments/{attachment.id}")).content == b"a scan"
    assert looks(desk) == [(cast.customer.actor.label, "download", f"attachment:{attachment.id}")]
