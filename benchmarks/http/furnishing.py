"""One of each thing that a loaded desk has none of, made through the API, so that its routes can be asked, too.

What can be taken away again is: the rest (an organization, a mailbox) stays and is used again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from ombud.client import Client, calls
from ombud.client.calls import Call, Listing

NAME = "benchmark"
_LETTER = (
    b"From: Benchmark <benchmark@customer.test>\r\nTo: benchmark@desk.test\r\nSubject: Hello\r\n\r\n%d\r\n"
)


@contextmanager
def furnished(desk: str, token: str, customer: int) -> Iterator[Mapping[str, str]]:
    """Yield the values of parameters of routes; `customer` writes a ticket, which stays until the desk is tidied."""
    with Client(desk, token) as client, ExitStack() as stack:

        def made(call: Call[Any], undo: Any = None) -> Any:
            thing = client.send(call)
            if undo is not None:
                stack.callback(lambda: client.send(undo(thing["id"])))
            return thing

        ticket = made(calls.open_ticket(title="Of the benchmark", requester_id=customer))["number"]
        team = made(calls.add_team(f"{NAME} {time.time_ns()}"), calls.delete_team)
        role = made(calls.add_role(f"{NAME} {time.time_ns()}", ["tickets.reply"]), calls.delete_role)
        hook = made(calls.add_webhook("https://hooks.example.com/"), calls.delete_webhook)
        rows = calls.bring("a.csv", b"title\r\nWords\r\n", format="csv", dry_run=True)
        mailbox = _kept(client, calls.mailboxes(), calls.add_mailbox(NAME, "benchmark@desk.test"))
        bringer = client.send(calls.create_token(NAME, scopes=["mail"]))["token"]
        assert bringer is not None
        with Client(desk, bringer) as intake:
            letter = intake.send(calls.hand_in_mail(_LETTER % time.time_ns(), mailbox="benchmark@desk.test"))
        yield {
            "number/comment_id": f"{ticket}/{made(calls.comment(ticket, 'A note.', is_internal=True))['id']}",
            "attachment_id": str(made(calls.attach(ticket, "a.txt", b"Words."))["id"]),
            "team_id": str(team["id"]),
            "role_id": str(role["id"]),
            "webhook_id": str(hook["id"]),
            "tag_id": str(made(calls.add_tag(f"{NAME}-{time.time_ns()}"), calls.delete_tag)["id"]),
            "organization_id": _kept(client, calls.organizations(), calls.add_organization(NAME)),
            "mailbox_id": mailbox,
            "rule_id": str(
                made(calls.add_mail_rule(NAME, "subject", "benchmark"), calls.delete_mail_rule)["id"]
            ),
            "provider_id": str(
                made(
                    calls.add_identity_provider(NAME, NAME, "https://id.example.com", NAME),
                    calls.delete_identity_provider,
                )["id"]
            ),
            "import_id": str(made(rows, calls.delete_import)["id"]),
            "mail_id": str(letter["id"]),
        }


def _kept(client: Client, there: Listing[Any], call: Call[Any]) -> str:
    """Return the id of the one that an earlier run left, or of a new one."""
    for one in client.each(there):
        if one["name"] == NAME:
            return str(one["id"])
    return str(client.send(call)["id"])
