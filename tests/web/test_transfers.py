"""The pages of imports and exports: ask, watch, fetch; check a file, see what is wrong with it, bring it in."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any

import pytest

from ombud import Actor, Desk
from ombud.db.permissions import Permission
from ombud.db.statements import counted
from ombud.people.actions import change_user
from ombud.people.roles import create_role
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.worker.transfers import Mover
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
HERE = "/settings/transfers"
MAPPING = 'source = "old"\n[ticket]\nkey = "Id"\ntitle = "Subject"\n[requester]\nemail = "Mail"\n'
TABLE = "Id,Subject,Mail\n1,One,a@example.org\n<b>2,,b@example.org\n"


async def work(runtime: Runtime, desk: Desk) -> None:
    """Let a worker do the next job."""
    mover = Mover(desk, runtime.files, attachment_limit=runtime.settings.attachment_limit)
    assert await asyncio.to_thread(mover.do_next, threading.Event())


async def test_an_export_is_asked_for_watched_fetched_and_removed(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    desk.run(SYSTEM, make_ticket, cast.customer.id, title="Printer")
    await web.sign_in(cast.admin)
    empty = (await web.get(HERE)).text
    assert "No export yet" in empty
    assert "every 2s" not in empty
    made = await web.post(f"{HERE}/exports", {"format": "csv"})
    assert made.headers["location"] == HERE
    with counted() as log:
        waiting = (await web.get(HERE)).text
    assert len(log) <= 6, str(log)
    assert "Waiting" in waiting
    assert 'hx-trigger="every 2s" hx-select="#transfers"' in waiting
    second = await web.post(f"{HERE}/exports", {"format": "jsonl"})
    assert second.status_code == 422
    assert "under way" in second.text
    await work(runtime, desk)
    done = (await web.get(HERE)).text
    assert "1 ticket, " in done
    assert "every 2s" not in done
    found = re.search(rf'href="({HERE}/exports/\d+/file)"', done)
    assert found is not None
    file = await web.get(found[1])
    assert "Printer" in file.text
    assert file.headers["content-disposition"].startswith("attachment")
    gone = await web.post(found[1].replace("/file", "/end"))
    assert gone.status_code == 303
    assert (await web.get(found[1])).status_code == 404
    assert (await web.post(f"{HERE}/nowhere/1/end")).status_code == 404


async def bring(web: Browser, **fields: str) -> Any:
    await web.get(HERE)
    return await web.post(
        f"{HERE}/imports",
        {"format": "csv", "mapping": MAPPING, **fields},
        files={"file": ("old <i>.csv", TABLE)},
    )


async def test_a_file_is_checked_first_and_then_brought_in(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    await web.sign_in(cast.admin)
    wrong = await bring(web, mapping="source = 1")
    assert wrong.status_code == 422
    assert "What the columns mean:" in wrong.text
    assert "source = 1</textarea>" in wrong.text, "what was typed is not lost"
    assert (await web.post(f"{HERE}/imports", {"format": "csv"})).status_code == 422
    made = await bring(web, dry_run="yes")
    assert made.status_code == 303, made.text
    where = made.headers["location"]
    assert "every 2s" in (await web.get(where)).text
    await work(runtime, desk)
    with counted() as log:
        checked = (await web.get(where)).text
    assert len(log) <= 6, str(log)
    assert "2 rows read, 1 ticket would come in, 1 left out" in checked
    assert "&lt;b&gt;2" in checked
    assert "must not be blank." in checked
    assert "old &lt;i&gt;.csv" in checked
    again = await web.post(f"{where}/repetition")
    await work(runtime, desk)
    assert "1 ticket came in" in (await web.get(again.headers["location"])).text
    assert "One" in (await web.get("/tickets?view=all")).text
    assert (await web.get(f"{where}?after=9999")).status_code == 200
    assert (await web.get(f"{HERE}/imports/999")).status_code == 404


async def test_a_role_opens_what_it_says_and_no_more(web: Browser, cast: Cast, desk: Desk) -> None:
    may = [Permission.IMPORTS_MAKE.value]
    role = desk.run(SYSTEM, create_role, name="Bringer", permissions=may)
    desk.run(SYSTEM, change_user, cast.agent.id, {"custom_role_id": role.id})
    await web.sign_in(cast.agent)
    shown = (await web.get(HERE)).text
    assert 'action="/settings/transfers/imports"' in shown
    assert 'action="/settings/transfers/exports"' not in shown
    assert 'value="jsonl"' not in shown
    assert HERE in (await web.get("/me/security")).text
    assert (await web.post(f"{HERE}/exports", {"format": "csv"})).status_code == 403
    everything = await bring(web, format="jsonl")
    assert everything.status_code == 403
