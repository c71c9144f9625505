"""A desk whose files are in a bucket: up, down, backed up, restored, checked; and the bucket's server gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from ombud import Actor, Desk, Settings
from ombud.api.app import create_api
from ombud.backup import make_backup
from ombud.backup.make import Source
from ombud.backup.manifest import Manifest
from ombud.cli import files as files_cli
from ombud.files import files_of
from ombud.live import LiveHub
from ombud.models import Attachment
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.web.app import create_web
from tests.files.s3 import S3, s3_running

SYSTEM = Actor.system("test")
CONTENT = b"what was attached" * 1000


@pytest.fixture
def own_s3() -> Iterator[S3]:
    """One that a test may end."""
    with s3_running() as server:
        yield server


def runtime_on(s3: S3, settings: Settings, desk: Desk) -> Runtime:
    there = s3.settings(settings, "desk/files")
    return Runtime(settings=there, desk=desk, files=files_of(there), live=LiveHub(desk))


def caller(runtime: Runtime, cast: Cast) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_api(runtime))
    headers = {"Authorization": f"Bearer {cast.agent.token}"}
    return httpx.AsyncClient(transport=transport, base_url="http://desk.example", headers=headers)


@pytest.mark.asyncio
async def test_without_the_bucket_files_wait_and_all_else_goes_on(
    own_s3: S3, settings: Settings, desk: Desk, cast: Cast
) -> None:
    runtime = runtime_on(own_s3, settings, desk)
    async with caller(runtime, cast) as agent:
        ticket = (await agent.post("/tickets", json={"title": "A", "requester_id": cast.customer.id})).json()
        path = f"/tickets/{ticket['number']}/attachments"
        made = await agent.post(path, files={"file": ("a.txt", CONTENT, "text/plain")})
        assert made.status_code == 201, made.text
        content = f"/attachments/{made.json()['id']}/content"
        assert (await agent.get(content)).content == CONTENT
        part = await agent.get(content, headers={"Range": "bytes=3-9"})
        assert (part.status_code, part.content) == (206, CONTENT[3:10])

        own_s3.process.kill()
        own_s3.process.wait()
        refused = await agent.post(path, files={"file": ("b.txt", CONTENT + b"2", "text/plain")})
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        assert "cannot be reached" in refused.json()["detail"]
        broken = await agent.get(content)
        assert (broken.status_code, broken.json()["code"]) == (503, "unavailable")
        assert (await agent.get(f"/tickets/{ticket['number']}")).status_code == 200
        async with desk.aread(SYSTEM) as session:
            assert await session.scalar(select(func.count()).select_from(Attachment)) == 1
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_web(runtime)), base_url="http://desk.example"
    ) as browser:
        assert (await browser.get("/healthz")).status_code == 200


def test_a_backup_holds_the_bucket_and_the_check_reads_it(  # noqa: PLR0917 -- fixtures
    s3: S3,
    settings: Settings,
    desk: Desk,
    cast: Cast,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ombud.testing import make_ticket
    from ombud.tickets import StoredFile

    there = s3.settings(settings, "backed/up")
    store = files_of(there)
    stored = store.put([CONTENT])
    file = StoredFile("a.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)
    with desk.begin(SYSTEM) as session:
        make_ticket(session, cast.customer.id, files=[file])
    assert settings.data_dir is not None
    manifest: Manifest = make_backup(Source(desk.engine.url, store, settings.data_dir), tmp_path / "backup")
    assert (manifest.files, manifest.file_bytes) == (1, len(CONTENT))
    assert (tmp_path / "backup" / "files" / stored.storage_key).read_bytes() == CONTENT

    for name in ("files_url", "files_endpoint", "files_region", "data_dir"):
        monkeypatch.setenv(f"OMBUD_{name.upper()}", str(getattr(there, name)))
    for name in ("database_url", "files_access_key", "files_secret_key"):
        monkeypatch.setenv(f"OMBUD_{name.upper()}", getattr(there, name).get_secret_value())
    sound = CliRunner().invoke(files_cli.app, ["check", "--json"])
    assert sound.exit_code == 0, sound.output
    said = json.loads(sound.stdout)
    assert (said["files"], said["missing"], said["place"]) == (1, [], "s3://desk/backed/up")
    assert store.remove(stored.storage_key, untouched_for=0)
    lost = CliRunner().invoke(files_cli.app, ["check"])
    assert lost.exit_code == 1
    assert f"missing: {stored.storage_key}" in lost.output
    assert "1 missing, 0 damaged" in lost.stdout
