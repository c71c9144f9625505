"""A desk in parts that can be killed: a server of its own, a web process and a worker, and people who use it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from ombud import Actor, Desk, Settings
from ombud.db import migrate
from ombud.db.embedded.postmaster import server_processes
from ombud.kit.guard import Guard
from ombud.kit.vault import open_vault
from ombud.models import DeliveryState, Mailbox, OutboundMail, OutboundState, Security, WebhookDelivery
from ombud.testing import Cast, make_cast
from ombud.webhooks import create_endpoint, dispatch
from tests.db.servers import OwnServer, own_server
from tests.faults.history import History
from tests.faults.wishes import FEW, Person, Wish
from tests.mail_desk.receiving import ReceivingServer
from tests.webhooks.receiver import Receiver

ROOT = Path(__file__).parents[2]
SYSTEM = Actor.system("test")
PATIENCE = 120.0
"""Seconds until a test gives up; what it waits for takes a few."""


@dataclass(frozen=True)
class Told:
    """What a request was answered, and how long that took; status 0: its connection ended without an answer."""

    kind: str
    status: int
    code: str
    seconds: float


class Part:
    """A process of the desk. `kill` ends it as kill -9 does, and begins it again."""

    def __init__(self, name: str, environment: dict[str, str], listener: socket.socket | None = None) -> None:
        number = listener.fileno() if listener is not None else -1
        self._forker = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.part_process", name, str(number)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[number] if listener is not None else [],
            text=True,
        )
        self.pid = 0

    def begin(self) -> None:
        assert self._forker.stdin is not None
        self._forker.stdin.write("begin\n")
        self._forker.stdin.flush()
        self.pid = int(self._hear())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self._hear() == "dead"
        self.pid = 0

    def end(self) -> None:
        """End it for good, with the process that begins it."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        self._forker.communicate()

    def _hear(self) -> str:
        assert self._forker.stdout is not None
        return self._forker.stdout.readline().strip()


