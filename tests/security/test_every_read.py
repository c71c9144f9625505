"""Every read of API and pages with either layer off: nothing of somebody else's is in any answer (R16, R17).

`test_matrix` asks the queries of tickets; here each route is asked, as people ask it, for what they may not see.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import text

from ombud import Actor, Desk
from ombud.api.app import create_api
from ombud.models import DistinctPeople, DistinctTickets
from ombud.runtime import Runtime
from ombud.testing import Persona, ScratchDatabase, make_comment
from tests.api.test_api_matrix import routes as api_routes
from tests.security.conftest import STAFF, VISIBLE, World
from tests.security.test_matrix import without_policies, without_row_security
from tests.web.hosting import ORIGIN, Browser, plain_pages
from tests.web.test_matrix import routes as page_routes

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
WHO = ("other_customer", "team_agent")
SEARCHED = (
    "/tickets",
    "/users",
    "/tags",
    "/organizations",
    "/search/suggestions",
    "/mail/inbound",
    "/mail",
    "/search",
)
MARKED = ("customers", "strangers", "of_other_team")
# Of a request, a form, or the moment.
NEW_EACH_TIME = re.compile(r"[\w-]{32,}")
STREAMS = ("/events", "/live", "/tickets/{number}/live")
MAIL = text(
    "WITH box AS (INSERT INTO ombud.mailboxes (name, address) VALUES ('box', 'help@ombud.example') RETURNING id),"
    " came AS (INSERT INTO ombud.inbound_mails (mailbox_id, source, checksum, storage_key, size, sender_email, subject,"
    " message_id, state, decided_at, ticket_id) SELECT box.id, 'imap', encode(sha256(t.title::bytea), 'hex'), t.title,"
    " 5, 'x@example.com', t.title, t.title, 'accepted', now(), t.id FROM box, ombud.tickets t)"
    " INSERT INTO ombud.outbound_mails (kind, mailbox_id, message_id, subject, state, ticket_id)"
    " SELECT 'reply', box.id, t.title, t.title, 'sent', t.id FROM box, ombud.tickets t"
)


@dataclass(frozen=True)
class Marked:
    """A world in which each ticket's words, files and mails hold a mark; `ids`: of comments, files, mails."""

    world: World
    ids: dict[str, dict[str, list[int]]]

    def hidden_from(self, name: str) -> list[str]:
        return [ticket for ticket in self.ids if ticket not in VISIBLE[name]]


@pytest.fixture
def marked(desk: Desk, world: World) -> Marked:
    ids = {}
    tickets = {
        name: one for name, one in world.tickets.items() if name in MARKED
    }  # whose words nobody changes
    with desk.begin(SYSTEM) as session:
        for name, ticket in tickets.items():
            given = {"mark": f"zq{name}zq", "t": ticket.id}
            session.execute(
                text(
                    "UPDATE ombud.tickets SET title = CAST(:mark AS text), description = CAST(:mark AS text)"
                    " WHERE id = :t"
                ),
                given,
            )
            for table, column in (("comments", "content"), ("attachments", "file_name")):
                session.execute(
                    text(f"UPDATE ombud.{table} SET {column} = CAST(:mark AS text) WHERE ticket_id = :t"),
                    given,
                )
        session.execute(text("UPDATE ombud.comments SET content = 'zqinternalzq' WHERE is_internal"))
        session.execute(MAIL)
        hidden = world.of_other_team
        make_comment(session, hidden.id, hidden.requester_id, "zqof_other_teamzq")
        for pair in (
            DistinctTickets(ticket_id=world.strangers.id, other_id=hidden.id),
            DistinctPeople(user_id=world.cast.customer.id, other_id=hidden.requester_id),
        ):
            session.add(pair)
        for name, ticket in tickets.items():
            ids[name] = {
                column: list(
                    session.scalars(text(f"SELECT id FROM ombud.{table} WHERE ticket_id = :t"), {"t": ticket.id})
                )
                for column, table in (
                    ("comment_id", "comments"), ("attachment_id", "attachments"), ("mail_id", "inbound_mails"),
                )
            }  # fmt: skip
            sent = session.scalars(
                text("SELECT id FROM ombud.outbound_mails WHERE ticket_id = :t"), {"t": ticket.id}
            )
            ids[name]["mail_id"] += list(sent)
    return Marked(world, ids)


