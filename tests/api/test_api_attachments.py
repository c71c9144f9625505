"""Files over HTTP: up, down, refused."""

import hashlib

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.statements import counted
from ombud.runtime import Runtime
from ombud.testing.personas import Cast
from tests.api.conftest import Caller
from tests.api.test_api_protocol import assert_problem

pytestmark = pytest.mark.asyncio


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"attachment_limit": 100_000})


@pytest_asyncio.fixture
async def number(agent: httpx.AsyncClient, cast: Cast) -> str:
    ticket = await agent.post("tickets", json={"title": "With files", "requester_id": cast.customer.id})
    return str(ticket.json()["number"])


def upload(name: str, content: bytes, media_type: str = "text/plain") -> dict[str, tuple[str, bytes, str]]:
    return {"file": (name, content, media_type)}


async def test_a_file_goes_up_and_comes_down(agent: httpx.AsyncClient, number: str) -> None:
    content = bytes(range(256)) * 300
    made = await agent.post(f"tickets/{number}/attachments", files=upload("Größe (1).txt", content))
    assert made.status_code == 201, made.text
    record = made.json()
    assert made.headers["Location"] == f"/api/v1/attachments/{record['id']}"
    assert (record["size"], record["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (record["file_name"], record["comment_id"]) == ("Größe (1).txt", None)
    assert (await agent.get(f"attachments/{record['id']}")).json() == record
    assert (await agent.get(f"tickets/{number}/attachments")).json()["items"] == [record]

    down = await agent.get(f"attachments/{record['id']}/content")
    assert down.content == content
    assert down.headers["Content-Length"] == str(len(content))
    assert down.headers["Content-Disposition"] == (
        "attachment; filename=\"Gr__e (1).txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%281%29.txt"
    )
    assert down.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert down.headers["X-Content-Type-Options"] == "nosniff"
    head = await agent.head(f"attachments/{record['id']}/content")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(content)))


@pytest.mark.parametrize(
    "media_type",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "image/svg+xml; x", "TEXT/HTML", "x"],
)
async def test_what_a_browser_could_run_comes_down_as_bytes(
    agent: httpx.AsyncClient, number: str, media_type: str
) -> None:
    made = await agent.post(f"tickets/{number}/attachments", files=upload("a.svg", b"<svg/>", media_type))
    down = await agent.get(f"attachments/{made.json()['id']}/content")
    assert down.headers["Content-Type"] == "application/octet-stream"
    assert down.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        'a"b\\c.txt',
        "a\u202egpj.exe",
        "x" * 255,
        "a;b=c.txt",
        ".",
        ".htaccess",
        "a.pdf\u200b.exe",
        "CON",
    ],
)
async def test_a_hostile_name_makes_one_well_formed_header(
    agent: httpx.AsyncClient, number: str, name: str
) -> None:
    made = await agent.post(f"tickets/{number}/attachments", files=upload(name, b"x"))
    assert made.status_code == 201, made.text
    header = (await agent.get(f"attachments/{made.json()['id']}/content")).headers["Content-Disposition"]
    plain, _, star = header.removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")
    assert header.isascii()
    assert not set(plain) & set('"\\/\r\n;')
    assert (
        star.replace("%", "").replace(".", "").replace("-", "").replace("_", "").replace("~", "").isalnum()
        or name == "."
    )


