"""Send webhooks: turn the log into messages, and bring each to its endpoint.

Each message is taken, read, sent and settled by itself: three short transactions and the network between them. No
endpoint has more than a few messages under way at once, so a slow one holds up nobody but itself (TRUST.md T77).
"""

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from ombud import clock
from ombud.config import Settings, words_of
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.errors import Forbidden, OmbudError
from ombud.kit.guard import Guard, Unreachable
from ombud.kit.http_guard import asend
from ombud.kit.logs import Log
from ombud.kit.vault import Unopenable, Vault
from ombud.models import DeliveryState
from ombud.webhooks import attempts, dispatch
from ombud.webhooks.attempts import Claim, Letter, Result
from ombud.webhooks.payload import body_of
from ombud.webhooks.rules import headers_of, retry_after
from ombud.worker.intake import vault_of

P = ParamSpec("P")
T = TypeVar("T")

log = Log(__name__)

LOOK_EVERY = 0.5
AT_ONCE = 4
"""Messages to one endpoint that are under way at once in a process."""
TIMEOUT = 15.0


def guard_of(settings: Settings) -> Guard:
    """Return what says where a desk may connect to."""
    return Guard(words_of(settings.internal_hosts))


class Courier:
    """One process's webhooks. Everything happens in the loop in which it is used."""

    def __init__(self, desk: Desk, vault: Vault, guard: Guard, *, seconds: float = TIMEOUT) -> None:
        self._desk, self._vault, self._guard, self._seconds = desk, vault, guard, seconds
        self._actor = Actor.system("webhooks")
        self._under_way: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled = asyncio.Event()

    async def look(self) -> int:
        """Queue what happened and begin to send what is due; returns how many rows and messages that were."""
        read = await self._in_thread(dispatch)
        busy = [endpoint for endpoint, count in self._under_way.items() if count >= AT_ONCE]
        claims = await self._in_thread(attempts.claim, busy=busy, each=AT_ONCE)
        for claim in claims:
            self._under_way[claim.endpoint_id] += 1
            task = asyncio.create_task(self._bring(claim), name=f"ombud-webhook-{claim.delivery_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return read + len(claims)

    async def run_until_idle(self) -> None:
        """Send until nothing is due and nothing under way."""
        while await self.look() or self._tasks:
            if self._tasks:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def rest(self, stop: threading.Event) -> None:
        """Wait for a moment, or until a message is settled: then the next one to that endpoint may go."""
        self._settled.clear()
        if not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), LOOK_EVERY)

    async def close(self) -> None:
        """Give up what is under way; its leases end, and it goes again under the same id."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _bring(self, claim: Claim) -> None:
        try:
            await self._deliver(claim)
        except (Forbidden, Unopenable) as error:
            await self._in_thread(attempts.switch_off, claim, error.message)
        except OmbudError as error:
            log.warning(
                "webhook message will be tried again", delivery=claim.delivery_id, reason=error.message
            )
        except Exception:
            # One message that cannot be made must not end the others; its attempt counts.
            log.exception("webhook message cannot be made", delivery=claim.delivery_id)
            with contextlib.suppress(OmbudError):
                await self._in_thread(attempts.settle, claim, Result(None))
        finally:
            self._under_way[claim.endpoint_id] -= 1
            self._settled.set()

    async def _deliver(self, claim: Claim) -> None:
        letter, body = await asyncio.to_thread(self._read, claim)
        if letter is None:
            return
        if body is None:
            await self._in_thread(attempts.skip, claim)
            return
        state = await self._in_thread(attempts.settle, claim, await self._send(letter, body))
        if state is None:
            log.warning("webhook message was taken over by another process", delivery=claim.delivery_id)
        elif state is DeliveryState.FAILED:
            log.warning("webhook message was given up", delivery=claim.delivery_id)

    def _read(self, claim: Claim) -> tuple[Letter | None, bytes | None]:
        with self._desk.read(self._actor, fresh=True) as session:
            letter = attempts.read_letter(session, claim, self._vault)
        if letter is None:
            return None, None
        with self._desk.read(letter.owner, fresh=True) as session:
            return letter, body_of(session, letter.delivery, notes=letter.notes)

    async def _send(self, letter: Letter, body: bytes) -> Result:
        headers = headers_of(letter.secrets, letter.delivery.message_id, clock.now(), body)
        began = time.monotonic()
        try:
            answer = await asend(
                self._guard, "POST", letter.url, headers=headers, content=body, seconds=self._seconds
            )
        except Unreachable:
            return Result(None, _since(began))
        wait = retry_after(answer.headers.get("retry-after"), clock.now())
        return Result(answer.status, _since(began), wait)

    async def _in_thread(
        self, action: Callable[Concatenate[DeskSession, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await asyncio.to_thread(partial(self._desk.run, self._actor, action, *args, **kwargs))


def send_webhooks(desk: Desk, stop: threading.Event) -> None:
    """Send webhooks until `stop` is set: what the worker's thread does, in a loop of its own."""
    asyncio.run(_keep_sending(desk, stop))


async def _keep_sending(desk: Desk, stop: threading.Event) -> None:
    courier: Courier | None = None
    # Names that take long to resolve hold a thread each: there are more threads than one endpoint can hold.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4 * AT_ONCE))
    try:
        while not stop.is_set():
            busy = 0
            try:
                courier = courier or Courier(desk, vault_of(desk.settings), guard_of(desk.settings))
                busy = await courier.look()
            except OmbudError as error:
                log.warning("webhooks will be tried again", code=error.code, reason=error.message)
            except Exception:
                log.exception("webhooks will be tried again")
            if not busy:
                await (courier.rest(stop) if courier is not None else asyncio.sleep(LOOK_EVERY))
    finally:
        if courier is not None:
            await courier.close()


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
