"""`python -m ombud.kit.hash_process`: compares and makes hashes of passwords, behind everything else on this machine.

Each line of standard input is a question in JSON, each line of standard output its answer; the end of the input is
the end of the process. `ombud.people.hashing` starts it.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ombud.kit.passwords import rehash_password, verify_password

STEPS_BACK = 5
"""How much nicer than others: beside one that never rests it still has a quarter of a core, six tries a second."""
_GROUP = Path("/proc/self/autogroup")


def answer(question: list[Any]) -> bool | str:
    """Answer `["verify", stored, password]` with whether they match, `["hash", password]` with a hash."""
    match question:
        case ["verify", str() | None as stored, str() as password]:
            return verify_password(stored, password)
        case ["hash", str() as password]:
            return rehash_password(password)
    raise ValueError("no question")  # and nothing of it in the message: it may be a password


def step_back() -> None:
    """Lower the priority of this process, which has a session of its own.

    Linux may weigh sessions against each other (sched(7), autogroup) and heed a priority only within one: then it is
    the session that must step back.
    """
    if hasattr(os, "nice"):
        os.nice(STEPS_BACK)
    if sys.platform == "linux":
        with suppress(OSError), _GROUP.open("w", encoding="ascii") as group:
            group.write(str(STEPS_BACK))


def main() -> None:
    """Answer until there are no more questions."""
    verify_password(None, "")  # what must be imported is, before it steps back
    step_back()
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
