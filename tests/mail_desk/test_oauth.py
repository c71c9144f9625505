"""Signing in by access tokens, at an IMAP and an SMTP server that ask the provider whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from ombud import Actor, Desk, clock
from ombud.config import Settings
from ombud.kit.guard import Guard, Unreachable
from ombud.mail import queries
from ombud.mail.actions import MailboxChanges, create_mailbox
from ombud.mail.oauth import OAuthSecret
from ombud.mail.probe import probe_mailbox
from ombud.models import InboundMail, MailAuth, Mailbox, OutboundMail, OutboundState, Security
from ombud.runtime import equip
from ombud.testing import Cast, frozen, make_ticket
from ombud.tickets import add_comment
from ombud.worker.access import AccessTokens
from ombud.worker.fetch import open_fetcher
from ombud.worker.intake import vault_of
from ombud.worker.mail_out import open_sender
from tests.mail_desk.conftest import SUPPORT, letter
from tests.mail_desk.dovecot import USER, Dovecot, dovecot_running, public_folder
from tests.mail_desk.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.mail_desk.receiving import ReceivingServer

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
SYSTEM = Actor.system("test")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(USER) as found:
        yield found


@pytest.fixture(scope="module")
def server(provider: Provider) -> Iterator[Dovecot]:
    with public_folder() as place, dovecot_running(place / "dovecot", asks=provider.whose) as found:
        yield found


@dataclass
class Connected:
    """A desk whose only mailbox signs in by tokens, at both servers."""

    desk: Desk
    settings: Settings
    mailbox_id: int
    receiving: ReceivingServer
    cast: Cast

    def fetch(self) -> int:
        return open_fetcher(self.desk, self.settings, self.mailbox_id).fetch()

    def mailbox(self) -> Mailbox:
        with self.desk.read(SYSTEM) as session:
            return session.scalars(queries.mailbox_with_secrets(self.mailbox_id)).one()

    def queue(self) -> None:
        with self.desk.begin(SYSTEM) as session:
            ticket = make_ticket(session, self.cast.customer.id)
        self.desk.run(self.cast.agent.in_new_request(), add_comment, ticket.id, "Here is your answer.")

    def states(self) -> list[tuple[OutboundState, str]]:
        with self.desk.read(SYSTEM) as session:
            rows = session.scalars(select(OutboundMail).order_by(OutboundMail.id))
            return [(row.state, row.problem) for row in rows]


@pytest.fixture
def connected(
    desk: Desk, settings: Settings, cast: Cast, provider: Provider, server: Dovecot
) -> Iterator[Connected]:
    settings = settings.model_copy(update={"internal_hosts": "127.0.0.1"})
    receiving = ReceivingServer(owner_of=provider.owner_of)
    receiving.start()
    changes: MailboxChanges = {
        "name": "Support",
        "address": SUPPORT,
        "auth": MailAuth.OAUTH,
        "imap_host": "127.0.0.1",
        "imap_port": server.port,
        "imap_security": Security.PLAIN,
        "imap_user": USER,
        "smtp_host": "127.0.0.1",
        "smtp_port": receiving.port,
        "smtp_security": Security.PLAIN,
        "smtp_user": USER,
        "oauth_token_url": provider.token_url,
        "oauth_client_id": CLIENT_ID,
    }
    secret = OAuthSecret(provider.refresh_token, CLIENT_SECRET).as_text()
    made = desk.run(
        SYSTEM, create_mailbox, changes, secrets={"oauth_secret": secret}, vault=vault_of(settings)
    )
    yield Connected(equip(desk, settings), settings, made.id, receiving, cast)
    receiving.stop()
    with server.client() as client:
        _, found = client.select("INBOX")
        if found[0] != b"0":
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()


async def _send(connected: Connected) -> None:
    sender = open_sender(connected.desk, connected.settings)
    try:
        await sender.run_until_idle()
    finally:
        await sender.close()


def test_a_mailbox_is_fetched_by_a_token_that_the_server_checks(
    connected: Connected, server: Dovecot, provider: Provider
) -> None:
    server.add(letter().as_bytes())
    before = len(provider.asked)
    assert connected.fetch() == 1
    assert provider.asked[before]["grant_type"] == "refresh_token"
    with connected.desk.read(SYSTEM) as session:
        assert session.scalars(select(InboundMail.source)).one().value == "imap"
    server.add(letter(message_id="<2@customer.example>").as_bytes())
    assert connected.fetch() == 1, "the next refresh token was kept: the first one is good no more"


def test_mail_is_sent_by_a_token_that_the_server_checks(connected: Connected, provider: Provider) -> None:
    connected.queue()
    before = len(provider.asked)
    asyncio.run(_send(connected))
    assert len(connected.receiving.post.letters) == 1
    user, token = connected.receiving.post.logins[-1]
    assert (user, provider.owner_of(token)) == (USER, USER)
    assert len(provider.asked) == before + 1


def test_a_sender_asks_again_when_its_token_was_taken_away(connected: Connected, provider: Provider) -> None:
    async def work() -> None:
        sender = open_sender(connected.desk, connected.settings)
        try:
            connected.queue()
            await sender.run_until_idle()
            await sender._connections[connected.mailbox_id].close()
            provider.revoke()
            connected.queue()
            await sender.run_until_idle()
            assert [state for state, _ in connected.states()] == [OutboundState.SENT, OutboundState.QUEUED]
            assert connected.states()[1][1].startswith("The server refused the token")
            with frozen(clock.now() + timedelta(hours=1)):
                await sender.run_until_idle()
        finally:
            await sender.close()

    asyncio.run(work())
    assert [state for state, _ in connected.states()] == [OutboundState.SENT] * 2


def test_consent_that_was_withdrawn_is_said_and_the_mail_waits(
    connected: Connected, provider: Provider
) -> None:
    good, provider.refresh_token = provider.refresh_token, "another"
    try:
        connected.queue()
        asyncio.run(_send(connected))
        assert connected.states() == [
            (OutboundState.QUEUED, "The provider gives no token for this mailbox. Connect it again.")
        ]
        with pytest.raises(Unreachable, match="Connect it again"):
            connected.fetch()
    finally:
        provider.refresh_token = good


def test_two_that_renew_at_once_do_not_shut_each_other_out(connected: Connected) -> None:
    """The refresh token is good once; who comes second finds the next one in the database."""
    fetcher = open_fetcher(connected.desk, connected.settings, connected.mailbox_id)
    stale = connected.mailbox()
    connected.fetch()
    assert fetcher._tokens.of(stale)


def _probed(connected: Connected, guard: Guard) -> list[tuple[str, bool]]:
    vault = vault_of(connected.settings)
    tokens = AccessTokens(connected.desk, vault, guard, SYSTEM)
    found = probe_mailbox(connected.mailbox(), vault, guard, tokens.of)
    return [(one.name, one.is_good) for one in found]


def test_a_trial_signs_in_at_both_and_spoils_no_token(connected: Connected) -> None:
    steps = ["Secret", "Connection", "Sign-in", "Folder", "New mail", "Sending"]
    for _ in range(2):
        assert _probed(connected, Guard(["127.0.0.1"])) == [(step, True) for step in steps]
    assert connected.receiving.post.letters == []


def test_a_trial_reaches_nothing_inside_that_the_operator_does_not_allow(connected: Connected) -> None:
    assert _probed(connected, Guard()) == [("Secret", False), ("Sending", False)]