@dataclass
class House:
    """The parts, and what reaches the world outside."""

    server: OwnServer
    webs: list[Part]
    worker: Part | None
    desk: Desk
    cast: Cast
    address: str
    post: ReceivingServer
    receiver: Receiver
    secret: str
    history: History
    stop: threading.Event = field(default_factory=threading.Event)
    told: list[Told] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    """Tickets that somebody asked for, by key, and those that were acknowledged, by number."""
    wished: dict[str, Wish] = field(default_factory=dict)
    """Everything that somebody asked for, by key."""
    changed: dict[str, set[str]] = field(default_factory=dict)
    """The tickets that a change of many was answered to have changed, by its key."""
    wrong: list[str] = field(default_factory=list)
    """Answers to readers that cannot be true."""

    @property
    def web(self) -> Part:
        """The first of the web processes."""
        return self.webs[0]

    def crash_server(self) -> None:
        """Kill every process of PostgreSQL at once, and start it again: it recovers by itself."""
        dying: set[int] = set()
        while pids := server_processes(self.server.folder):
            dying |= pids
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        # One that is dead and not yet buried still counts as a running server to the next one.
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in dying), "the server is dead")
        self.server.start()

    @contextmanager
    def used(self, people: int, readers: int = 0, wishes: tuple[str, ...] = FEW) -> Iterator[None]:
        """Let some people use it for as long as the block lasts, and until what they asked last is answered."""
        self.stop.clear()
        threads = [
            threading.Thread(target=self._use, args=(who, wishes), daemon=True) for who in range(people)
        ]
        threads += [threading.Thread(target=self._read, daemon=True) for _ in range(readers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def until_acknowledged(self, more: int) -> None:
        """Return when so many more writes were acknowledged: the desk works."""
        wanted = self.history.acknowledged + more
        wait_until(lambda: self.history.acknowledged >= wanted, "writes are acknowledged")

    def until_quiet(self) -> None:
        """Return when nothing is left in the outbox and in the queue of webhooks."""
        wait_until(self._is_quiet, "everything is sent")

    def _is_quiet(self) -> bool:
        mails = select(func.count()).where(OutboundMail.state != OutboundState.SENT)
        hooks = select(func.count()).where(WebhookDelivery.state != DeliveryState.DELIVERED)
        with self.desk.read(SYSTEM) as session:
            waiting = (session.scalar(mails) or 0) + (session.scalar(hooks) or 0)
        return not waiting and not self.desk.run(SYSTEM, dispatch)

    def _use(self, who: int, wishes: tuple[str, ...]) -> None:
        """Write one thing after the other; give up on every seventh when its first answer fails."""
        person = Person(self.cast.customer.id, wishes, self.changed, turn=who)
        with self.client() as client:
            while not self.stop.is_set():
                wish = person.wish(f"{who}-{person.turn}-{uuid.uuid4().hex[:12]}")
                self.history.begin(wish.key, wish.kind)
                self.wished[wish.key] = wish
                if wish.kind == "open":
                    self.asked_for.append(wish.key)
                answer = self._insist(client, wish, patient=person.turn % 7 != 0)
                if answer is None:
                    continue
                self.history.end(wish.key, answer.status_code)
                if answer.is_success:
                    person.learn(wish, answer)
                if wish.kind == "open" and answer.is_success:
                    self.opened.append(person.tickets[-1])

    def client(self) -> httpx.Client:
        """Return somebody of the staff who calls the API."""
        headers = {"Authorization": f"Bearer {self.cast.agent.token}"}
        return httpx.Client(base_url=f"{self.address}/api/v1/", headers=headers, timeout=30)

    def _read(self) -> None:
        """Read lists, tickets and figures: no fewer than were acknowledged before, no more than anybody asked for."""
        with self.client() as client:
            while not self.stop.is_set():
                self.ask(client, "list", "GET", "tickets")
                if self.opened:
                    self.ask(client, "ticket", "GET", f"tickets/{self.opened[-1]}?include=comments")
                least = len(self.opened)
                answer = self.ask(client, "figures", "GET", "statistics")
                most = len(self.asked_for)
                if answer is not None and answer.is_success and not least <= answer.json()["total"] <= most:
                    self.wrong.append(f"{answer.json()['total']} tickets, not {least} to {most}")

    def ask(
        self, client: httpx.Client, kind: str, method: str, path: str, **more: Any
    ) -> httpx.Response | None:
        """Ask once, and note what was told; None when the connection ended without an answer."""
        begun = time.monotonic()
        try:
            answer = client.request(method, path, **more)
        except httpx.HTTPError:
            self.told.append(Told(kind, 0, "", time.monotonic() - begun))
            return None
        code = "" if answer.is_success else answer.json()["code"]
        self.told.append(Told(kind, answer.status_code, code, time.monotonic() - begun))
        return answer

    def _insist(self, client: httpx.Client, wish: Wish, *, patient: bool) -> httpx.Response | None:
        """Ask again under the same key until there is an answer that is one; None when that was given up."""
        deadline = time.monotonic() + PATIENCE
        headers = {"Idempotency-Key": wish.key}
        while True:
            answer = self.ask(client, wish.kind, wish.method, wish.path, headers=headers, **wish.sends)
            if answer is not None and answer.status_code not in (409, 429, 500, 502, 503, 504):
                return answer
            if not patient or time.monotonic() > deadline:
                return None
            self.stop.wait(0.02)


@contextmanager
def open_house(
    folder: Path,
    *,
    webs: int = 1,
    has_worker: bool = True,
    server: OwnServer | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[House]:
    """Build it all and begin, on an empty `server` or one of its own; `settings` are further ones of the environment.

    Without a worker nothing is sent, only queued: for faults that it has no part in.
    """
    with ExitStack() as stack:
        server = server or stack.enter_context(own_server())
        migrate.upgrade(server.url)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OMBUD_")},
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "OMBUD_DATABASE_URL": server.url.render_as_string(hide_password=False),
            "OMBUD_DATA_DIR": str(folder / "data"),
            "OMBUD_INTERNAL_HOSTS": "127.0.0.1",
            "OMBUD_API_RATE": "0",
            **(settings or {}),
        }
        post = ReceivingServer()
        post.start()
        stack.callback(post.stop)
        receiver = stack.enter_context(Receiver())
        desk = stack.enter_context(Desk(server.url, Settings(data_dir=folder / "data")))
        cast = desk.run(SYSTEM, make_cast)
        desk.run(SYSTEM, _add_mailbox, post.port)
        desk.run(SYSTEM, dispatch)  # begins at the present
        _endpoint, secret = desk.run(
            cast.agent.actor,
            create_endpoint,
            {"url": receiver.url("/hook"), "events": ["ticket.created", "ticket.commented"]},
            vault=open_vault(folder / "data" / "keys"),
            guard=Guard(["127.0.0.1"]),
        )
        parts = [Part("web", environment, listener) for _ in range(webs)]
        worker = Part("worker", environment) if has_worker else None
        for part in (*parts, worker) if worker is not None else parts:
            stack.callback(part.end)
            part.begin()
        history = History(folder / "history.jsonl")
        stack.callback(history.close)
        yield House(server, parts, worker, desk, cast, address, post, receiver, secret, history)


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Ask again until it is so."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while not is_so():
        assert time.monotonic() < deadline, f"it never happened: {what}"
        pause.wait(0.02)


def _add_mailbox(session: Any, port: int) -> None:
    session.add(
        Mailbox(
            name="Support",
            address="support@desk.example",
            trusted_authserv="mx.desk.example",
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_security=Security.PLAIN,
        )
    )
