"""Exports, imports and settings over HTTP: from asking to the file, what it costs, and what is refused."""

import asyncio
import csv
import io
import json
import threading

import httpx
import pytest
from sqlalchemy import select

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import AccessKind, AccessLog, StaleFile
from ombud.runtime import Runtime
from ombud.testing.factories import make_ticket
from ombud.testing.personas import Cast
from ombud.worker.transfers import Mover
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
MAPPING = 'source = "old"\n[ticket]\nkey = "Id"\ntitle = "Subject"\n[requester]\nemail = "Mail"\n'
TABLE = "Id,Subject,Mail\n1,One,a@example.org\n2,,b@example.org\n3,Three,nobody\n"


async def work(runtime: Runtime, desk: Desk) -> None:
    """Let a worker do the next job."""
    files = runtime.files.up_to(runtime.settings.transfer_limit)
    mover = Mover(desk, files, attachment_limit=runtime.settings.attachment_limit)
    assert await asyncio.to_thread(mover.do_next, threading.Event())


async def test_an_export_from_asking_to_the_file(
    admin: httpx.AsyncClient, runtime: Runtime, desk: Desk, cast: Cast
) -> None:
    desk.run(SYSTEM, make_ticket, cast.customer.id, title="Printer")
    with counted() as log:
        made = await admin.post("exports", json={"format": "csv"}, headers={"Idempotency-Key": "one"})
    assert made.status_code == 201, made.text
    assert len(log) <= 10, str(log)
    job = made.json()
    path = f"exports/{job['id']}"
    assert made.headers["Location"] == f"/api/v1/{path}"
    again = await admin.post("exports", json={"format": "csv"}, headers={"Idempotency-Key": "one"})
    assert again.json() == job
    assert (job["state"], job["has_file"], job["owner"]["id"]) == ("waiting", False, cast.admin.id)
    assert (await admin.post("exports", json={"format": "jsonl"})).json()["code"] == "conflict"
    assert (await admin.get(f"{path}/file")).json()["code"] == "no_file"
    await work(runtime, desk)
    with counted() as log:
        done = (await admin.get(path)).json()
    assert len(log) <= 4, str(log)
    assert (done["state"], done["progress"]) == ("done", {"done": 1, "total": 1, "unit": "tickets"})
    assert done["finished_at"] < done["expires_at"]
    with counted() as log:
        file = await admin.get(f"{path}/file")
    assert len(log) <= 5, str(log)
    assert [one["title"] for one in csv.DictReader(io.StringIO(file.text))] == ["Printer"]
    assert len(file.content) == done["size"]
    assert file.headers["Content-Disposition"].startswith('attachment; filename="ombud-')
    part = await admin.get(f"{path}/file", headers={"Range": "bytes=0-5"})
    assert (part.status_code, part.text) == (206, "number")
    head = await admin.head(f"{path}/file")
    assert head.headers["Content-Length"] == str(done["size"])
    with counted() as log:
        assert (await admin.get("exports")).json() == {"items": [done], "next_cursor": None}
    assert len(log) <= 4, str(log)
    async with desk.aread(SYSTEM) as session:
        looks = (
            await session.scalars(select(AccessLog.object).where(AccessLog.kind == AccessKind.DOWNLOAD))
        ).all()
    assert looks == [f"export:{job['id']}"] * 2, "a HEAD is no download"
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_an_import_from_the_dry_run_to_the_errors(
    admin: httpx.AsyncClient, runtime: Runtime, desk: Desk
) -> None:
    parts = {"format": "csv", "mapping": MAPPING, "dry_run": "true"}
    with counted() as log:
        made = await admin.post("imports", data=parts, files={"file": ("old.csv", TABLE)})
    assert made.status_code == 201, made.text
    assert len(log) <= 7, str(log)
    job = made.json()
    assert (job["file_name"], job["dry_run"], job["mapping"]) == ("old.csv", True, MAPPING)
    await work(runtime, desk)
    path = f"imports/{job['id']}"
    found = (await admin.get(path)).json()
    assert (found["state"], found["counts"]["tickets"], found["counts"]["left_out"]) == ("done", 1, 2)
    assert (await admin.get("tickets")).json()["items"] == []
    with counted() as log:
        first = (await admin.get(f"{path}/errors?limit=1")).json()
    assert len(log) <= 5, str(log)
    assert first["items"] == [{"line": 3, "key": "2", "problems": {"title": "must not be blank."}}]
    second = (await admin.get(f"{path}/errors", params={"cursor": first["next_cursor"]})).json()
    assert ([one["line"] for one in second["items"]], second["next_cursor"]) == ([4], None)
    real = await admin.post(f"{path}/repetition")
    assert real.status_code == 201, real.text
    await work(runtime, desk)
    assert [one["title"] for one in (await admin.get("tickets")).json()["items"]] == ["One"]
    listed = (await admin.get("imports?limit=1")).json()
    assert [one["id"] for one in listed["items"]] == [real.json()["id"]]
    assert [one["id"] for one in (await admin.get("imports", params={"cursor": listed["next_cursor"]})).json()[
        "items"]] == [job["id"]]  # fmt: skip
    waiting = (await admin.post(f"{path}/repetition")).json()
    refused = await admin.post("imports", data=parts, files={"file": ("other.csv", f"{TABLE}4,,x\n")})
    assert refused.json()["code"] == "conflict"
    async with desk.aread(SYSTEM) as session:
        stale = (await session.scalars(select(StaleFile.storage_key))).all()
    assert len(stale) == 1, "what became no import does not stay in the store"
    assert (await admin.delete(f"imports/{waiting['id']}")).status_code == 204
    assert (await admin.get(f"imports/{waiting['id']}")).json()["state"] == "canceled"