async def test_what_is_refused(agent: httpx.AsyncClient, number: str) -> None:
    address = f"tickets/{number}/attachments"
    large = await agent.post(address, files=upload("large", b"x" * 100_001))
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    endless = await agent.post(address, files=upload("larger", b"x" * 400_000))
    assert (endless.status_code, endless.json()["code"]) == (413, "too_large")
    assert (await agent.post(address, files=upload("exact", b"x" * 100_000))).status_code == 201
    assert (await agent.post(address, json={})).status_code == 415
    assert (await agent.post(address, files={"other": ("a", b"a")})).status_code == 422
    assert (await agent.post(address, files=upload("x" * 256, b"a"))).status_code == 422
    many = [("file", (f"{one}.txt", b"x")) for one in range(3)]
    assert (await agent.post(address, files=many)).status_code in {201, 400, 422}
    broken = await agent.post(
        address, content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code in {400, 422}


async def test_files_of_comments(caller: Caller, cast: Cast, runtime: Runtime, number: str) -> None:
    customer, agent, light = caller(cast.customer), caller(cast.agent), caller(cast.light_agent)
    said = (await customer.post(f"tickets/{number}/comments", json={"content": "See the file"})).json()
    address = f"tickets/{number}/comments/{said['id']}/attachments"

    made = await customer.post(address, files=upload("a.txt", b"a"))
    assert made.status_code == 201, made.text
    assert made.json()["comment_id"] == said["id"]
    (comment,) = (await agent.get(f"tickets/{number}/comments")).json()["items"]
    assert comment["attachments"] == [made.json()]

    assert (await agent.post(address, files=upload("b.txt", b"b"))).status_code == 403
    note = (await light.post(f"tickets/{number}/comments", json={"content": "n", "is_internal": True})).json()
    inside = f"tickets/{number}/comments/{note['id']}/attachments"
    assert (await light.post(inside, files=upload("c.txt", b"c"))).status_code == 201
    assert (await customer.post(inside, files=upload("d.txt", b"d"))).status_code == 404
    assert (await light.post(f"tickets/{number}/attachments", files=upload("e.txt", b"e"))).status_code == 403
    assert (
        await customer.post(f"tickets/{number}/attachments", files=upload("f.txt", b"f"))
    ).status_code == 201


async def test_a_part_of_a_file_comes_down(agent: httpx.AsyncClient, number: str) -> None:
    content = bytes(range(256)) * 300
    made = await agent.post(f"tickets/{number}/attachments", files=upload("big.txt", content))
    path = f"attachments/{made.json()['id']}/content"
    part = await agent.get(path, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, content[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(content)}"
    assert part.headers["Content-Length"] == "1000"
    etag = part.headers["ETag"]
    assert etag == f'"{hashlib.sha256(content).hexdigest()}"'
    again = await agent.get(path, headers={"Range": "bytes=-5", "If-Range": etag})
    assert (again.status_code, again.content) == (206, content[-5:])
    for beyond in (f"bytes={len(content)}-", f"bytes={10**17}-{10**17 + 1}", "bytes=-0"):
        refused = await agent.get(path, headers={"Range": beyond})
        assert_problem(refused, 416, "no_such_part")
        assert refused.headers["Content-Range"] == f"bytes */{len(content)}", "RFC 9110 section 15.5.17"
        assert (await agent.get(path, headers={"Range": beyond, "If-Range": '"other"'})).status_code == 200
    for ignored in ({"Range": "bytes=0-1,4-5"}, {"Range": "bytes=0-1", "If-Range": '"other"'}):
        whole = await agent.get(path, headers=ignored)
        assert (whole.status_code, whole.content) == (200, content)
        assert whole.headers["Accept-Ranges"] == "bytes"


async def test_a_file_is_taken_off_for_good(agent: httpx.AsyncClient, number: str, runtime: Runtime) -> None:
    made = await agent.post(f"tickets/{number}/attachments", files=upload("private.txt", b"1234"))
    path = f"attachments/{made.json()['id']}"
    with counted() as statements:
        gone = await agent.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert len(statements) <= 6
    assert [(await agent.get(one)).status_code for one in (path, f"{path}/content")] == [404, 404]
    assert (await agent.delete(path)).status_code == 404
    assert (await agent.get(f"tickets/{number}/attachments")).json()["items"] == []
    async with runtime.desk.aread(Actor.system("test"), fresh=True) as session:
        waiting = (await session.execute(text("SELECT count(*) FROM ombud.stale_files"))).scalar_one()
    assert waiting == 1, "the worker removes the bytes"


async def test_a_file_follows_its_ticket(
    caller: Caller, agent: httpx.AsyncClient, admin: httpx.AsyncClient, number: str, cast: Cast
) -> None:
    """T30: moved, deleted, internal, taken off; and nothing but its id leads to it."""
    customer, team = caller(cast.customer), caller(cast.team_agent)
    await admin.patch(f"tickets/{number}", json={"team_id": cast.team.id})
    made = (await agent.post(f"tickets/{number}/attachments", files=upload("a.txt", b"hello"))).json()
    note = (await agent.post(f"tickets/{number}/comments", json={"content": "x", "is_internal": True})).json()
    of_note = f"tickets/{number}/comments/{note['id']}/attachments"
    inner = (await agent.post(of_note, files=upload("b.txt", b"hello"))).json()
    assert made["sha256"] == inner["sha256"], "the same bytes, of which one record is theirs and one is not"

    async def fetched(client: httpx.AsyncClient, file_id: object) -> tuple[int, int]:
        record, content = f"attachments/{file_id}", f"attachments/{file_id}/content"
        return (await client.get(record)).status_code, (await client.get(content)).status_code

    assert await fetched(customer, made["id"]) == await fetched(team, made["id"]) == (200, 200)
    assert await fetched(customer, inner["id"]) == (404, 404)
    assert await fetched(team, inner["id"]) == (200, 200)
    known = (await customer.get(f"attachments/{made['id']}/content")).headers["ETag"]
    for guess in (made["sha256"], made["sha256"][:16], "a.txt", f"{made['id']}/a.txt", f"0{made['id']}"):
        assert (await agent.get(f"attachments/{guess}/content")).status_code in {404, 422} or guess.isdigit()
        assert (await agent.get(f"attachments/{guess}")).status_code in {404, 422} or guess.isdigit()
    for nobody in (caller(None), caller(cast.other_customer)):
        assert set(await fetched(nobody, made["id"])) <= {401, 404}
        kept = await nobody.get(f"attachments/{made['id']}/content", headers={"If-None-Match": known})
        assert kept.status_code in {401, 404}, "who knows its bytes is told nothing"

    await admin.patch(f"tickets/{number}", json={"team_id": cast.other_team.id})
    assert await fetched(team, made["id"]) == (404, 404)
    assert await fetched(customer, made["id"]) == (200, 200)
    await admin.delete(f"tickets/{number}")
    assert await fetched(customer, made["id"]) == (404, 404)
    assert await fetched(caller(cast.colleague), made["id"]) == (404, 404)
    await admin.post(f"tickets/{number}/restoration")
    assert await fetched(customer, made["id"]) == (200, 200)
    await agent.delete(f"attachments/{made['id']}")
    assert await fetched(customer, made["id"]) == await fetched(agent, made["id"]) == (404, 404)