def asked(marked: Marked, name: str, paths: set[str]) -> Iterator[str]:
    """Yield each address, of each thing that a person may not see; of a ticket that they see, too: it has notes, and
    its customer others.
    """
    of_other_team = marked.world.of_other_team
    few = timedelta(minutes=1)
    # Less than a day is counted among the tickets themselves.
    span = {"start": of_other_team.created_at - few, "end": of_other_team.created_at + few}
    lately = urlencode({key: moment.isoformat() for key, moment in span.items()})
    for path in sorted(paths):
        names = re.findall(r"\{(\w+)[^}]*\}", path)
        if not names:
            yield path
            if path in SEARCHED:
                yield f"{path}?q=zq"
            if path == "/statistics":
                yield f"{path}?{lately}"
            continue
        for ticket in (marked.hidden_from(name)[0], "strangers"):
            number = marked.world.tickets[ticket].ticket_number
            other = [of_other_team.requester_id] if path.startswith(("/customers/{", "/users/{")) else [1]
            for of in next((marked.ids[ticket][one] for one in names if one in marked.ids[ticket]), other):
                numbered = re.sub(r"\{number[^}]*\}", number, path)
                yield re.sub(r"\{\w+[^}]*\}", str(of), numbered)


Clients = dict[str, httpx.AsyncClient]


@asynccontextmanager
async def signed_in(runtime: Runtime, person: Persona) -> AsyncIterator[Clients]:
    """Yield clients of API and pages for all rounds: whoever signs in again is told of a new browser."""
    unlimited = replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 0}))
    browser = Browser(unlimited)
    headers = {"Authorization": f"Bearer {person.token}"}
    api = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_api(unlimited)), base_url=ORIGIN, headers=headers
    )
    async with api, browser.client:
        await browser.sign_in(person)
        yield {"api": api, "page": browser.client}


async def answers(clients: Clients, marked: Marked, name: str) -> dict[tuple[str, str], str]:
    """Return what each address of API and pages answers, without what is new each time."""
    addresses = {
        "api": {path for method, path in api_routes() if method == "GET" and path not in STREAMS},
        "page": set(plain_pages())
        | {path for method, path in page_routes() if method == "GET" and path not in STREAMS and "{" in path},
    }
    found = {}
    for kind, paths in addresses.items():
        for path in asked(marked, name, paths):
            answer = await clients[kind].get(path)
            assert answer.status_code < 500, (path, answer.text)
            found[kind, path] = f"{answer.status_code} {NEW_EACH_TIME.sub('', answer.text)}"
    return found


def leaks(marked: Marked, name: str, told: dict[tuple[str, str], str]) -> list[tuple[tuple[str, str], str]]:
    """Return each address that told of a hidden ticket or of a note, and of which."""
    hidden = [*marked.hidden_from(name), *(["internal"] if name not in STAFF else [])]
    assert marked.hidden_from(name)
    return [(path, mark) for path, answer in told.items() for mark in hidden if f"zq{mark}zq" in answer]


@pytest.mark.parametrize("name", WHO)
async def test_no_read_tells_of_what_one_may_not_see(
    runtime: Runtime, marked: Marked, built: None, database: ScratchDatabase, name: str
) -> None:
    """With either layer alone each answer is, sums and names too, what it is with both."""
    async with signed_in(runtime, getattr(marked.world.cast, name)) as clients:
        both = await answers(clients, marked, name)
        assert leaks(marked, name, both) == []
        for left in ("row security", "policies"):
            with pytest.MonkeyPatch.context() as patch, ExitStack() as off:
                if left == "policies":
                    off.enter_context(without_row_security(database))
                else:
                    without_policies(patch)
                told = await answers(clients, marked, name)
            assert leaks(marked, name, told) == [], left
            assert [path for path in both if both[path] != told[path]] == [], left
