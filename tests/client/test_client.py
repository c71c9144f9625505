"""The client against a desk behind a socket, and against a network that loses things."""

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest

from ombud.client import AsyncClient, Client, Problem, Unreachable, calls
from ombud.db.desk import Desk
from ombud.testing.personas import Cast
from ombud.worker.transfers import open_mover


class Lossy(httpx.BaseTransport):
    """The network, but the first `lost` answers never arrive; what they answer has happened."""

    def __init__(self, lost: int) -> None:
        self._inner = httpx.HTTPTransport()
        self.lost = lost
        self.keys: list[str | None] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        answer = self._inner.handle_request(request)
        if self.lost:
            self.lost -= 1
            answer.close()
            raise httpx.ReadError("lost", request=request)
        return answer

    def close(self) -> None:
        self._inner.close()


@pytest.fixture
def client(address: str, cast: Cast) -> Iterator[Client]:
    with Client(address, cast.agent.token) as found:
        yield found


def test_a_ticket_from_end_to_end(client: Client, cast: Cast) -> None:
    ticket = client.send(calls.open_ticket(title="The invoice is missing", requester_id=cast.customer.id))
    number = ticket["number"]
    client.send(calls.comment(number, "Here it is.", status_after="waiting_on_customer"))
    file = client.send(calls.attach(number, "a.txt", b"hello", content_type="text/plain"))
    assert client.send(calls.download(file["id"])) == b"hello"
    assert client.send(calls.tag(number, "50% off/now"))["name"] == "50% off/now"
    client.send(calls.untag(number, "50% off/now"))
    assert [one["content"] for one in client.each(calls.comments(number))] == ["Here it is."]
    assert client.send(calls.me())["email"] == cast.agent.email

    with pytest.raises(Problem) as stale:
        client.send(calls.change_ticket(number, if_version=ticket["version"], title="Found"))
    assert (stale.value.status, stale.value.code) == (412, "stale_version")
    now = client.send(calls.ticket(number))
    assert stale.value.current_version == now["version"]
    assert (
        client.send(calls.change_ticket(number, if_version=now["version"], title="Found"))["title"] == "Found"
    )

    assert client.send(calls.ticket(number).only("title")) == {"title": "Found"}
    assert {tuple(row) for row in client.each(calls.tickets(limit=1).only("number", "status"))} == {
        ("number", "status")
    }
    assert "comments" in client.send(calls.ticket(number, include=["comments"]))
    (me,) = client.each(calls.users(q=cast.agent.email, include=["teams"]).only("teams"))
    assert set(me) == {"teams"}

    client.send(calls.delete_ticket(number))
    assert client.send(calls.restore_ticket(number))["deleted_at"] is None
    done = client.send(calls.change_tickets([number, "none"], "status", status="resolved"))
    assert [item["outcome"] for item in done["items"]] == ["changed", "not_found"]
    assert client.send(calls.undo(done["request_id"]))["tickets"] == 1
    changes = [entry["action"] for entry in client.each(calls.audit(request_id=done["request_id"]))]
    assert changes == ["UPDATE"]
    assert client.send(calls.statistics(time_zone="UTC"))["total"] == 1
    assert {"name": "all", "count": 1} in client.send(calls.views())["items"]
    for listing in (calls.users(), calls.teams(), calls.organizations(), calls.tags(), calls.history(number)):
        assert list(client.each(listing)), listing
    other = client.send(calls.open_ticket(title="Once more", requester_id=cast.customer.id))["number"]
    merged = client.send(calls.merge_tickets(number, [other], requesters_follow=True))
    assert client.send(calls.undo(merged["request_id"]))["tickets"] == 1
    assert list(client.each(calls.duplicates("users"))) == []


def test_lists_go_on_to_their_end(client: Client) -> None:
    for turn in range(5):
        client.send(calls.open_ticket(title=f"Ticket {turn}"))
    titles = [row["title"] for row in client.each(calls.tickets(limit=2, sort="created", view="open"))]
    assert titles == [f"Ticket {turn}" for turn in range(5)]


