"""Takes hostile messages in, with everything, and says what each cost.

    python -m tests.mail_desk.hostile_intake [--messages 2000]

The generator's named messages, then damaged ones. Each goes through the whole of intake (store, parse, decide) in a
process that does nothing else; one JSON object says how many there were, what was not decided or lost, and the most
that one cost in seconds of CPU and in megabytes of the whole process.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import URL, func, select

from ombud import Actor, Desk
from ombud.config import Settings
from ombud.files import open_store
from ombud.mail.tokens import TicketNamer
from ombud.models import InboundMail, Mailbox, MailSource, MailState
from ombud.testing import scratch_server
from ombud.worker.intake import Intake
from tests.mail import hostile
from tests.mail.test_robust import RICH
from tests.mail_desk.conftest import SUPPORT

TOGETHER = 50
"""Messages for one process; a large one has its own."""
SYSTEM = Actor.system("test")


def main(messages: int) -> dict[str, Any]:
    """Run, and return what it cost."""
    with tempfile.TemporaryDirectory(prefix="ombud-hostile-") as name:
        place = Path(name)
        place.chmod(0o755)
        with scratch_server(place / "desk") as postgres, postgres.database() as database:
            with Desk(database.url, Settings()) as desk:
                desk.run(SYSTEM, lambda session: session.add(Mailbox(name="Support", address=SUPPORT)))
            costs: list[dict[str, Any]] = []
            for group in _groups(messages):
                costs += _apart(database.url, place, group)
            with Desk(database.url, Settings()) as desk, desk.read(SYSTEM) as session:
                rows = session.execute(
                    select(InboundMail.state, func.count()).group_by(InboundMail.state)
                ).all()
            states = {state.value: count for state, count in rows}
            died = [cost["name"] for cost in costs if "died" in cost]
            whole = [cost for cost in costs if "died" not in cost]
            slowest = max(whole, key=lambda cost: float(cost["seconds"]))
            largest = max(whole, key=lambda cost: float(cost["mb"]))
            return {
                "messages": len(costs),
                "died": died,
                "same bytes again": sum(cost["again"] for cost in whole),
                "in the log": sum(states.values()),
                "not decided": states.get(MailState.RECEIVED.value, 0),
                "states": states,
                "most seconds": [slowest["name"], slowest["seconds"]],
                "most megabytes": [largest["name"], largest["mb"]],
            }


Named = tuple[str, Callable[[], bytes]]


def _groups(messages: int) -> Iterator[list[Named]]:
    for name, make in list(hostile.LARGE.items())[:messages]:
        yield [(name, make)]
    rest = max(0, messages - len(hostile.LARGE))
    # a small run takes every n-th of the small ones
    small = list(hostile.SMALL.items())[:: max(1, len(hostile.SMALL) * 2 // max(rest, 1))]
    raw = hostile.mutations(RICH, rest, 7)
    damaged: Iterator[Named] = ((f"damaged {n}", partial(bytes, one)) for n, one in enumerate(raw))
    others: Iterator[Named] = islice(chain(small, damaged), rest)
    while group := list(islice(others, TOGETHER)):
        yield group


def _apart(url: URL, place: Path, group: list[Named]) -> list[dict[str, Any]]:
    """Take a group in, in a process of its own; what it wrote says what each cost."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as out:
            _take(url, place, group, out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as found:
        costs = [json.loads(line) for line in found]
    os.waitpid(child, 0)
    costs += [{"name": name, "died": True} for name, _ in group[len(costs) :][:1]]
    return costs


def _take(url: URL, place: Path, group: list[Named], out: Any) -> None:
    with Desk(url, Settings()) as desk:
        intake = Intake(desk, open_store(place / "files", limit=10**8), TicketNamer(b"k" * 32))
        with desk.read(SYSTEM) as session:
            mailbox = session.scalars(select(Mailbox.id)).one()
        for name, make in group:
            file = place / "message"
            _write_apart(file, make)
            _forget_peak()
            began = time.process_time()
            with file.open("rb") as raw:
                pieces = iter(partial(raw.read, 1 << 20), b"")
                received = intake.receive(pieces, MailSource.PIPE, mailbox_id=mailbox)
            if received.mail_id is not None:
                intake.decide(received.mail_id)
            cost = {
                "name": name,
                "again": received.mail_id is None,
                "seconds": round(time.process_time() - began, 2),
                "mb": _peak(),
            }
            out.write(json.dumps(cost) + "\n")
            out.flush()


def _write_apart(file: Path, make: Callable[[], bytes]) -> None:
    """Write a message in a process of its own: making it takes more memory than reading it may."""
    child = os.fork()
    if child == 0:
        file.write_bytes(make())
        os._exit(0)
    os.waitpid(child, 0)


def _forget_peak() -> None:
    """Let the kernel measure the peak anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Return the most megabytes that this process held since."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=2_000)
    print(json.dumps(main(parser.parse_args().messages)))
