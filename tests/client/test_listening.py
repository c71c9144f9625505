"""Listening: what happens comes once and in order, whatever breaks off; and what refuses ends it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import httpx
import pytest

from ombud.client import AsyncClient, Client, Heard, Problem, Unreachable, calls
from ombud.client.streaming import LONGEST_LINE, Ear
from ombud.db.desk import Desk
from ombud.people.actions import deactivate_user
from ombud.testing.personas import Cast


class Fragile(httpx.BaseTransport):
    """A network on which each stream breaks off once it has carried an event, and every second one does not begin."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("Accept") != "text/event-stream":
            return self._inner.handle_request(request)
        self.asked.append(request.headers.get("Last-Event-ID", ""))
        if len(self.asked) % 2 == 0:
            raise httpx.ConnectError("lost", request=request)
        answer = self._inner.handle_request(request)
        assert isinstance(answer.stream, httpx.SyncByteStream)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=Breaking(answer.stream))

    def close(self) -> None:
        self._inner.close()


class Breaking(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            yield chunk
            if b"data:" in chunk:
                raise httpx.ReadError("lost")

    def close(self) -> None:
        self._inner.close()


def test_nothing_is_missed_though_each_connection_breaks_off(address: str, cast: Cast) -> None:
    network, waits = Fragile(), list[float]()
    with (
        Client(address, cast.agent.token) as writer,
        Client(address, cast.agent.token, transport=network, wait=waits.append) as desk,
        contextlib.closing(desk.listen(writer.send(calls.events())["next_cursor"])) as stream,
    ):
        number = writer.send(calls.open_ticket(title="Lamp", requester_id=cast.customer.id))["number"]
        writer.send(calls.tag(number, "lamps"))
        heard = [next(stream)]
        writer.send(calls.comment(number, "Here it is."))
        heard += [next(stream) for _ in range(2)]
        kept = heard[-1].id
        version = writer.send(calls.ticket(number))["version"]
        writer.send(calls.change_ticket(number, if_version=version, priority="high"))
        heard.append(next(stream))
        with contextlib.closing(writer.listen(kept)) as again:
            # the event, not its id: an id tells what had ended when it was read, and others on the server end, too
            assert next(again).event == heard[-1].event, "what one remembers, another program goes on from"
        begun = heard[0].id
        with contextlib.closing(writer.listen(begun, types=["ticket.commented"], tickets=[number])) as some:
            assert next(some).event == heard[2].event
        items, cursor = list[object](), begun
        for _ in range(2):  # to where the stream had read, and on
            told = writer.send(calls.events(cursor, types=["ticket.commented"], tickets=[number]))
            items, cursor = [*items, *told["items"]], told["next_cursor"]
        assert items == [heard[2].event]
    assert [one.event["type"] for one in heard] == [
        "ticket.created",
        "ticket.updated",
        "ticket.commented",
        "ticket.updated",
    ]
    assert {one.event["number"] for one in heard} == {number}
    assert network.asked[0], "from what was given"
    assert len(set(network.asked)) >= 3, "from where it broke off"
    assert waits
    assert all(wait >= 1 for wait in waits), "what the desk asks for"


def test_who_may_not_listen_any_more_is_told_so(address: str, cast: Cast, desk: Desk) -> None:
    with Client(address, cast.customer.token) as customer, pytest.raises(Problem) as refused:
        next(customer.listen())
    assert refused.value.status == 403
    with Client(address, cast.agent.token, wait=lambda _seconds: None) as agent:
        stream = agent.listen(agent.send(calls.events())["next_cursor"])
        agent.send(calls.open_ticket(title="Lamp", requester_id=cast.customer.id))
        next(stream)
        desk.run(cast.admin.in_new_request(), deactivate_user, cast.agent.id)
        with pytest.raises(Problem) as gone:
            next(stream)
    assert gone.value.status == 401


def test_who_answers_nothing_is_given_up_where_one_wants_that() -> None:
    waits = list[float]()

    def refuse(request: httpx.Request) -> httpx.Response:
        if len(waits) < 2:
            return httpx.Response(503, headers={"Retry-After": "7"}, json={"code": "unavailable"})
        raise httpx.ConnectError("nobody", request=request)

    nobody = httpx.MockTransport(refuse)
    with (
        Client("http://desk.example", "t", transport=nobody, wait=waits.append) as desk,
        pytest.raises(Unreachable),
    ):
        next(desk.listen(tries=4))
    assert waits[:2] == [7.0, 7.0]
    assert len(waits) == 3
    page = httpx.MockTransport(lambda _request: httpx.Response(200, html="<p>Sign in</p>"))
    with Client("http://desk.example", "t", transport=page) as desk, pytest.raises(Problem):
        next(desk.listen())


@pytest.mark.asyncio
async def test_an_asynchronous_program_listens_alike(address: str, cast: Cast) -> None:
    async with AsyncClient(address, cast.agent.token) as desk:
        here = (await desk.send(calls.events()))["next_cursor"]
        made = [
            (await desk.send(calls.open_ticket(title=title, requester_id=cast.customer.id)))["number"]
            for title in ("One", "Two")
        ]
        async with contextlib.aclosing(desk.listen(here)) as stream:
            heard = [await anext(stream) for _ in made]
        assert [one.event["number"] for one in heard] == made
        async with contextlib.aclosing(desk.listen(heard[0].id)) as stream:
            assert await anext(stream) == heard[1]


STREAM = (
    b': hello\r\nretry: 3000\r\nid: a\r\n\r\nid: b\nevent: x\ndata: {"n":\ndata: 1}\n\n'
    b'data:{"n": "\xe2\x80\xa8"}\r\rid\rdata: {}\r\r: still here\n\nid: nul\0\ndata: [1]\n\ndata: half'
)
"""By the three ends of a line that the form knows."""


def test_lines_are_put_together_wherever_the_network_cut_them() -> None:
    wanted = [Heard("b", {"n": 1}), Heard("b", {"n": "\u2028"}), Heard("", {}), Heard("", [1])]  # type: ignore[typeddict-item,typeddict-unknown-key,arg-type]
    for size in (1, 2, 3, 7, len(STREAM)):
        ear = Ear("before")
        pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
        assert [one for piece in pieces for one in ear.hear(piece)] == wanted, size
        assert ear.last == ""
        assert ear.pause() >= 3
    with pytest.raises(httpx.RemoteProtocolError):
        list(Ear().hear(b"x" * (LONGEST_LINE + 1)))