def test_what_is_refused_says_what_is_wrong(client: Client, address: str) -> None:
    with pytest.raises(Problem, match="#/title") as wrong:
        client.send(calls.open_ticket(title=""))
    assert (wrong.value.status, wrong.value.code) == (422, "invalid")
    assert wrong.value.request_id
    with Client(address, "omb_live_nobody") as nobody, pytest.raises(Problem) as refused:
        nobody.send(calls.me())
    assert refused.value.code == "unauthenticated"


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(address: str, cast: Cast) -> None:
    network, waits = Lossy(lost=2), list[float]()
    with Client(address, cast.agent.token, transport=network, wait=waits.append) as client:
        ticket = client.send(calls.open_ticket(title="Once"))
        assert len(waits) == 2
        assert len(set(network.keys)) == 1
        assert network.keys[0]
        assert [row["id"] for row in client.each(calls.tickets())] == [ticket["id"]]


def test_a_network_that_loses_everything_is_given_up(address: str, cast: Cast) -> None:
    network, waits = Lossy(lost=5), list[float]()
    with Client(address, cast.agent.token, transport=network, wait=waits.append) as client:
        with pytest.raises(Unreachable) as gone:
            client.send(calls.open_ticket(title="Once"))
        assert gone.value.key == network.keys[0]
        assert len(waits) == 4
        # the key says that it was done, so that it can be asked for after all
        assert gone.value.key is not None
        found = client.send(calls.open_ticket(title="Once").under(gone.value.key))
        assert [row["id"] for row in client.each(calls.tickets())] == [found["id"]]


def test_the_asynchronous_client_does_the_same(address: str, cast: Cast) -> None:
    async def use() -> list[str]:
        async with AsyncClient(address, cast.agent.token) as desk:

            async def insist(_turn: int) -> str:
                return (await desk.send(calls.open_ticket(title="Once").under("one-key")))["number"]

            numbers = await asyncio.gather(*(insist(turn) for turn in range(3)))
            assert len(set(numbers)) == 1
            with pytest.raises(Problem):
                await desk.send(calls.ticket("none"))
            return [row["title"] async for row in desk.each(calls.tickets(limit=1))]

    assert asyncio.run(use()) == ["Once"]


def test_files_go_out_and_come_in(address: str, cast: Cast, desk: Desk) -> None:
    mover, never = open_mover(desk), threading.Event()
    with Client(address, cast.admin.token) as client:
        made = client.send(calls.export("csv"))
        assert mover.do_next(never)
        assert client.send(calls.read_export(made["id"]))["state"] == "done"
        assert client.send(calls.export_file(made["id"], part=(0, 5))) == b"number"
        assert [one["id"] for one in client.each(calls.exports())] == [made["id"]]
        sheet = client.send(calls.export_file(made["id"]))
        client.send(calls.delete_export(made["id"]))
        row = b"7,Found,open,low,web,new@example.org" + b"," * 11 + b"\r\n"
        dry = client.send(calls.bring("back.csv", sheet + row + row, format="csv", dry_run=True))
        assert mover.do_next(never)
        assert [one["key"] for one in client.each(calls.import_errors(dry["id"]))] == ["7"]
        real = client.send(calls.repeat_import(dry["id"]))
        assert mover.do_next(never)
        assert client.send(calls.read_import(real["id"]))["counts"]["tickets"] == 1
        assert len(list(client.each(calls.imports(limit=1)))) == 2
        client.send(calls.delete_import(dry["id"]))
        there = client.send(calls.settings())
        named = {one["name"]: one for one in there["items"]}
        assert named["OMBUD_DATABASE_URL"]["value"] is None
        chosen = client.send(calls.change_settings(desk_name="Help", if_version=there["version"]))
        assert chosen["version"] == there["version"] + 1
        with pytest.raises(Problem, match="Nothing was overwritten"):
            client.send(calls.change_settings(desk_name="Late", if_version=there["version"]))
