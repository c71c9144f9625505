"""How fast mail comes in: from a real IMAP server through all of intake, beside the standard library's reading alone.

    python -m benchmarks.mail [--messages 10000]

Starts Debian's Dovecot and a PostgreSQL of its own, puts the messages into the mailbox, and then fetches and decides
at once, in two threads, as a running desk does: stored, parsed, threaded, audited, indexed for search. Prints one
Markdown table. The machine's load is printed with it: on a busy machine the rates are those of a busy machine.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import os
import tempfile
import threading
import time
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import URL, select

from ombud import Actor, Desk
from ombud.config import Settings
from ombud.files import open_store
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault, open_vault
from ombud.mail.actions import MailboxChanges, create_mailbox
from ombud.mail.parse import parse_message
from ombud.mail.tokens import TicketNamer
from ombud.models import Mailbox, Security
from ombud.search.actions import index_fresh_documents
from ombud.testing import scratch_server
from ombud.worker.fetch import Fetcher
from ombud.worker.intake import Intake
from tests.mail_desk.dovecot import PASSWORD, USER, Dovecot, dovecot_running

ADDRESS = "support@desk.example"
LARGE = 50 * 2**20
SYSTEM = Actor.system("bench")
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=10_000)
    count = parser.parse_args().messages
    messages = [_message(number) for number in range(count)]
    print("| what | messages | seconds | messages/s |\n| --- | --- | --- | --- |")
    _row("standard library, parse and decode", count, _timed(lambda: [_read(raw) for raw in messages]))
    _row("`parse_message`", count, _timed(lambda: [parse_message(raw) for raw in messages]))
    with tempfile.TemporaryDirectory(prefix="ombud-mail-bench-") as name:
        place = Path(name)
        place.chmod(0o755)
        with (
            dovecot_running(place / "dovecot") as server,
            scratch_server(place / "desk") as postgres,
            postgres.database() as database,
        ):
            vault = open_vault(place / "keys")
            _set_up(database.url, server, vault)
            server.add(*messages)
            messages.clear()
            _intake(database.url, place, vault, count, server)


def _intake(url: URL, place: Path, vault: Vault, count: int, server: Dovecot) -> None:
    with Desk(url, Settings()) as desk:
        intake = Intake(desk, open_store(place / "files", limit=2**28), TicketNamer(b"k" * 32))
        with desk.read(SYSTEM) as session:
            mailbox_id = session.scalars(select(Mailbox.id)).one()
        fetcher = Fetcher(desk, intake, vault, Guard(["127.0.0.1"]), mailbox_id)
        memory: list[float] = []
        cpu = time.process_time()

        def all_of_it() -> None:
            thread = threading.Thread(target=fetcher.fetch)
            thread.start()
            done = 0
            while done < count:
                step = intake.decide_waiting()
                done += step
                memory.append(_resident())
                if not step:
                    time.sleep(0.05)
                desk.run(SYSTEM, index_fresh_documents)
            thread.join()

        _row("fetched, stored, parsed, threaded, audited, indexed", count, _timed(all_of_it))
        milliseconds = (time.process_time() - cpu) / count * 1000
        tenth = max(1, len(memory) // 10)
        server.add(_large())
        before = _resident()
        fetcher.fetch()
        fetched = _resident() - before
        seconds = _timed(intake.decide_waiting)
        print(
            f"\nPython's processor time: {milliseconds:.1f} ms a message. Memory of the process: "
            f"{memory[tenth]:.0f} MB after a tenth, {memory[-1]:.0f} MB at the end.\n"
            f"A message with a file of 50 MB: fetching it added {max(fetched, 0):.0f} MB; "
            f"deciding took {seconds:.1f} s.\n"
            f"Load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
        )


def _message(number: int) -> bytes:
    """Every third begins a conversation; all have HTML beside the text and a quote, every fifth a small file."""
    made = EmailMessage()
    made["From"] = f"Person {number // 3} <person-{number // 3}@customer{number // 3 % 50}.example>"
    made["To"], made["Subject"] = ADDRESS, f"Question {number // 3} about the printer"
    made["Message-ID"] = f"<{number}@c.example>"
    if number % 3:
        made["In-Reply-To"] = f"<{number - 1}@c.example>"
    text = f"Hello, this is message {number}.\n\n" + "The printer on the second floor is on fire again. " * 12
    quote = "\n\nOn 5 Mar 2024, Support <support@desk.example> wrote:\n" + "> Have you tried water?\n" * 8
    made.set_content(text + quote)
    made.add_alternative(f"<p>{text}</p><blockquote>{quote}</blockquote>", subtype="html")
    if number % 5 == 0:
        made.add_attachment(os.urandom(8_000), maintype="image", subtype="png", filename="fire.png")
    return made.as_bytes()


def _large() -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "eva@c.example", ADDRESS, "Large"
    made.set_content("See the file")
    made.add_attachment(os.urandom(LARGE), maintype="application", subtype="zip", filename="large.zip")
    return made.as_bytes()


def _read(raw: bytes) -> int:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    body = found.get_body(("plain", "html"))
    size = len(body.get_content()) if body is not None else 0
    return size + sum(len(part.get_content()) for part in found.iter_attachments())


def _set_up(url: URL, server: Dovecot, vault: Vault) -> None:
    changes: MailboxChanges = {
        "name": "Support",
        "address": ADDRESS,
        "imap_host": "127.0.0.1",
        "imap_port": server.port,
        "imap_security": Security.PLAIN,
        "imap_user": USER,
    }
    with Desk(url, Settings()) as desk:
        desk.run(SYSTEM, create_mailbox, changes, secrets={"imap_secret": PASSWORD}, vault=vault)


def _timed(work: object) -> float:
    began = time.perf_counter()
    work()  # type: ignore[operator]  # a call without arguments, whatever it returns
    return time.perf_counter() - began


def _row(what: str, count: int, seconds: float) -> None:
    print(f"| {what} | {count:,} | {seconds:.1f} | {count / seconds:,.0f} |", flush=True)


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


if __name__ == "__main__":
    main()
