"""A desk with a receiver beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor, Desk, Ticket
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault, open_vault
from ombud.models import WebhookDelivery, WebhookEndpoint
from ombud.testing import Cast, Persona, make_ticket
from ombud.webhooks import create_endpoint, dispatch
from ombud.worker.hooks import Courier
from tests.webhooks.receiver import Receiver

SYSTEM = Actor.system("test")
GUARD = Guard(["127.0.0.1"])


@dataclass
class Post:
    """Sets endpoints up, sends, and says what is known of each message."""

    desk: Desk
    vault: Vault
    receiver: Receiver

    def endpoint(self, owner: Persona, path: str = "/", **given: Any) -> tuple[int, str]:
        """Set up an endpoint at the receiver; returns its id and secret."""
        changes = {"url": self.receiver.url(path), **given}
        made, secret = self.desk.run(
            owner.actor, create_endpoint, changes, vault=self.vault, guard=GUARD  # type: ignore[arg-type]  # of the test's own making
        )  # fmt: skip
        return made.id, secret

    def send(self, seconds: float = 5.0) -> None:
        """Send all that is due."""

        async def run() -> None:
            courier = Courier(self.desk, self.vault, GUARD, seconds=seconds)
            await courier.run_until_idle()

        asyncio.run(run())

    def deliveries(self, endpoint_id: int) -> list[WebhookDelivery]:
        """Return the messages to an endpoint in order."""
        with self.desk.read(SYSTEM) as session:
            return list(
                session.scalars(
                    select(WebhookDelivery)
                    .where(WebhookDelivery.endpoint_id == endpoint_id)
                    .order_by(WebhookDelivery.id)
                )
            )

    def read(self, endpoint_id: int) -> WebhookEndpoint:
        """Return an endpoint."""
        with self.desk.read(SYSTEM) as session:
            return session.get_one(WebhookEndpoint, endpoint_id)


@pytest.fixture
def post(desk: Desk, tmp_path: Path) -> Iterator[Post]:
    """A desk that tells a receiver on this machine."""
    desk.run(SYSTEM, dispatch)  # an emptied database begins at the present
    with Receiver() as receiver:
        yield Post(desk, open_vault(tmp_path / "keys"), receiver)


def opened(desk: Desk, cast: Cast, **given: Any) -> Ticket:
    """Open a ticket of the customer's."""
    return desk.run(SYSTEM, make_ticket, cast.customer.id, **given)
