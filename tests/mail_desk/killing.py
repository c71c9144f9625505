"""Takes mail in from a real IMAP server while being killed again and again, and says what became of it.

    python -m tests.mail_desk.killing [--messages 10000] [--kills 200] [--seed 1]

A process fetches and decides; it ends itself by SIGKILL in the middle of a step that was chosen for it, as a power
cut would. The next one takes up what it left. In the end every message must be exactly one ticket or comment, and
taken away from the server. Runs on a PostgreSQL and a Dovecot of its own; prints one JSON object.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, func, select

from ombud import Actor, Desk
from ombud.config import Settings
from ombud.files import FileStore, open_store
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault, open_vault
from ombud.mail import actions as mail_actions
from ombud.mail.actions import fetch as fetch_actions
from ombud.mail.imap import Folder
from ombud.mail.tokens import TicketNamer
from ombud.models import Comment, InboundMail, Mailbox, MailboxPosition, MailState, Security, Ticket
from ombud.testing import scratch_server
from ombud.worker import intake as intake_module
from ombud.worker.fetch import Fetcher
from ombud.worker.intake import Intake
from tests.mail_desk.conftest import SUPPORT, letter
from tests.mail_desk.dovecot import PASSWORD, USER, Dovecot, dovecot_running

PHASES: dict[str, tuple[Any, str]] = {
    "fetched": (Folder, "messages"),
    "stored": (FileStore, "put"),
    "noted": (fetch_actions, "receive_fetched"),
    "taken away": (Folder, "take_away"),
    "told": (fetch_actions, "note_settled"),
    "begun": (mail_actions, "begin_attempts"),
    "parsed": (intake_module, "prepare"),
    "decided": (mail_actions, "settle"),
}
"""Where a process ends itself: before or after these, the latter still before the commit where there is one."""
LATEST = {"fetched": 1, "noted": 1, "taken away": 1, "told": 1}
"""How often a phase comes in a short life, at most; the others come for every message."""


def main(messages: int, kills: int, seed: int) -> dict[str, Any]:
    """Run, and return what became of the messages."""
    chance, began = random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ombud-killing-") as name:
        place = Path(name)
        place.chmod(0o755)
        with (
            dovecot_running(place / "dovecot") as server,
            scratch_server(place / "desk") as postgres,
            postgres.database() as database,
        ):
            vault = open_vault(place / "keys")
            _set_up(database.url, server, vault)
            waiting, ended = _letters(messages), Counter[str]()
            portion = max(1, messages // kills)
            while ended.total() - ended["finished"] < kills and ended.total() < 3 * kills:
                server.add(*waiting[:portion])
                del waiting[:portion]
                end = (chance.choice(list(PHASES)), chance.randint(1, 2 * portion), chance.random() < 0.5)
                ended[_life(database.url, place, vault, end)] += 1
            server.add(*waiting)
            _life(database.url, place, vault, None)
            return {
                **_outcome(database.url, server, messages),
                "killed": ended.total() - ended["finished"],
                "phases": dict(sorted(ended.items())),
                "seconds": round(time.monotonic() - began),
            }


def _letters(count: int) -> list[bytes]:
    """Every third message begins a conversation that the next two answer."""
    made = []
    for number in range(count):
        named = {"In_Reply_To": f"<{number - number % 3}@c.example>"} if number % 3 else {}
        text = f"Message {number}. " * 20
        sender = f"person-{number // 3}@c.example"
        made.append(letter(text, sender=sender, message_id=f"<{number}@c.example>", **named).as_bytes())
    return made


def _set_up(url: URL, server: Dovecot, vault: Vault) -> None:
    changes: mail_actions.MailboxChanges = {
        "name": "Support",
        "address": SUPPORT,
        "imap_host": "127.0.0.1",
        "imap_port": server.port,
        "imap_security": Security.PLAIN,
        "imap_user": USER,
    }
    secrets: mail_actions.NewSecrets = {"imap_secret": PASSWORD}
    with Desk(url, Settings()) as desk:
        desk.run(Actor.system("test"), mail_actions.create_mailbox, changes, secrets=secrets, vault=vault)


def _life(url: URL, place: Path, vault: Vault, end: tuple[str, int, bool] | None) -> str:
    """Let a process fetch and decide until it is done or ends itself; returns which."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            # a message that ends its process three times goes to quarantine; here it is never the message
            mail_actions.intake.ATTEMPTS = 10**6
            if end is not None:
                _end_at(*end)
            _work(url, place, vault)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and end is not None:
        return end[0]
    if os.WEXITSTATUS(status):
        raise AssertionError("a life ended by an error")
    return "finished"


def _work(url: URL, place: Path, vault: Vault) -> None:
    with Desk(url, Settings()) as desk:
        intake = Intake(desk, open_store(place / "files", limit=10**8), TicketNamer(b"k" * 32))
        with desk.read(Actor.system("test")) as session:
            mailbox_id = session.scalars(select(Mailbox.id)).one()
        # what waits comes first, as in a running desk, where both go on at once
        while intake.decide_waiting():
            pass
        Fetcher(desk, intake, vault, Guard(["127.0.0.1"]), mailbox_id).fetch()
        while intake.decide_waiting():
            pass


def _end_at(phase: str, times: int, before: bool) -> None:
    owner, name = PHASES[phase]
    real: Callable[..., Any] = getattr(owner, name)
    left = [min(times, LATEST.get(phase, times))]

    def dying(*args: Any, **named: Any) -> Any:
        left[0] -= 1
        if before and left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*args, **named)
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(owner, name, dying)


def _outcome(url: URL, server: Dovecot, messages: int) -> dict[str, Any]:
    with Desk(url, Settings()) as desk, desk.read(Actor.system("test")) as session:
        rows = session.execute(
            select(InboundMail.message_id, InboundMail.state, InboundMail.ticket_id, InboundMail.comment_id)
        ).all()
        counted = [
            session.scalar(select(func.count()).select_from(model)) or 0 for model in (Ticket, Comment)
        ]
        position = session.scalars(select(MailboxPosition)).one()
    names = Counter(row.message_id for row in rows)
    unread = sum(b"\\Seen" not in flags for flags in server.flags())
    return {
        "messages": messages,
        "lost": sum(f"{number}@c.example" not in names for number in range(messages)),
        "twice": sum(count - 1 for count in names.values()),
        "not decided": sum(row.state is not MailState.ACCEPTED for row in rows),
        "tickets": counted[0],
        "comments": counted[1],
        "same place twice": sum(
            count - 1 for count in Counter((row.ticket_id, row.comment_id) for row in rows).values()
        ),
        "not taken away": unread,
        "not told": position.last_uid - position.settled_uid,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(main(**vars(parser.parse_args()))))
