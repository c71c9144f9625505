"""Numbers that tickets bring, and those that the desk gives: the two never meet."""

import re
from collections.abc import Iterable

from sqlalchemy.orm import Session

from ombud.tickets.actions.bulk import queries

# What the desk might come to. It never counts beyond fifteen digits (the database's function has the same limit).
_COUNTED = re.compile(r"[1-9][0-9]{0,14}")


def keep_free(session: Session, brought: Iterable[str]) -> None:
    """Make the desk give higher numbers than these from now on, this transaction's end or not; a statement at most.

    Before the tickets are written: then nobody is given one of them in between.
    """
    highest = max((int(name) for name in brought if _COUNTED.fullmatch(name)), default=0)
    if highest:
        session.execute(queries.keep_numbers_above(highest))