async def test_a_desk_goes_out_and_comes_back_in(
    admin: httpx.AsyncClient, runtime: Runtime, desk: Desk, cast: Cast
) -> None:
    desk.run(SYSTEM, make_ticket, cast.customer.id, title="Round")
    job = (await admin.post("exports", json={"format": "jsonl"})).json()
    await work(runtime, desk)
    file = (await admin.get(f"exports/{job['id']}/file")).content
    made = await admin.post("imports", data={"format": "jsonl"}, files={"file": ("desk.jsonl", file)})
    await work(runtime, desk)
    found = (await admin.get(f"imports/{made.json()['id']}")).json()
    assert (found["state"], found["problem"], found["counts"]["left_out"]) == ("done", "", 0)
    assert found["counts"]["known"] == len(file.splitlines()) - 2, "all but the first line and the last"


@pytest.mark.parametrize(
    ("parts", "file", "status", "pointer"),
    [
        ({"format": "xml"}, "x", 422, "format"),
        ({"format": "csv", "colour": "red"}, "x", 422, "colour"),
        ({"format": "csv", "mapping": "source = 1"}, "x", 422, "mapping"),
        ({"format": "jsonl", "mapping": MAPPING}, "x", 422, "mapping"),
        ({"format": "csv", "dry_run": "perhaps"}, "x", 422, "dry_run"),
        ({"format": "csv"}, "x" * 3000, 413, "file"),
        ({"format": "csv"}, "x" * 200_000, 413, ""),
    ],
)
async def test_what_is_no_import_is_refused(  # noqa: PLR0917 - a table of cases
    admin: httpx.AsyncClient, runtime: Runtime, parts: dict[str, str], file: str, status: int, pointer: str
) -> None:
    object.__setattr__(runtime, "settings", runtime.settings.model_copy(update={"transfer_limit": 2000}))
    answer = await admin.post("imports", data=parts, files={"file": ("x.csv", file)})
    assert answer.status_code == status, answer.text
    assert pointer in json.dumps(answer.json().get("errors", "")), answer.text
    assert (await admin.get("imports")).json()["items"] == []


async def test_settings_are_shown_without_secrets(
    admin: httpx.AsyncClient, caller: Caller, cast: Cast
) -> None:
    found = {one["name"]: one for one in (await admin.get("settings")).json()["items"]}
    url = found["OMBUD_DATABASE_URL"]
    assert (url["is_secret"], url["is_set"], url["value"]) == (True, True, None)
    limit = found["OMBUD_TRANSFER_LIMIT"]
    assert (limit["value"], limit["default"], limit["is_set"]) == (2**30, 2**30, False)
    assert "postgresql" not in json.dumps([one["value"] for one in found.values()])
    assert (await caller(cast.agent).get("settings")).status_code == 403
